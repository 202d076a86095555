import type { KernelPolicy, KernelRoute, Mark, PolicyDirection } from '../contracts/kernel.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { type ChildPolicies, selectorPairs } from './child-policies.ts';
import { policyPriority } from './priority.ts';
import { isPlain } from './routes.ts';
import { selectorShape } from './selector-shape.ts';

/** Traffic that passes without protection, or is dropped. */
export interface ShuntSpec {
  readonly kind: 'pass' | 'drop';
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly markIn?: Mark;
  readonly markOut?: Mark;
  /** 0 is none. */
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  /** Replaces the computed priority; 0 computes it. */
  readonly priority: number;
  readonly interface?: string;
}

/** Policies without templates: direction `out`, and `in` and `fwd` for what comes back. */
export function shuntPolicies(spec: ShuntSpec): ChildPolicies {
  const inbound: KernelPolicy[] = [];
  const outbound: KernelPolicy[] = [];
  for (const [local, remote] of selectorPairs(spec)) {
    const priority =
      spec.priority || policyPriority(spec.kind, remote, local, spec.interface !== undefined);
    inbound.push(policy(spec, 'in', remote, local, priority));
    inbound.push(policy(spec, 'fwd', remote, local, priority));
    outbound.push(policy(spec, 'out', local, remote, priority));
  }
  return { inbound, outbound };
}

/**
 * A `throw` route for each remote subnet of a pass shunt without protocol and ports: the lookup goes on behind our
 * table, in which a tunnel may have a wider route.
 */
export function shuntRoutes(spec: ShuntSpec, table: number): readonly KernelRoute[] {
  if (spec.kind === 'drop' || spec.ifIdOut !== 0) return [];
  const routes = new Map<string, KernelRoute>();
  for (const [local, remote] of selectorPairs(spec)) {
    if (!isPlain(local) || !isPlain(remote)) continue;
    const { network, prefix } = selectorShape(remote);
    routes.set(`${network}/${prefix}`, { destination: network, prefix, table, type: 'throw' });
  }
  return [...routes.values()];
}

function policy(
  spec: ShuntSpec,
  direction: PolicyDirection,
  source: TrafficSelector,
  destination: TrafficSelector,
  priority: number,
): KernelPolicy {
  const outbound = direction === 'out';
  const mark = outbound ? spec.markOut : spec.markIn;
  const ifId = outbound ? spec.ifIdOut : spec.ifIdIn;
  // The kernel compares it with where a packet goes to: what comes in for this host would never match.
  const bound = spec.interface !== undefined && (outbound || spec.kind === 'drop');
  return {
    direction,
    source,
    destination,
    ...(mark && { mark }),
    ...(ifId !== 0 && { ifId }),
    action: spec.kind === 'pass' ? 'allow' : 'block',
    priority,
    templates: [],
    ...(bound && { interfaceName: spec.interface }),
  };
}
