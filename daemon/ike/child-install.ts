import type { ChildConfig, LifetimeRange } from '../config/connection-types.ts';
import type { DaemonOptions } from '../config/options.ts';
import {
  type IptfsSettings,
  KernelError,
  type KernelLifetime,
  type SaMode,
} from '../contracts/kernel.ts';
import type { KeyLog } from '../contracts/key-log.ts';
import type { Random } from '../contracts/random.ts';
import { childKeyLengths } from '../crypto/key-lengths.ts';
import { type ChildKeys, type DirectionKeys, deriveChildKeys } from '../crypto/keymat.ts';
import type { ChildSaSpec } from '../kernel/child-sa-spec.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { SnId, TransformType } from '../proto/iana/transforms.ts';
import type { Proposal } from '../proto/proposal.ts';
import { transformOf } from '../proto/proposal-transforms.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalSelectors } from '../proto/traffic-selector-math.ts';
import type { Awaitable } from '../util/awaitable.ts';
import type { Draft } from '../util/draft.ts';
import { InternalError } from '../util/error.ts';
import { hex32 } from '../util/hex.ts';
import { run, settled, type Waits } from '../util/waits.ts';
import { alert, announceChildUp } from './announce.ts';
import type { ChildFeatures } from './child-features.ts';
import { type ChildMarks, chooseMarks, marksOf, setMarks } from './child-marks.ts';
import { ChildSa, type ChildSaTerms } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { needsEncapsulation } from './nat-detection.ts';
import { type PerCpu, portOfItsOwn } from './per-cpu.ts';
import { configuredSelectors, localHosts, printSelectors, remoteHosts } from './selectors.ts';

/** What both sides agreed to besides algorithms and selectors. */
export interface AgreedFeatures {
  readonly mode: SaMode;
  readonly ipcomp?: ChildSaSpec['ipcomp'] & {};
  /** What the peer said of itself. */
  readonly peer: ChildFeatures;
  /** It is one of several, RFC 9611. One that replaces another is what that was. */
  readonly perCpu?: PerCpu;
}

/** What the negotiation of a CHILD_SA arrived at, from our point of view. */
export interface ChildAgreement extends AgreedFeatures {
  readonly uniqueId: number;
  readonly child: ChildConfig;
  readonly proposal: Proposal;
  readonly spiIn: ChildSpi;
  readonly spiOut: ChildSpi;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  /** We sent the request of this exchange. */
  readonly byUs: boolean;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** Shared secret of a key exchange of its own (PFS), if one was done. */
  readonly secret: Uint8Array | undefined;
  /** Secrets of additional key exchanges, RFC 9370. */
  readonly additional?: readonly Uint8Array[];
  /** The CHILD_SA it replaces: reqid and marks stay those, and nobody is told of a CHILD_SA that came up. */
  readonly replaces?: ChildSa;
  /** With `false` it only receives until {@link ChildSa.installOutbound}. */
  readonly outbound?: boolean;
}

/**
 * Derives the keys of a CHILD_SA (RFC 7296 section 2.17), installs it and makes it known. Keys are wiped once the
 * kernel has them. Fails with {@link KernelError} and leaves nothing behind if the kernel refuses. At once if the kernel
 * answers at once.
 */
export function installChild(sa: IkeSa, agreement: ChildAgreement): Awaitable<ChildSa> {
  return run(install(sa, agreement));
}

function* install(sa: IkeSa, agreement: ChildAgreement): Waits<ChildSa> {
  const { env, prf, keys, log } = sa;
  if (prf === undefined || keys === undefined)
    throw new InternalError('CHILD_SA before there are keys');
  const { proposal, ni, nr, secret, additional, replaces, outbound = true } = agreement;
  const marks = replaces?.terms.marks ?? chooseMarks(agreement.child, sa, agreement.byUs);
  const { localTs, remoteTs } = agreement;
  const reqid =
    replaces === undefined
      ? env.installer.acquireReqid({ ...marks, localTs, remoteTs, fixed: agreement.child.reqid })
      : env.installer.retainReqid(replaces.terms.reqid);
  const lengths = childKeyLengths(proposal);
  const childKeys = deriveChildKeys(prf, keys.skD, ni, nr, secret, lengths, additional);
  try {
    const spec = buildSpec(sa, agreement, reqid, marks, childKeys);
    if (env.keyLog !== undefined) giveAway(env.keyLog, spec);
    const options = { outbound, replaces: replaces?.installed };
    const kernel = yield* settled(env.installer.install(spec, options));
    const child = new ChildSa(sa, termsOf(agreement, spec, proposal), kernel, {
      keys: outbound ? undefined : childKeys,
      up: replaces === undefined,
    });
    sa.children.set(agreement.uniqueId, child);
    env.registry.childInstalled(sa, child);
    log.log(
      'chd',
      0,
      `CHILD_SA ${child.label} established with SPIs ${hex32(spec.spiIn)}_i ${hex32(spec.spiOut)}_o ` +
        `and TS ${printSelectors(localTs, remoteTs)}`,
    );
    if (outbound) childKeys[Symbol.dispose]();
    if (replaces === undefined) {
      if (isNarrowed(sa, agreement)) alert(env, 'ts-narrowed', sa);
      announceChildUp(sa, child);
    }
    return child;
  } catch (error) {
    childKeys[Symbol.dispose]();
    env.installer.releaseReqid(reqid);
    if (error instanceof KernelError) {
      log.log('chd', 1, `unable to install IPsec SAs in kernel: ${error.message}`);
      const policies = /polic/i.test(error.operation);
      alert(env, policies ? 'install-child-policy-failed' : 'install-child-sa-failed', sa);
    }
    throw error;
  }
}

