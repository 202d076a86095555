import type { KernelLifetime, KernelSa, SaEnds, SaId } from '../contracts/kernel.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalBytes } from '../util/bytes.ts';
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
  return {
    ...common(spec),
    ...inboundId(spec),
    direction: 'in',
    replayWindow: spec.replayWindow,
    ...(spec.encryption && { encryption: keyed(spec.encryption, spec.encryption.keyIn) }),
    ...(spec.integrity && { integrity: { id: spec.integrity.id, key: spec.integrity.keyIn } }),
    ...(spec.setMarkIn && { setMark: spec.setMarkIn }),
    ...(spec.icmp === true && { icmp: true }),
    ...saSelector(spec, 'in'),
  };
}

/** The SA that sends to the peer; a sender checks no replays. */
export function outboundSa(spec: ChildSaSpec): KernelSa {
  return {
    ...common(spec),
    ...outboundId(spec),
    direction: 'out',
    replayWindow: 0,
    ...(spec.encryption && { encryption: keyed(spec.encryption, spec.encryption.keyOut) }),
    ...(spec.integrity && { integrity: { id: spec.integrity.id, key: spec.integrity.keyOut } }),
    ...(spec.setMarkOut && { setMark: spec.setMarkOut }),
    ...(spec.tfcPadding !== undefined && { tfcPadding: spec.tfcPadding }),
    ...saSelector(spec, 'out'),
  };
}

function inboundId(spec: ChildSaSpec): SaId & SaEnds {
  return {
    ...saEnds(spec, 'in'),
    spi: spec.spiIn,
    protocol: spec.protocol,
    ...(spec.markInSa && spec.markIn && { mark: spec.markIn }),
    ...(spec.ifIdIn !== 0 && { ifId: spec.ifIdIn }),
  };
}

function outboundId(spec: ChildSaSpec): SaId & SaEnds {
  return {
    ...saEnds(spec, 'out'),
    spi: spec.spiOut,
    protocol: spec.protocol,
    ...(spec.markOut && { mark: spec.markOut }),
    ...(spec.ifIdOut !== 0 && { ifId: spec.ifIdOut }),
  };
}

function common(
  spec: ChildSaSpec,
): Pick<
  KernelSa,
  | 'reqid'
  | 'mode'
  | 'lifetime'
  | 'esn'
  | 'copyDf'
  | 'copyEcn'
  | 'copyDscp'
  | 'hwOffload'
  | 'sha256Trunc96'
  | 'iptfs'
  | 'cpu'
> {
  return {
    reqid: spec.reqid,
    mode: spec.ipcomp === undefined ? spec.mode : 'transport',
    lifetime: spec.lifetime,
    esn: spec.esn,
    copyDf: spec.copyDf,
    copyEcn: spec.copyEcn,
    copyDscp: spec.copyDscp,
    ...(spec.hwOffload && { hwOffload: spec.hwOffload }),
    sha256Trunc96: spec.sha256Trunc96,
    ...(spec.iptfs && { iptfs: spec.iptfs }),
    ...(spec.perCpu?.cpu !== undefined && { cpu: spec.perCpu.cpu }),
  };
}

function keyed(
  algorithm: { readonly id: number; readonly keyBits?: number },
  key: Uint8Array,
): NonNullable<KernelSa['encryption']> {
  return {
    id: algorithm.id,
    ...(algorithm.keyBits !== undefined && { keyBits: algorithm.keyBits }),
    key,
  };
}

// An SA holds one selector. In transport mode the policies alone say what may pass where selectors are of several hosts;
// in BEET mode the selector is where the kernel takes the inner addresses from.
function saSelector(
  spec: ChildSaSpec,
  direction: 'in' | 'out',
): Pick<KernelSa, 'selector'> | Record<string, never> {
  if (spec.mode !== 'transport' && spec.mode !== 'beet') return {};
  const local = addressesOf(spec.localTs, spec);
  const remote = addressesOf(spec.remoteTs, spec);
  if (local === undefined || remote === undefined) return {};
  return {
    selector:
      direction === 'in'
        ? { source: remote, destination: local }
        : { source: local, destination: remote },
  };
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
