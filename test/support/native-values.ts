import { ipBytes } from '../../daemon/proto/ip-address.ts';
import type { Policy, PolicyTemplate, Sa, Selector } from '../../native/types.ts';
import { ip } from './selectors.ts';

/** Octets of an address given as text. */
export function octets(text: string): Uint8Array {
  return ipBytes(ip(text));
}

/** A selector between two subnets, of any protocol and port unless said. */
export function selector(src: string, dst: string, more: Partial<Selector> = {}): Selector {
  const [srcNet = '', srcPrefix = ''] = src.split('/');
  const [dstNet = '', dstPrefix = ''] = dst.split('/');
  return {
    src: octets(srcNet),
    dst: octets(dstNet),
    srcPrefix: Number(srcPrefix),
    dstPrefix: Number(dstPrefix),
    srcPort: 0,
    srcPortMask: 0,
    dstPort: 0,
    dstPortMask: 0,
    protocol: 0,
    ifindex: 0,
    user: 0,
    ...more,
  };
}

/** An ESP tunnel template between two gateways. */
export function template(src: string, dst: string, reqid: number): PolicyTemplate {
  return {
    src: octets(src),
    dst: octets(dst),
    spi: 0,
    protocol: 50,
    mode: 1,
    reqid,
    optional: false,
    share: 0,
  };
}

/** An allowing policy with one template, or none. */
export function policyOf(
  direction: Policy['direction'],
  between: Selector,
  ...templates: readonly PolicyTemplate[]
): Policy {
  return { direction, selector: between, action: 'allow', priority: 1000, flags: 0, templates };
}

/** An ESP SA with AES-GCM. */
export function espSa(src: string, dst: string, spi: number, more: Partial<Sa> = {}): Sa {
  return {
    src: octets(src),
    dst: octets(dst),
    spi,
    protocol: 50,
    mode: 1,
    reqid: 7,
    replayWindow: 32,
    esn: false,
    flags: 0,
    aead: { name: 'rfc4106(gcm(aes))', key: new Uint8Array(20).fill(0x5a), icvBits: 128 },
    ...more,
  };
}

/** Waits until a condition holds; fails after some seconds. */
export async function until(condition: () => boolean, what: string, seconds = 8): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
