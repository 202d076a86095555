import { type IpAddress, ipBytes, ipFromBytes } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { compareBytes, equalBytes } from '../util/bytes.ts';

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
  const { prefix, portBits } = selectorBits(ts);
  const selector = widened(ts, prefix, portBits);
  return {
    network: ipFromBytes(selector.startAddress),
    prefix,
    protocol: ts.protocol,
    portBits,
    selector,
  };
}

/** {@link selectorShape} without its addresses: how narrow it is. */
export function selectorBits(ts: TrafficSelector): {
  readonly prefix: number;
  readonly portBits: number;
} {
  return {
    prefix: sharedBits(ts.startAddress, ts.endAddress),
    portBits: ts.startPort > ts.endPort ? 0 : sharedPortBits(ts.startPort, ts.endPort),
  };
}

/** {@link selectorShape} as a selector: the same object if the kernel can express it as it is. */
export function widenedSelector(ts: TrafficSelector): TrafficSelector {
  const { prefix, portBits } = selectorBits(ts);
  return widened(ts, prefix, portBits);
}

// Most selectors are a subnet and a block of ports already: those are kept as they are, because there are many.
function widened(ts: TrafficSelector, prefix: number, portBits: number): TrafficSelector {
  const rest = 0xffff >>> portBits;
  const startPort = portBits === 0 ? 0 : ts.startPort & ~rest & 0xffff;
  const endPort = startPort | rest;
  const exact =
    ts.startPort === startPort &&
    ts.endPort === endPort &&
    fills(ts.startAddress, prefix, 0x00) &&
    fills(ts.endAddress, prefix, 0xff);
  if (exact) return ts;
  return {
    family: ts.family,
    protocol: ts.protocol,
    startPort,
    endPort,
    startAddress: maskedTo(ts.startAddress, prefix, 0x00),
    endAddress: maskedTo(ts.startAddress, prefix, 0xff),
  };
}

/** Equal for equal selectors and only for those; for keys of a Map. */
export function selectorKey(ts: TrafficSelector): string {
  const { startAddress, endAddress, protocol, startPort, endPort } = ts;
  // Joined and not concatenated: V8 keeps the parts of a concatenated key for as long as the key.
  return [
    ipFromBytes(startAddress),
    equalBytes(startAddress, endAddress) ? '' : ipFromBytes(endAddress),
    protocol,
    startPort,
    endPort,
  ].join('/');
}

/** Whether the address lies in the selector's range. */
export function selectorHolds(ts: TrafficSelector, address: IpAddress): boolean {
  const bytes = ipBytes(address);
  return (
    bytes.length === ts.startAddress.length &&
    compareBytes(ts.startAddress, bytes) <= 0 &&
    compareBytes(bytes, ts.endAddress) <= 0
  );
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
  return address.map((octet, i) => masked(octet, i, prefix, fill));
}

/** Whether the bits behind the prefix are all zero or all one. */
function fills(address: Uint8Array, prefix: number, fill: 0x00 | 0xff): boolean {
  for (let i = prefix >> 3; i < address.length; i++) {
    const octet = address[i] ?? 0;
    if (octet !== masked(octet, i, prefix, fill)) return false;
  }
  return true;
}

function masked(octet: number, index: number, prefix: number, fill: 0x00 | 0xff): number {
  const bits = Math.max(0, Math.min(8, prefix - index * 8));
  const mask = (0xff00 >>> bits) & 0xff;
  return (octet & mask) | (fill & ~mask & 0xff);
}
