import type { KernelLifetime, KernelSa, SaEnds } from '../contracts/kernel.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalBytes } from '../util/bytes.ts';
import type { Draft } from '../util/draft.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';

/** The SAs that receive from the peer, the outermost first. */
export function inboundSas(spec: ChildSaSpec): readonly KernelSa[] {
  const { ipcomp } = spec;
  if (ipcomp === undefined) return [inboundSa(spec)];
  return [inboundSa(spec), compression(spec, inboundSa(spec), ipcomp.cpiIn)];
}

/** The SAs that send to the peer, the outermost first. */
export function outboundSas(spec: ChildSaSpec): readonly KernelSa[] {
  const { ipcomp } = spec;
  if (ipcomp === undefined) return [outboundSa(spec)];
  return [outboundSa(spec), compression(spec, outboundSa(spec), ipcomp.cpiOut)];
}

// The IPComp SA makes the tunnel, so the other one protects what is a packet between the gateways already.
function compression(spec: ChildSaSpec, outer: KernelSa, spi: ChildSpi): KernelSa {
  const { source, destination, direction, reqid, mark, ifId, selector } = outer;
  return {
    ...{ source, destination, direction, reqid, spi, protocol: 108, mode: spec.mode },
    ...(mark && { mark }),
    ...(ifId !== undefined && { ifId }),
    ...(selector && { selector }),
    // It lives and dies with the other one.
    lifetime: NO_LIMITS,
    ...{ esn: false, replayWindow: 0, copyDf: false, copyEcn: false, copyDscp: 'out' },
  };
}

const NO_LIMITS: KernelLifetime = {
  softSeconds: 0,
  hardSeconds: 0,
  softBytes: 0n,
  hardBytes: 0n,
  softPackets: 0n,
  hardPackets: 0n,
};

/** Addresses and encapsulation of the SAs of one direction. */
export function saEnds(spec: ChildSaSpec, direction: 'in' | 'out'): SaEnds {
  const { local, remote, encap } = spec;
  const [source, destination] = direction === 'in' ? [remote, local] : [local, remote];
  if (encap === undefined) return { source, destination };
  const { sendPort } = spec;
  const [sourcePort, destinationPort] =
    direction === 'in'
      ? [sendPort === undefined ? encap.remotePort : ANY_PORT, encap.localPort]
      : [sendPort ?? encap.localPort, encap.remotePort];
  return { source, destination, encap: { sourcePort, destinationPort } };
}

/** Of what may come from anywhere. */
const ANY_PORT = 0;

/** The SA that receives from the peer. */
export function inboundSa(spec: ChildSaSpec): KernelSa {
  const sa = plainSa(spec, 'in', spec.spiIn, spec.replayWindow);
  const { encryption, integrity } = spec;
  if (spec.markInSa && spec.markIn) sa.mark = spec.markIn;
  if (spec.ifIdIn !== 0) sa.ifId = spec.ifIdIn;
  if (encryption !== undefined) sa.encryption = keyed(encryption, encryption.keyIn);
  if (integrity !== undefined) sa.integrity = { id: integrity.id, key: integrity.keyIn };
  if (spec.setMarkIn !== undefined) sa.setMark = spec.setMarkIn;
  if (spec.icmp === true) sa.icmp = true;
  return sa;
}

/** The SA that sends to the peer; a sender checks no replays. */
export function outboundSa(spec: ChildSaSpec): KernelSa {
  const sa = plainSa(spec, 'out', spec.spiOut, 0);
  const { encryption, integrity } = spec;
  if (spec.markOut !== undefined) sa.mark = spec.markOut;
  if (spec.ifIdOut !== 0) sa.ifId = spec.ifIdOut;
  if (encryption !== undefined) sa.encryption = keyed(encryption, encryption.keyOut);
  if (integrity !== undefined) sa.integrity = { id: integrity.id, key: integrity.keyOut };
  if (spec.setMarkOut !== undefined) sa.setMark = spec.setMarkOut;
  if (spec.tfcPadding !== undefined) sa.tfcPadding = spec.tfcPadding;
  return sa;
}

/** What both directions have, without keys and marks. */
function plainSa(
  spec: ChildSaSpec,
  direction: 'in' | 'out',
  spi: ChildSpi,
  replayWindow: number,
): Draft<KernelSa> {
  const { source, destination, encap } = saEnds(spec, direction);
  const sa: Draft<KernelSa> = {
    source,
    destination,
    spi,
    protocol: spec.protocol,
    direction,
    reqid: spec.reqid,
    mode: spec.ipcomp === undefined ? spec.mode : 'transport',
    lifetime: spec.lifetime,
    esn: spec.esn,
    replayWindow,
    copyDf: spec.copyDf,
    copyEcn: spec.copyEcn,
    copyDscp: spec.copyDscp,
    sha256Trunc96: spec.sha256Trunc96,
  };
  if (encap !== undefined) sa.encap = encap;
  if (spec.hwOffload !== undefined) sa.hwOffload = spec.hwOffload;
  if (spec.iptfs !== undefined) sa.iptfs = spec.iptfs;
  if (spec.perCpu?.cpu !== undefined) sa.cpu = spec.perCpu.cpu;
  const selector = saSelector(spec, direction);
  if (selector !== undefined) sa.selector = selector;
  return sa;
}

function keyed(
  { id, keyBits }: { readonly id: number; readonly keyBits?: number },
  key: Uint8Array,
): NonNullable<KernelSa['encryption']> {
  return keyBits === undefined ? { id, key } : { id, keyBits, key };
}

// An SA holds one selector. In transport mode the policies alone say what may pass where selectors are of several hosts;
// in BEET mode the selector is where the kernel takes the inner addresses from.
function saSelector(spec: ChildSaSpec, direction: 'in' | 'out'): KernelSa['selector'] {
  if (spec.mode !== 'transport' && spec.mode !== 'beet') return undefined;
  const local = addressesOf(spec.localTs, spec);
  const remote = addressesOf(spec.remoteTs, spec);
  if (local === undefined || remote === undefined) return undefined;
  return direction === 'in'
    ? { source: remote, destination: local }
    : { source: local, destination: remote };
}

/** The one selector that holds all of a side: the only one, or the host that all of them name. */
function addressesOf(
  selectors: readonly TrafficSelector[],
  { mode, portsInSelector }: ChildSaSpec,
): TrafficSelector | undefined {
  const [first, ...others] = selectors;
  if (first === undefined) return undefined;
  const whole = portsInSelector === true && mode === 'transport';
  if (others.length === 0 && whole) return first;
  const { startAddress, endAddress } = first;
  const sameAddresses = others.every(
    (other) =>
      equalBytes(other.startAddress, startAddress) && equalBytes(other.endAddress, endAddress),
  );
  return sameAddresses ? { ...first, protocol: 0, startPort: 0, endPort: 0xffff } : undefined;
}
