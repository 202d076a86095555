import type {
  ChildConfig,
  ConnectionConfig,
  IfIdConfig,
  MarkConfig,
} from '../config/connection-types.ts';
import type { Mark, SaMode } from '../contracts/kernel.ts';
import type { ReqidKey } from '../kernel/reqids.ts';
import type { ShuntSpec } from '../kernel/shunt-policies.ts';
import type { TrapSpec } from '../kernel/trap-policies.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { familyOf, type IpAddress, isUnspecified, unspecified } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { narrow, selectorOfPrefix } from '../proto/traffic-selector-math.ts';
import { resolveSelector, type SelectorConfig } from '../proto/traffic-selector-text.ts';
import type { ChildMarks } from './child-marks.ts';
import type { IkeEnvironment } from './environment.ts';
import { EstablishError } from './errors.ts';
import { firstAddress } from './tasks/connect.ts';

/** A trap before it has a reqid: what it is made of, and what its reqid is found by. */
export interface TrapPlan {
  readonly spec: Omit<TrapSpec, 'reqid'>;
  readonly reqidKey: ReqidKey;
  /** Any peer: who it is follows from the packet. */
  readonly wildcard: boolean;
}

/**
 * Finds the ends of a trap and resolves its selectors. Throws {@link EstablishError} if a tunnel has no peer. A peer
 * whose name cannot be resolved now, or to whom there is no route, is no reason to let the traffic out: the trap then holds it
 * until there is.
 */
export async function planTrap(
  env: Pick<IkeEnvironment, 'resolve' | 'sourceAddress' | 'log'>,
  connection: ConnectionConfig,
  child: ChildConfig,
  marks: ChildMarks,
): Promise<TrapPlan> {
  const { remoteAddrs, localAddrs } = connection;
  const mode = trapMode(child);
  const who = { env, log: env.log };
  const known = await firstAddress(who, remoteAddrs);
  const wildcard = known === undefined && !remoteAddrs.some(({ kind }) => kind === 'name');
  if (wildcard && mode !== 'transport') {
    throw new EstablishError('remote address unknown (only transport mode does without)');
  }
  const family = known === undefined ? familyFor(connection) : familyOf(known);
  const remote = known ?? unspecified(family);
  const configured = await firstAddress(who, localAddrs, family);
  const routed = known === undefined ? undefined : await env.sourceAddress(known);
  const local = configured ?? routed ?? unspecified(family);
  const localTs = selectorsAt(child.localTs, local);
  const remoteTs = selectorsAt(child.remoteTs, remote);
  return {
    wildcard,
    reqidKey: { localTs, remoteTs, ...marks, fixed: child.reqid },
    spec: {
      protocol: child.proposals[0]?.protocol === ProtocolId.AH ? 51 : 50,
      mode,
      local,
      remote,
      localTs,
      remoteTs,
      ...marks,
      priority: child.priority,
      ...(child.interface === undefined ? {} : { interface: child.interface }),
      policiesFwdOut: child.policiesFwdOut,
      ...(child.perCpuSas === 'no' ? {} : { perCpu: { cpu: undefined } }),
    },
  };
}

/** What a child of mode pass or drop installs; `dynamic` is everything of both families. */
export function planShunt(
  kind: ShuntSpec['kind'],
  connection: ConnectionConfig,
  child: ChildConfig,
): ShuntSpec {
  const everywhere = (list: readonly SelectorConfig[]): readonly TrafficSelector[] =>
    distinct(
      list.flatMap((selector) => [
        ...anywhere(selector, unspecified(4)),
        ...(selector.kind === 'dynamic' ? anywhere(selector, unspecified(6)) : []),
      ]),
    );
  return {
    kind,
    localTs: everywhere(child.localTs),
    remoteTs: everywhere(child.remoteTs),
    ...fixedMarks(child, connection),
    priority: child.priority,
    ...(child.interface === undefined ? {} : { interface: child.interface }),
  };
}

function trapMode({ mode }: ChildConfig): SaMode {
  switch (mode) {
    case 'transport':
    case 'transport_proxy':
      return 'transport';
    case 'beet':
    case 'iptfs':
      return mode;
    default:
      return 'tunnel';
  }
}

// An entry like `%any6` decides where no address does.
function familyFor({ remoteAddrs, localAddrs }: ConnectionConfig): 4 | 6 {
  for (const entry of [...remoteAddrs, ...localAddrs]) {
    if (entry.kind === 'host' || entry.kind === 'subnet') return familyOf(entry.address);
    if (entry.kind === 'range') return familyOf(entry.from);
    if (entry.kind === 'any' && entry.family !== undefined) return entry.family;
  }
  return 4;
}

function selectorsAt(list: readonly SelectorConfig[], end: IpAddress): readonly TrafficSelector[] {
  return distinct(list.flatMap((selector) => anywhere(selector, end)));
}

function anywhere(selector: SelectorConfig, end: IpAddress): readonly TrafficSelector[] {
  if (selector.kind === 'fixed' || !isUnspecified(end)) return resolveSelector(selector, [end]);
  return [selectorOfPrefix(end, 0, selector.upper)];
}

// One within another would stand above the wider one of the CHILD_SA, whose negotiation leaves it out.
function distinct(list: readonly TrafficSelector[]): readonly TrafficSelector[] {
  return narrow(list, list);
}

// A shunt has no CHILD_SA for which `%unique` would choose.
function fixedMarks(child: ChildConfig, connection: ConnectionConfig): ChildMarks {
  const mark = (config: MarkConfig): Mark | undefined =>
    config.kind === 'value' ? { value: config.value, mask: config.mask } : undefined;
  const ifId = (own: IfIdConfig, inherited: IfIdConfig): number => {
    const config = own.kind === 'value' && own.value === 0 ? inherited : own;
    return config.kind === 'value' ? config.value : 0;
  };
  const [markIn, markOut] = [mark(child.markIn), mark(child.markOut)];
  return {
    ...(markIn && { markIn }),
    ...(markOut && { markOut }),
    ifIdIn: ifId(child.ifIdIn, connection.ifIdIn),
    ifIdOut: ifId(child.ifIdOut, connection.ifIdOut),
  };
}
