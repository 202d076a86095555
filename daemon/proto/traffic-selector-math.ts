import { compareBytes, equalBytes } from '../util/bytes.ts';
import { type IpAddress, ipBytes } from './ip-address.ts';
import type { TrafficSelector } from './traffic-selector.ts';

/** Last port of a selector that takes every port. */
export const ANY_PORT_END = 65535;

/** Protocol and ports of a selector: 0..65535 any, 65535..0 OPAQUE. */
export interface Upper {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

/** Every protocol, every port. */
export const ANY_UPPER: Upper = { protocol: 0, startPort: 0, endPort: ANY_PORT_END };

/** The selector of a network: host bits of the address are cleared. `prefix` within 0..32 or 0..128. */
export function selectorOfPrefix(
  address: IpAddress,
  prefix: number,
  upper: Upper = ANY_UPPER,
): TrafficSelector {
  const startAddress = ipBytes(address);
  const endAddress = startAddress.slice();
  for (let i = 0; i < startAddress.length; i++) {
    const hostBits = 0xff >> Math.min(8, Math.max(0, prefix - i * 8));
    startAddress[i] = (startAddress[i] ?? 0) & ~hostBits;
    endAddress[i] = (endAddress[i] ?? 0) | hostBits;
  }
  const { protocol, startPort, endPort } = upper;
  const family = startAddress.length === 4 ? 4 : 6;
  return { family, protocol, startPort, endPort, startAddress, endAddress };
}

/** OPAQUE: ports that nobody can see, as in later fragments (RFC 7296 section 3.13.1). */
export function isOpaque({ startPort, endPort }: Upper): boolean {
  return startPort === ANY_PORT_END && endPort === 0;
}

/** One address only; if one is given, that address. */
export function isHost(selector: TrafficSelector, address?: IpAddress): boolean {
  const { startAddress, endAddress } = selector;
  if (!equalBytes(startAddress, endAddress)) return false;
  return address === undefined || equalBytes(startAddress, ipBytes(address));
}

export function equalSelector(a: TrafficSelector, b: TrafficSelector): boolean {
  return (
    a.protocol === b.protocol &&
    a.startPort === b.startPort &&
    a.endPort === b.endPort &&
    equalBytes(a.startAddress, b.startAddress) &&
    equalBytes(a.endAddress, b.endAddress)
  );
}

/** Equality of two lists, whatever their order. */
export function equalSelectors(
  a: readonly TrafficSelector[],
  b: readonly TrafficSelector[],
): boolean {
  const within = (some: readonly TrafficSelector[], all: readonly TrafficSelector[]): boolean =>
    some.every((one) => all.some((other) => equalSelector(one, other)));
  return a.length === b.length && within(a, b) && within(b, a);
}

/** Whether every packet that `inner` takes is taken by `outer` too. */
export function isSubset(inner: TrafficSelector, outer: TrafficSelector): boolean {
  const common = intersect(inner, outer);
  return common !== undefined && equalSelector(common, inner);
}

/** What both take, or `undefined` if nothing. A range whose start is behind its end takes nothing. */
export function intersect(a: TrafficSelector, b: TrafficSelector): TrafficSelector | undefined {
  if (a.family !== b.family) return undefined;
  if (a.protocol !== b.protocol && a.protocol !== 0 && b.protocol !== 0) return undefined;
  const ports = commonPorts(a, b);
  if (ports === undefined) return undefined;
  const startAddress =
    compareBytes(a.startAddress, b.startAddress) >= 0 ? a.startAddress : b.startAddress;
  const endAddress = compareBytes(a.endAddress, b.endAddress) <= 0 ? a.endAddress : b.endAddress;
  if (compareBytes(startAddress, endAddress) > 0) return undefined;
  const [startPort, endPort] = ports;
  const protocol = a.protocol === 0 ? b.protocol : a.protocol;
  return { family: a.family, protocol, startPort, endPort, startAddress, endAddress };
}

// As many as a TS payload can carry; also the bound of the work a peer can cause with overlapping selectors.
const MAX_SELECTORS = 255;

/**
 * Proposed selectors narrowed to what is configured (RFC 7296 section 2.9): all common parts without those that
 * lie within another, in configured order; empty if nothing is common. Never wider than either side.
 */
export function narrow(
  configured: readonly TrafficSelector[],
  proposed: readonly TrafficSelector[],
): readonly TrafficSelector[] {
  let kept: TrafficSelector[] = [];
  for (const ours of configured) {
    for (const theirs of proposed) {
      const common = intersect(ours, theirs);
      if (common === undefined || kept.some((other) => isSubset(common, other))) continue;
      kept = kept.filter((other) => !isSubset(other, common));
      kept.push(common);
      if (kept.length === MAX_SELECTORS) return kept;
    }
  }
  // Without the room to spare of an array that grew: a CHILD_SA keeps it.
  return kept.slice();
}

/** Length of the longest prefix that start and end share: that of the network if the range is one. */
export function prefixLength({ startAddress, endAddress }: TrafficSelector): number {
  for (let i = 0; i < startAddress.length; i++) {
    const difference = (startAddress[i] ?? 0) ^ (endAddress[i] ?? 0);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return startAddress.length * 8;
}

/** A network: first address and prefix length. */
export interface Subnet {
  readonly address: Uint8Array;
  readonly prefix: number;
}

/** The smallest network around the selector's addresses, and whether it is exactly them. */
export function toSubnet(selector: TrafficSelector): Subnet & { readonly exact: boolean } {
  const prefix = prefixLength(selector);
  const address = selector.startAddress.slice();
  let exact = true;
  for (let i = 0; i < address.length; i++) {
    const hostBits = 0xff >> Math.min(8, Math.max(0, prefix - i * 8));
    const start = selector.startAddress[i] ?? 0;
    address[i] = start & ~hostBits;
    if ((start & hostBits) !== 0 || ((selector.endAddress[i] ?? 0) & hostBits) !== hostBits)
      exact = false;
  }
  return { address, prefix, exact };
}

/** Ports as the kernel takes them: those with `port & mask` in common. */
export interface PortMask {
  readonly port: number;
  readonly mask: number;
  /** Bits set in the mask: 16 for a single port, 0 for any. */
  readonly bits: number;
}

/**
 * The smallest masked port around the selector's ports (5000-6000 becomes 4096 with 5 bits). OPAQUE becomes port
 * 0 exactly, which is what the kernel sees where there are no ports to see.
 */
export function portMask(upper: Upper): PortMask {
  if (isOpaque(upper)) return { port: 0, mask: 0xffff, bits: 16 };
  const bits = Math.min(16, Math.max(0, Math.clz32(upper.startPort ^ upper.endPort) - 16));
  const mask = (0xffff << (16 - bits)) & 0xffff;
  return { port: upper.startPort & mask, mask, bits };
}

function commonPorts(a: Upper, b: Upper): readonly [number, number] | undefined {
  if (isOpaque(a) || isOpaque(b)) {
    const hidden = (upper: Upper): boolean => isOpaque(upper) || isAnyPort(upper);
    return hidden(a) && hidden(b) ? [ANY_PORT_END, 0] : undefined;
  }
  const start = Math.max(a.startPort, b.startPort);
  const end = Math.min(a.endPort, b.endPort);
  return start <= end ? [start, end] : undefined;
}

function isAnyPort({ startPort, endPort }: Upper): boolean {
  return startPort === 0 && endPort === ANY_PORT_END;
}
