import type { SaUsage } from '../contracts/kernel.ts';
import type { ChildSaView, IkeSaStateName, IkeSaView, UsageView } from '../contracts/views.ts';
import { printIkeSpi } from '../proto/ike-spi.ts';
import { viewAlgorithms } from './algorithms-view.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { stateName } from './ike-sa-state.ts';

// Lists are made of thousands of these: each has all of its keys, so that all have one shape, and is made in one go.

/** A snapshot of an IKE_SA with these of its CHILD_SAs (all, if not said); counters are those read last. */
export function viewIkeSa(
  sa: IkeSa,
  children: Iterable<ChildSa> = sa.children.values(),
): IkeSaView {
  const now = sa.env.clock.now();
  const { state, proposal, rekeyAt, reauthAt } = sa;
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
    algorithms: proposal && viewAlgorithms(proposal),
    ppk: sa.usesPpk || undefined,
    established: 'since' in state ? seconds(now - state.since) : undefined,
    rekeyTime: rekeyAt === undefined ? undefined : seconds(rekeyAt - now),
    reauthTime: reauthAt === undefined ? undefined : seconds(reauthAt - now),
    localVips: sa.configuration.local,
    remoteVips: sa.configuration.remote,
    tasksQueued: sa.tasks.queuedNames,
    tasksActive: sa.tasks.activeNames,
    tasksPassive: sa.responder !== undefined && state.kind === 'connecting' ? ANSWERING : [],
    children: Array.from(children, (child) => viewChildSa(sa, child)),
  };
}

const ANSWERING = ['IKE_AUTH'];

/** A snapshot of a CHILD_SA; counters are those read last. */
export function viewChildSa(sa: IkeSa, child: ChildSa): ChildSaView {
  const { terms, usage } = child;
  const { perCpu } = child.spec;
  const { marks, ipcomp, lifetime } = terms;
  const age = seconds(sa.env.clock.now() - child.installedAt);
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
      cpiIn: ipcomp?.cpiIn,
      cpiOut: ipcomp?.cpiOut,
      markIn: marks.markIn,
      markOut: marks.markOut,
      ifIdIn: marks.ifIdIn,
      ifIdOut: marks.ifIdOut,
      perCpuSas: perCpu && true,
      cpu: perCpu?.cpu,
      algorithms: viewAlgorithms(terms.proposal),
      in: viewUsage(sa, usage.in),
      out: viewUsage(sa, usage.out),
      rekeyTime: lifetime.softSeconds > 0 ? lifetime.softSeconds - age : undefined,
      lifeTime: lifetime.hardSeconds > 0 ? lifetime.hardSeconds - age : undefined,
      installTime: age,
    },
    localTs: terms.localTs,
    remoteTs: terms.remoteTs,
  };
}

const MODES = {
  tunnel: 'TUNNEL',
  transport: 'TRANSPORT',
  beet: 'BEET',
  iptfs: 'IPTFS',
} as const;

function modeName({ config, terms }: ChildSa): string {
  const proxied = terms.mode === 'transport' && config.mode === 'transport_proxy';
  return proxied ? 'TRANSPORT_PROXY' : MODES[terms.mode];
}

function viewUsage(sa: IkeSa, usage: SaUsage | undefined): UsageView {
  if (usage === undefined) return UNUSED;
  const { bytes, packets, lastUsed } = usage;
  if (lastUsed === undefined) return { bytes, packets, use: undefined };
  return { bytes, packets, use: Math.max(0, seconds(sa.env.clock.wallClock()) - lastUsed) };
}

const UNUSED: UsageView = { bytes: 0n, packets: 0n, use: undefined };

function seconds(millis: number): number {
  return Math.trunc(millis / 1000);
}

/** An IKE_SA that is being replaced, or was, is established all the same. */
function nameOfState({ state, successor, rekeyOpen, followsUp }: IkeSa): IkeSaStateName {
  if (state.kind !== 'established') return stateName(state);
  if (successor !== undefined) return 'REKEYED';
  return rekeyOpen || followsUp ? 'REKEYING' : stateName(state);
}
