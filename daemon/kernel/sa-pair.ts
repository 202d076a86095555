import type { KernelSa, SaEnds, SaId } from '../contracts/kernel.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';

/** The SAs that receive from the peer. */
export function inboundSas(spec: ChildSaSpec): readonly KernelSa[] {
  return [inboundSa(spec)];
}

/** The SAs that send to the peer. */
export function outboundSas(spec: ChildSaSpec): readonly KernelSa[] {
  return [outboundSa(spec)];
}

/** Addresses and encapsulation of the SAs of one direction. */
export function saEnds(spec: ChildSaSpec, direction: 'in' | 'out'): SaEnds {
  const { local, remote, encap } = spec;
  const [source, destination] = direction === 'in' ? [remote, local] : [local, remote];
  if (encap === undefined) return { source, destination };
  const [sourcePort, destinationPort] =
    direction === 'in' ? [encap.remotePort, encap.localPort] : [encap.localPort, encap.remotePort];
  return { source, destination, encap: { sourcePort, destinationPort } };
}

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
    ...transportSelector(spec, 'in'),
  };
}

/** The SA that sends to the peer. A sender checks no replays; with ESN the kernel wants a window all the same. */
export function outboundSa(spec: ChildSaSpec): KernelSa {
  return {
    ...common(spec),
    ...outboundId(spec),
    direction: 'out',
    replayWindow: spec.esn ? Math.max(1, spec.replayWindow) : 0,
    ...(spec.encryption && { encryption: keyed(spec.encryption, spec.encryption.keyOut) }),
    ...(spec.integrity && { integrity: { id: spec.integrity.id, key: spec.integrity.keyOut } }),
    ...(spec.setMarkOut && { setMark: spec.setMarkOut }),
    ...(spec.tfcPadding !== undefined && { tfcPadding: spec.tfcPadding }),
    ...transportSelector(spec, 'out'),
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
> {
  return {
    reqid: spec.reqid,
    mode: spec.mode,
    lifetime: spec.lifetime,
    esn: spec.esn,
    copyDf: spec.copyDf,
    copyEcn: spec.copyEcn,
    copyDscp: spec.copyDscp,
    ...(spec.hwOffload && { hwOffload: spec.hwOffload }),
    sha256Trunc96: spec.sha256Trunc96,
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

// An SA holds one selector. With several pairs the policies alone say what may pass.
function transportSelector(
  spec: ChildSaSpec,
  direction: 'in' | 'out',
): Pick<KernelSa, 'selector'> | Record<string, never> {
  const [local, remote] = [spec.localTs[0], spec.remoteTs[0]];
  if (spec.mode !== 'transport' || local === undefined || remote === undefined) return {};
  if (spec.localTs.length > 1 || spec.remoteTs.length > 1) return {};
  return {
    selector:
      direction === 'in'
        ? { source: remote, destination: local }
        : { source: local, destination: remote },
  };
}
