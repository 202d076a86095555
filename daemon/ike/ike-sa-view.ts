import type { SaUsage } from '../contracts/kernel.ts';
import type {
  AlgorithmsView,
  ChildSaView,
  IkeSaStateName,
  IkeSaView,
  UsageView,
} from '../contracts/views.ts';
import { SnId, TransformType, transformName } from '../proto/iana/transforms.ts';
import { printIkeSpi } from '../proto/ike-spi.ts';
import type { Proposal } from '../proto/proposal.ts';
import { transformOf } from '../proto/proposal-transforms.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { stateName } from './ike-sa-state.ts';

/** A snapshot of an IKE_SA with these of its CHILD_SAs (all, if not said); counters are those read last. */
export function viewIkeSa(
  sa: IkeSa,
  children: Iterable<ChildSa> = sa.children.values(),
): IkeSaView {
  const now = sa.env.clock.now();
  const { state } = sa;
  const since = 'since' in state ? state.since : undefined;
  return {
    name: sa.tag.name === '' ? '(unnamed)' : sa.tag.name,
    uniqueId: sa.uniqueId,
    state: nameOfState(sa),
    localHost: sa.local.address,
    localPort: sa.local.port,
    localId: sa.printedId('local'),
    remoteHost: sa.remote.address,
    remotePort: sa.remote.port,
    remoteId: sa.printedId('remote'),
    initiator: sa.isInitiator,
    initiatorSpi: printIkeSpi(sa.spiI),
    responderSpi: printIkeSpi(sa.spiR),
    natLocal: sa.nat.local,
    natRemote: sa.nat.remote,
    natFake: sa.nat.fake,
    ifIdIn: sa.interfaceIds?.in ?? 0,
    ifIdOut: sa.interfaceIds?.out ?? 0,
    ...(sa.proposal === undefined ? {} : { algorithms: viewAlgorithms(sa.proposal) }),
    ...(sa.usesPpk && { ppk: true }),
    ...(since === undefined ? {} : { established: seconds(now - since) }),
    ...(sa.rekeyAt === undefined ? {} : { rekeyTime: seconds(sa.rekeyAt - now) }),
    ...(sa.reauthAt === undefined ? {} : { reauthTime: seconds(sa.reauthAt - now) }),
    localVips: sa.configuration.local,
    remoteVips: sa.configuration.remote,
    tasksQueued: sa.tasks.queuedNames,
    tasksActive: sa.tasks.activeNames,
    tasksPassive: sa.responder !== undefined && state.kind === 'connecting' ? ['IKE_AUTH'] : [],
    children: [...children].map((child) => viewChildSa(sa, child)),
  };
}

/** A snapshot of a CHILD_SA; counters are those read last. */
export function viewChildSa(sa: IkeSa, child: ChildSa): ChildSaView {
  const { terms, usage } = child;
  const { perCpu } = child.spec;
  const now = sa.env.clock.now();
  const { markIn, markOut, ifIdIn, ifIdOut } = terms.marks;
  const age = seconds(now - child.installedAt);
  const { softSeconds, hardSeconds } = terms.lifetime;
  return {
    name: child.config.name,
    uniqueId: terms.uniqueId,
    reqid: terms.reqid,
    state: child.state,
    mode: modeName(child),
    installed: {
      protocol: terms.protocol === 51 ? 'AH' : 'ESP',
      encap: terms.encap,
      spiIn: terms.spiIn,
      spiOut: terms.spiOut,
      ...(terms.ipcomp && { cpiIn: terms.ipcomp.cpiIn, cpiOut: terms.ipcomp.cpiOut }),
      ...(markIn === undefined ? {} : { markIn }),
      ...(markOut === undefined ? {} : { markOut }),
      ifIdIn,
      ifIdOut,
      ...(perCpu && { perCpuSas: true }),
      ...(perCpu?.cpu === undefined ? {} : { cpu: perCpu.cpu }),
      algorithms: viewAlgorithms(terms.proposal),
      in: viewUsage(sa, usage.in),
      out: viewUsage(sa, usage.out),
      ...(softSeconds > 0 ? { rekeyTime: softSeconds - age } : {}),
      ...(hardSeconds > 0 ? { lifeTime: hardSeconds - age } : {}),
      installTime: age,
    },
    localTs: terms.localTs,
    remoteTs: terms.remoteTs,
  };
}

function modeName({ config, terms }: ChildSa): string {
  const proxied = terms.mode === 'transport' && config.mode === 'transport_proxy';
  return proxied ? 'TRANSPORT_PROXY' : terms.mode.toUpperCase();
}

function viewUsage(sa: IkeSa, usage: SaUsage | undefined): UsageView {
  if (usage === undefined) return { bytes: 0n, packets: 0n };
  const { bytes, packets, lastUsed } = usage;
  if (lastUsed === undefined) return { bytes, packets };
  return { bytes, packets, use: Math.max(0, seconds(sa.env.clock.wallClock()) - lastUsed) };
}

const ADDITIONAL_KE = [1, 2, 3, 4, 5, 6, 7];

// NONE (0) of integrity has a name that is shown nowhere else; of a key exchange it means that there was none.
function isKeyExchange(type: number): boolean {
  return type === TransformType.KE || type >= TransformType.ADDKE1;
}

function viewAlgorithms(proposal: Proposal): AlgorithmsView {
  const encr = transformOf(proposal, TransformType.ENCR);
  const name = (type: number): string | undefined => {
    const transform = transformOf(proposal, type);
    return transform === undefined || (transform.id === 0 && isKeyExchange(type))
      ? undefined
      : transformName(type, transform.id);
  };
  const [encrAlg, integAlg, prfAlg, dhGroup] = [
    name(TransformType.ENCR),
    name(TransformType.INTEG),
    name(TransformType.PRF),
    name(TransformType.KE),
  ];
  const additionalKe = ADDITIONAL_KE.flatMap((number) => {
    const found = name(TransformType.ADDKE1 + number - 1);
    return found === undefined ? [] : [{ number, name: found }];
  });
  return {
    ...(encrAlg === undefined ? {} : { encrAlg }),
    ...(encr?.keyLength === undefined ? {} : { encrKeysize: encr.keyLength }),
    ...(integAlg === undefined ? {} : { integAlg }),
    ...(prfAlg === undefined ? {} : { prfAlg }),
    ...(dhGroup === undefined ? {} : { dhGroup }),
    ...(additionalKe.length === 0 ? {} : { additionalKe }),
    ...(transformOf(proposal, TransformType.SN)?.id === SnId.EXT_SEQ ? { esn: true } : {}),
  };
}

function seconds(millis: number): number {
  return Math.trunc(millis / 1000);
}

/** An IKE_SA that is being replaced, or was, is established all the same. */
function nameOfState({ state, successor, rekeyOpen, followsUp }: IkeSa): IkeSaStateName {
  if (state.kind !== 'established') return stateName(state);
  if (successor !== undefined) return 'REKEYED';
  return rekeyOpen || followsUp ? 'REKEYING' : stateName(state);
}
