import { type IpAddress, ipBytes, ipFromBytes } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { toHex } from '../util/hex.ts';

/** A selector as XFRM can express it: one subnet and one masked port. */
export interface SelectorShape {
  /** First address of the subnet. */
  readonly network: IpAddress;
  readonly prefix: number;
  readonly protocol: number;
  /** Leading bits of the port that must match, 0..16. */
  readonly portBits: number;
  /** The widened selector: exactly the subnet and the port block. */
  readonly selector: TrafficSelector;
}

/**
 * Widens a selector to the smallest subnet and the smallest power-of-two block of ports that hold it: the kernel
 * knows no ranges. OPAQUE ports (RFC 7296 section 3.13.1) become any.
 */
export function selectorShape(ts: TrafficSelector): SelectorShape {
  const prefix = sharedBits(ts.startAddress, ts.endAddress);
  const startAddress = maskedTo(ts.startAddress, prefix, 0x00);
  const endAddress = maskedTo(ts.startAddress, prefix, 0xff);
  const portBits = ts.startPort > ts.endPort ? 0 : sharedPortBits(ts.startPort, ts.endPort);
  const rest = 0xffff >>> portBits;
  const startPort = portBits === 0 ? 0 : ts.startPort & ~rest & 0xffff;
  return {
    network: ipFromBytes(startAddress),
    prefix,
    protocol: ts.protocol,
    portBits,
    selector: {
      family: ts.family,
      protocol: ts.protocol,
      startPort,
      endPort: startPort | rest,
      startAddress,
      endAddress,
    },
  };
}

/** Equal for equal selectors and only for those; for keys of a Map. */
export function selectorKey(ts: TrafficSelector): string {
  return `${toHex(ts.startAddress)}-${toHex(ts.endAddress)}/${ts.protocol}/${ts.startPort}-${ts.endPort}`;
}

/** Whether the address lies in the selector's range. */
export function selectorHolds(ts: TrafficSelector, address: IpAddress): boolean {
  const bytes = ipBytes(address);
  if (bytes.length !== ts.startAddress.length) return false;
  const text = toHex(bytes);
  return toHex(ts.startAddress) <= text && text <= toHex(ts.endAddress);
}

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return a.length * 8;
}

function sharedPortBits(start: number, end: number): number {
  return Math.min(16, Math.clz32(start ^ end) - 16);
}

/** The first `prefix` bits of `address`, the others all zero or all one. */
function maskedTo(address: Uint8Array, prefix: number, fill: 0x00 | 0xff): Uint8Array {
  return address.map((octet, i) => {
    const bits = Math.max(0, Math.min(8, prefix - i * 8));
    const mask = (0xff00 >>> bits) & 0xff;
    return (octet & mask) | (fill & ~mask & 0xff);
  });
}
