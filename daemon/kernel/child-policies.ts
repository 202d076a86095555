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
  const inbound: KernelPolicy[] = [];
  const outbound: KernelPolicy[] = [];
  const pairs = spec.policies ? selectorPairs(spec) : [];
  for (const [local, remote] of pairs) {
    const inward = policyPriority('sa', remote, local, spec.interface !== undefined);
    const priority = spec.priority || inward;
    inbound.push(inboundPolicy(spec, 'in', local, remote, priority));
    if (spec.mode !== 'transport') {
      inbound.push(inboundPolicy(spec, 'fwd', local, remote, priority));
      if (spec.policiesFwdOut) outbound.push(outboundPolicy(spec, 'fwd', local, remote, priority));
    }
    outbound.push(outboundPolicy(spec, 'out', local, remote, priority));
  }
  return { inbound, outbound };
}

/** The pairs of selectors of a CHILD_SA as the kernel can express them. */
export function selectorPairs(
  spec: Pick<ChildSaSpec, 'localTs' | 'remoteTs'>,
): readonly (readonly [local: TrafficSelector, remote: TrafficSelector])[] {
  const pairs: (readonly [TrafficSelector, TrafficSelector])[] = [];
  const seen = new Set<string>();
  const single = spec.localTs.length === 1 && spec.remoteTs.length === 1;
  for (const local of spec.localTs) {
    for (const remote of spec.remoteTs) {
      if (local.family !== remote.family) continue;
      const protocol = local.protocol || remote.protocol;
      if (remote.protocol !== 0 && remote.protocol !== protocol) continue;
      // XFRM knows one protocol per policy, so the pair takes the more specific one.
      const pair = [ofProtocol(local, protocol), ofProtocol(remote, protocol)] as const;
      if (!single) {
        const key = `${selectorKey(pair[0])} ${selectorKey(pair[1])}`;
        if (seen.has(key)) continue;
        seen.add(key);
      }
      pairs.push(pair);
    }
  }
  return pairs;
}

function ofProtocol(selector: TrafficSelector, protocol: number): TrafficSelector {
  const shaped = selectorShape(selector).selector;
  return shaped.protocol === protocol ? shaped : { ...shaped, protocol };
}

function inboundPolicy(
  spec: ChildSaSpec,
  direction: 'in' | 'fwd',
  local: TrafficSelector,
  remote: TrafficSelector,
  priority: number,
): KernelPolicy {
  return policy(spec, direction, remote, local, priority, spec.markIn, spec.ifIdIn, {
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
  priority: number,
): KernelPolicy {
  return policy(spec, direction, local, remote, priority, spec.markOut, spec.ifIdOut, {
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
  priority: number,
  mark: Mark | undefined,
  ifId: number,
  template: PolicyTemplate,
): KernelPolicy {
  return {
    direction,
    source,
    destination,
    ...(mark && { mark }),
    ...(ifId !== 0 && { ifId }),
    action: 'allow',
    priority,
    templates: [template],
    ...(spec.interface !== undefined && { interfaceName: spec.interface }),
  };
}