function giveAway(keyLog: KeyLog, spec: ChildSaSpec): void {
  const { local, remote, encryption, integrity } = spec;
  if (encryption === undefined) return;
  for (const out of [false, true]) {
    keyLog.esp({
      source: out ? local : remote,
      destination: out ? remote : local,
      spi: out ? spec.spiOut : spec.spiIn,
      encryption: { id: encryption.id, key: out ? encryption.keyOut : encryption.keyIn },
      integrity: integrity && { id: integrity.id, key: out ? integrity.keyOut : integrity.keyIn },
    });
  }
}

// Less than our configuration asks for, whichever side saw to it.
function isNarrowed(sa: IkeSa, { child, localTs, remoteTs }: ChildAgreement): boolean {
  if (!sa.env.watched()) return false;
  const configured = configuredSelectors(child, localHosts(sa), remoteHosts(sa));
  return !equalSelectors(localTs, configured.local) || !equalSelectors(remoteTs, configured.remote);
}

/** The terms of a CHILD_SA, as its specification has them. */
export function termsOf(
  agreement: Pick<ChildAgreement, 'uniqueId' | 'child'>,
  spec: ChildSaSpec,
  proposal: Proposal,
): ChildSaTerms {
  const terms: Draft<ChildSaTerms> = {
    uniqueId: agreement.uniqueId,
    config: agreement.child,
    reqid: spec.reqid,
    protocol: spec.protocol,
    mode: spec.mode,
    proposal,
    spiIn: spec.spiIn,
    spiOut: spec.spiOut,
    localTs: spec.localTs,
    remoteTs: spec.remoteTs,
    encap: spec.encap !== undefined,
    lifetime: spec.lifetime,
    marks: marksOf(spec),
  };
  if (spec.ipcomp !== undefined) terms.ipcomp = spec.ipcomp;
  return terms;
}

function buildSpec(
  sa: IkeSa,
  agreement: ChildAgreement,
  reqid: number,
  marks: ChildMarks,
  keys: ChildKeys,
): ChildSaSpec {
  const { child, proposal, mode, byUs, ipcomp } = agreement;
  const { initiator, responder } = keys;
  const options = sa.env.options();
  const spec: Draft<ChildSaSpec> = {
    protocol: proposal.protocol === ProtocolId.AH ? 51 : 50,
    mode,
    reqid,
    local: sa.local.address,
    remote: sa.remote.address,
    spiIn: agreement.spiIn,
    spiOut: agreement.spiOut,
    esn: transformOf(proposal, TransformType.SN)?.id === SnId.EXT_SEQ,
    replayWindow: child.replayWindow ?? options.replay_window,
    lifetime: kernelLifetime(child, sa.env.random),
    localTs: agreement.localTs,
    remoteTs: agreement.remoteTs,
    markInSa: child.markInSa,
    ifIdIn: marks.ifIdIn,
    ifIdOut: marks.ifIdOut,
    priority: child.priority,
    policies: child.policies,
    policiesFwdOut: child.policiesFwdOut,
    copyDf: child.copyDf,
    copyEcn: child.copyEcn,
    copyDscp: child.copyDscp,
    sha256Trunc96: child.sha256Trunc96,
    portsInSelector: options['plugins.kernel-netlink.set_proto_port_transport_sa'],
  };
  Object.assign(
    spec,
    algorithms(proposal, byUs ? responder : initiator, byUs ? initiator : responder),
  );
  if (needsEncapsulation(sa)) {
    spec.encap = { localPort: sa.local.port, remotePort: sa.remote.port };
  }
  if (ipcomp !== undefined) spec.ipcomp = ipcomp;
  if (mode === 'iptfs') spec.iptfs = iptfsSettings(options, agreement.peer);
  if (marks.markIn !== undefined) spec.markIn = marks.markIn;
  if (marks.markOut !== undefined) spec.markOut = marks.markOut;
  const { setMarkIn, setMarkOut } = setMarks(child, marks);
  if (setMarkIn !== undefined) spec.setMarkIn = setMarkIn;
  if (setMarkOut !== undefined) spec.setMarkOut = setMarkOut;
  if (child.interface !== undefined) spec.interface = child.interface;
  const tfcPadding = padding(sa, agreement);
  if (tfcPadding > 0) spec.tfcPadding = tfcPadding;
  if (child.hwOffload !== 'no') spec.hwOffload = child.hwOffload;
  if (child.icmp) spec.icmp = true;
  const perCpu = agreement.replaces?.spec.perCpu ?? agreement.perCpu;
  if (perCpu === undefined) return spec;
  spec.perCpu = perCpu;
  if (child.perCpuSas === 'encap') spec.sendPort = portOfItsOwn(sa.env.random);
  return spec;
}

