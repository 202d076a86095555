import type { KernelPolicy, Mark, PolicyDirection, PolicyTemplate } from '../contracts/kernel.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { policyPriority } from './priority.ts';
import { selectorKey, selectorShape } from './selector-shape.ts';

/** The policies of one CHILD_SA, each list in the order of its selectors. */
export interface ChildPolicies {
  /** Directions `in` and, unless in transport mode, `fwd`. */
  readonly inbound: readonly KernelPolicy[];
  /** Direction `out`, and `fwd` for forwarded packets on their way out where configured. */
  readonly outbound: readonly KernelPolicy[];
}

/**
 * Every pair of a local and a remote selector of one address family and of compatible protocols becomes a policy
 * in each direction. Pairs that the kernel cannot tell apart (ranges in one subnet) become one.
 */
export function childPolicies(spec: ChildSaSpec): ChildPolicies {
  const inbound = new Map<string, KernelPolicy>();
  const outbound = new Map<string, KernelPolicy>();
  if (!spec.policies) return { inbound: [], outbound: [] };
  for (const [local, remote] of selectorPairs(spec)) {
    const pair = `${selectorKey(local)} ${selectorKey(remote)}`;
    inbound.set(`in ${pair}`, inboundPolicy(spec, 'in', local, remote));
    if (spec.mode !== 'transport') {
      inbound.set(`fwd ${pair}`, inboundPolicy(spec, 'fwd', local, remote));
      if (spec.policiesFwdOut) {
        outbound.set(`fwd ${pair}`, outboundPolicy(spec, 'fwd', local, remote));
      }
    }
    outbound.set(`out ${pair}`, outboundPolicy(spec, 'out', local, remote));
  }
  return { inbound: [...inbound.values()], outbound: [...outbound.values()] };
}

/** The pairs of selectors of a CHILD_SA as the kernel can express them. */
export function selectorPairs(
  spec: Pick<ChildSaSpec, 'localTs' | 'remoteTs'>,
): readonly (readonly [local: TrafficSelector, remote: TrafficSelector])[] {
  const pairs: (readonly [TrafficSelector, TrafficSelector])[] = [];
  for (const local of spec.localTs) {
    for (const remote of spec.remoteTs) {
      if (local.family !== remote.family) continue;
      const protocol = local.protocol || remote.protocol;
      if (remote.protocol !== 0 && remote.protocol !== protocol) continue;
      // XFRM knows one protocol per policy, so the pair takes the more specific one.
      pairs.push([
        { ...selectorShape(local).selector, protocol },
        { ...selectorShape(remote).selector, protocol },
      ]);
    }
  }
  return pairs;
}

function inboundPolicy(
  spec: ChildSaSpec,
  direction: 'in' | 'fwd',
  local: TrafficSelector,
  remote: TrafficSelector,
): KernelPolicy {
  return policy(spec, direction, remote, local, spec.markIn, spec.ifIdIn, {
    source: spec.remote,
    destination: spec.local,
    spi: 0,
    protocol: spec.protocol,
    mode: spec.mode,
    reqid: spec.reqid,
    optional: false,
  });
}

// The SPI in the `out` template binds the policy to this CHILD_SA: which of several SAs of one reqid sends is our
// decision and not the kernel's. Direction `fwd` is about packets that came in: nothing is demanded of those.
function outboundPolicy(
  spec: ChildSaSpec,
  direction: 'out' | 'fwd',
  local: TrafficSelector,
  remote: TrafficSelector,
): KernelPolicy {
  return policy(spec, direction, local, remote, spec.markOut, spec.ifIdOut, {
    source: spec.local,
    destination: spec.remote,
    spi: direction === 'out' ? spec.spiOut : 0,
    protocol: spec.protocol,
    mode: spec.mode,
    reqid: spec.reqid,
    optional: direction === 'fwd',
  });
}

function policy(
  spec: ChildSaSpec,
  direction: PolicyDirection,
  source: TrafficSelector,
  destination: TrafficSelector,
  mark: Mark | undefined,
  ifId: number,
  template: PolicyTemplate,
): KernelPolicy {
  const onInterface = spec.interface !== undefined;
  return {
    direction,
    source,
    destination,
    ...(mark && { mark }),
    ...(ifId !== 0 && { ifId }),
    action: 'allow',
    priority: spec.priority || policyPriority('sa', source, destination, onInterface),
    templates: [template],
    ...(spec.interface !== undefined && { interfaceName: spec.interface }),
  };
}
