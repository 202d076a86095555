import type { Mark, SaMode, SaProtocol } from '../../daemon/contracts/kernel.ts';
import { type IpAddress, ipFromBytes } from '../../daemon/proto/ip-address.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';
import { type Selector, XfrmMode } from '../../native/index.ts';

const ICMP: readonly number[] = [1, 58];

const modes: Readonly<Record<SaMode, number>> = {
  transport: XfrmMode.TRANSPORT,
  tunnel: XfrmMode.TUNNEL,
  beet: XfrmMode.BEET,
  iptfs: XfrmMode.IPTFS,
};

export function modeNumber(mode: SaMode): number {
  return modes[mode];
}

/** The mode of a number, `undefined` for modes that IPsec does not use. */
export function modeOf(number: number): SaMode | undefined {
  return (Object.keys(modes) as SaMode[]).find((mode) => modes[mode] === number);
}

/** The protocol of a number, `undefined` for other users of XFRM. */
export function protocolOf(number: number): SaProtocol | undefined {
  return number === 50 || number === 51 || number === 108 ? number : undefined;
}

/** Mark and interface id as the contract has them: absent when the kernel says zero. */
export function lookup(id: { readonly mark?: Mark; readonly ifId?: number }): {
  readonly mark?: Mark;
  readonly ifId?: number;
} {
  return {
    ...(id.mark !== undefined && id.mark.mask !== 0 && { mark: id.mark }),
    ...(id.ifId !== undefined && id.ifId !== 0 && { ifId: id.ifId }),
  };
}

/** A pair of selectors, each one subnet and one power-of-two block of ports, in the kernel's form. */
export function selectorFor(
  source: TrafficSelector,
  destination: TrafficSelector,
  ifindex = 0,
): Selector {
  return {
    src: source.startAddress,
    dst: destination.startAddress,
    srcPrefix: sharedBits(source.startAddress, source.endAddress),
    dstPrefix: sharedBits(destination.startAddress, destination.endAddress),
    ...portsFor(source, destination),
    protocol: source.protocol || destination.protocol,
    ifindex,
    user: 0,
  };
}

/** The two traffic selectors of a selector of the kernel. */
export function selectorsOf(selector: Selector): {
  readonly source: TrafficSelector;
  readonly destination: TrafficSelector;
} {
  const { protocol } = selector;
  let src = { port: selector.srcPort, mask: selector.srcPortMask };
  let dst = { port: selector.dstPort, mask: selector.dstPortMask };
  if (ICMP.includes(protocol)) {
    // Type and code, each in a field of its own, are one port of the traffic selector.
    src = {
      port: ((src.port & 0xff) << 8) | (dst.port & 0xff),
      mask: ((src.mask & 0xff) << 8) | (dst.mask & 0xff),
    };
    dst = { port: 0, mask: 0 };
  }
  return {
    source: trafficSelector(selector.src, selector.srcPrefix, protocol, src),
    destination: trafficSelector(selector.dst, selector.dstPrefix, protocol, dst),
  };
}

/** The contract's address of octets from the kernel. */
export function address(octets: Uint8Array): IpAddress {
  return ipFromBytes(octets);
}

function portsFor(
  source: TrafficSelector,
  destination: TrafficSelector,
): Pick<Selector, 'srcPort' | 'srcPortMask' | 'dstPort' | 'dstPortMask'> {
  const src = portMask(source);
  const dst = portMask(destination);
  if (ICMP.includes(source.protocol || destination.protocol)) {
    const { port, mask } = src.mask === 0 ? dst : src;
    // The kernel matches the ICMP type as source port and the code as destination port.
    return {
      srcPort: port >>> 8,
      srcPortMask: mask >>> 8 === 0xff ? 0xffff : 0,
      dstPort: mask === 0xffff ? port & 0xff : 0,
      dstPortMask: mask === 0xffff ? 0xffff : 0,
    };
  }
  return { srcPort: src.port, srcPortMask: src.mask, dstPort: dst.port, dstPortMask: dst.mask };
}

function portMask(ts: TrafficSelector): { readonly port: number; readonly mask: number } {
  if (ts.startPort > ts.endPort) return { port: 0, mask: 0 };
  const bits = Math.clz32(ts.startPort ^ ts.endPort) - 16;
  const mask = (0xffff << (16 - bits)) & 0xffff;
  return { port: ts.startPort & mask, mask };
}

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return a.length * 8;
}

function trafficSelector(
  network: Uint8Array,
  prefix: number,
  protocol: number,
  ports: { readonly port: number; readonly mask: number },
): TrafficSelector {
  const startPort = ports.port & ports.mask;
  const fill = (bits: 0x00 | 0xff): Uint8Array =>
    Uint8Array.from(network, (octet, i) => {
      const mask = (0xff00 >>> Math.max(0, Math.min(8, prefix - i * 8))) & 0xff;
      return (octet & mask) | (bits & ~mask & 0xff);
    });
  return {
    family: network.length === 4 ? 4 : 6,
    protocol,
    startPort,
    endPort: startPort | (~ports.mask & 0xffff),
    startAddress: fill(0x00),
    endAddress: fill(0xff),
  };
}