/** More than any packet: the kernel stops at the path MTU. */
const TO_THE_MTU = 0xffff;

function padding(sa: IkeSa, { child, peer }: ChildAgreement): number {
  const wanted = child.tfcPadding === 'mtu' ? TO_THE_MTU : child.tfcPadding;
  if (wanted === 0 || peer.noPadding !== true) return wanted;
  sa.log.log(
    'ike',
    1,
    'received ESP_TFC_PADDING_NOT_SUPPORTED notify, not using ESPv3 TFC padding',
  );
  return 0;
}

function iptfsSettings(options: DaemonOptions, peer: ChildFeatures): IptfsSettings {
  return {
    dropTimeMicros: options['iptfs.drop_time'],
    reorderWindow: options['iptfs.reorder_window'],
    dontFragment: options['iptfs.dont_frag'] || peer.wholePackets === true,
    initDelayMicros: options['iptfs.init_delay'],
    maxQueueOctets: options['iptfs.max_queue_size'],
    packetOctets: options['iptfs.packet_size'],
  };
}

/** The keys of both directions as the kernel's installer takes them. */
export function algorithms(
  proposal: Proposal,
  into: DirectionKeys,
  out: DirectionKeys,
): Pick<ChildSaSpec, 'encryption' | 'integrity'> {
  const encr = transformOf(proposal, TransformType.ENCR);
  const integ = transformOf(proposal, TransformType.INTEG);
  const found: Draft<Pick<ChildSaSpec, 'encryption' | 'integrity'>> = {};
  if (encr !== undefined) {
    const { id, keyLength } = encr;
    const [keyIn, keyOut] = [into.encryption.bytes, out.encryption.bytes];
    found.encryption =
      keyLength === undefined ? { id, keyIn, keyOut } : { id, keyBits: keyLength, keyIn, keyOut };
  }
  if (integ !== undefined && integ.id !== 0 && into.integrity.length > 0) {
    const [keyIn, keyOut] = [into.integrity.bytes, out.integrity.bytes];
    found.integrity = { id: integ.id, keyIn, keyOut };
  }
  return found;
}

/** Limits for the kernel: the soft ones less their random share, so that two sides do not rekey at one moment. */
export function kernelLifetime(child: ChildConfig, random: Random): KernelLifetime {
  return {
    softSeconds: soft(child.time, random),
    hardSeconds: child.time.life,
    softBytes: count(soft(child.bytes, random)),
    hardBytes: count(child.bytes.life),
    softPackets: count(soft(child.packets, random)),
    hardPackets: count(child.packets.life),
  };
}

function soft(range: LifetimeRange, random: Random): number {
  return range.rekey === 0 ? 0 : Math.max(1, range.rekey - share(range.rand, random));
}

// Most have no limit: they share the one zero.
function count(limit: number): bigint {
  return limit === 0 ? 0n : BigInt(Math.trunc(limit));
}

// A share above 2^32 is drawn in steps of a 2^32nd of it.
function share(bound: number, random: Random): number {
  if (bound <= 0) return 0;
  const STEPS = 2 ** 32;
  return bound <= STEPS
    ? random.below(Math.max(1, Math.trunc(bound)))
    : Math.trunc((random.below(STEPS) / STEPS) * bound);
}
