import type { KernelPolicy, Mark, PolicyDirection, PolicyTemplate } from '../contracts/kernel.ts';
import { familyOf, type IpAddress, unspecified } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalSelector } from '../proto/traffic-selector-math.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { policyPriority } from './priority.ts';
import { selectorKey, widenedSelector } from './selector-shape.ts';

/** The policies of one CHILD_SA, each list in the order of its selectors. */
export interface ChildPolicies {
  /** Directions `in` and, unless in transport mode, `fwd`. */
  readonly inbound: readonly KernelPolicy[];
  /** Direction `out`, and `fwd` for forwarded packets on their way out where configured. */
  readonly outbound: readonly KernelPolicy[];
}

/** What policies are made of: of a CHILD_SA, or of a trap, whose `spiOut` is 0. */
export type PolicySpec = Pick<
  ChildSaSpec,
  | 'protocol'
  | 'mode'
  | 'reqid'
  | 'local'
  | 'remote'
  | 'spiOut'
  | 'localTs'
  | 'remoteTs'
  | 'markIn'
  | 'markOut'
  | 'ifIdIn'
  | 'ifIdOut'
  | 'priority'
  | 'interface'
  | 'policies'
  | 'policiesFwdOut'
  | 'ipcomp'
  | 'hwOffload'
  | 'perCpu'
  | 'icmp'
> & {
  /** One weaker than those of a CHILD_SA of the same selectors. */
  readonly trap?: true;
};

/**
 * Every pair of a local and a remote selector of one address family and of compatible protocols becomes a policy
 * in each direction. Pairs that the kernel cannot tell apart (ranges in one subnet) become one.
 */
export function childPolicies(spec: PolicySpec): ChildPolicies {
  return { inbound: inboundPolicies(spec), outbound: outboundPolicies(spec) };
}

/** {@link ChildPolicies.inbound} alone. */
export function inboundPolicies(spec: PolicySpec): readonly KernelPolicy[] {
  const policies: KernelPolicy[] = [];
  if (!spec.policies) return policies;
  // All of them ask for the same SA.
  const wanted = templates(spec, spec.remote, spec.local, undefined);
  for (const [local, remote] of selectorPairs(spec)) {
    const priority = priorityOf(spec, remote, local, false);
    policies.push(inboundPolicy(spec, 'in', local, remote, priority, wanted));
    if (spec.mode === 'transport') continue;
    policies.push(inboundPolicy(spec, 'fwd', local, remote, priority, wanted));
  }
  return policies;
}

/** {@link ChildPolicies.outbound} alone. */
export function outboundPolicies(spec: PolicySpec): readonly KernelPolicy[] {
  const policies: KernelPolicy[] = [];
  if (!spec.policies) return policies;
  // The SPI in the template binds the policy to this CHILD_SA: which of several SAs of one reqid sends is our decision and
  // not the kernel's, unless each CPU takes its own.
  const spis = { spi: spec.spiOut, cpi: spec.ipcomp?.cpiOut ?? 0 };
  const wanted = templates(spec, spec.local, spec.remote, spec.perCpu ? undefined : spis);
  const forwarded = spec.policiesFwdOut && spec.mode !== 'transport';
  for (const [local, remote] of selectorPairs(spec)) {
    if (forwarded) policies.push(forwardedPolicy(spec, local, remote));
    policies.push(outboundPolicy(spec, local, remote, wanted));
  }
  return policies;
}

/**
 * The policies of a CHILD_SA that replaces another one, made of `those` (some of that one's) without looking at the selectors
 * again; `undefined` if the two differ in more than their SPIs and keys.
 */
export function succeedingPolicies(
  spec: PolicySpec,
  replaced: PolicySpec,
  those: readonly KernelPolicy[],
): readonly KernelPolicy[] | undefined {
  if (!samePlaces(spec, replaced)) return undefined;
  const policies: KernelPolicy[] = [];
  for (const policy of those) {
    const template = policy.templates[0];
    const outbound = policy.direction === 'out';
    // One that could not follow its CHILD_SA to where that is now.
    if (template !== undefined && template.source !== (outbound ? spec.local : spec.remote)) {
      return undefined;
    }
    const sends = outbound && template !== undefined;
    policies.push(
      sends ? { ...policy, templates: [{ ...template, spi: spec.spiOut }] } : { ...policy },
    );
  }
  return policies;
}

// With IPComp or SAs per CPU the templates are others than those of one SA.
function samePlaces(a: PolicySpec, b: PolicySpec): boolean {
  return (
    a.ipcomp === undefined &&
    b.ipcomp === undefined &&
    a.perCpu === undefined &&
    b.perCpu === undefined &&
    a.reqid === b.reqid &&
    a.protocol === b.protocol &&
    a.mode === b.mode &&
    a.local === b.local &&
    a.remote === b.remote &&
    a.priority === b.priority &&
    a.interface === b.interface &&
    a.policies === b.policies &&
    a.policiesFwdOut === b.policiesFwdOut &&
    a.hwOffload === b.hwOffload &&
    a.icmp === b.icmp &&
    a.ifIdIn === b.ifIdIn &&
    a.ifIdOut === b.ifIdOut &&
    sameMark(a.markIn, b.markIn) &&
    sameMark(a.markOut, b.markOut) &&
    sameInOrder(a.localTs, b.localTs) &&
    sameInOrder(a.remoteTs, b.remoteTs)
  );
}

function sameMark(a: Mark | undefined, b: Mark | undefined): boolean {
  return a === b || (a?.value === b?.value && a?.mask === b?.mask);
}

function sameInOrder(a: readonly TrafficSelector[], b: readonly TrafficSelector[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length && a.every((one, i) => b[i] !== undefined && equalSelector(one, b[i]))
  );
}

/** The pairs of selectors of a CHILD_SA as the kernel can express them. */
export function selectorPairs(
  spec: Pick<ChildSaSpec, 'localTs' | 'remoteTs'>,
): readonly (readonly [local: TrafficSelector, remote: TrafficSelector])[] {
  const pairs: (readonly [TrafficSelector, TrafficSelector])[] = [];
  const single = spec.localTs.length === 1 && spec.remoteTs.length === 1;
  const seen = single ? undefined : new Set<string>();
  for (const local of spec.localTs) {
    for (const remote of spec.remoteTs) {
      if (local.family !== remote.family) continue;
      const protocol = local.protocol || remote.protocol;
      if (remote.protocol !== 0 && remote.protocol !== protocol) continue;
      // XFRM knows one protocol per policy, so the pair takes the more specific one.
      const pair = [ofProtocol(local, protocol), ofProtocol(remote, protocol)] as const;
      if (seen !== undefined) {
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
  const shaped = widenedSelector(selector);
  return shaped.protocol === protocol ? shaped : { ...shaped, protocol };
}

function inboundPolicy(
  spec: PolicySpec,
  direction: 'in' | 'fwd',
  local: TrafficSelector,
  remote: TrafficSelector,
  priority: number,
  wanted: readonly PolicyTemplate[],
): KernelPolicy {
  const { markIn, ifIdIn } = spec;
  const plain = policy(direction, remote, local, priority, wanted);
  if (markIn === undefined && ifIdIn === 0 && !isOffloaded(spec)) return plain;
  return { ...plain, ...marked(markIn, ifIdIn), ...offloaded(spec) };
}

function outboundPolicy(
  spec: PolicySpec,
  local: TrafficSelector,
  remote: TrafficSelector,
  wanted: readonly PolicyTemplate[],
): KernelPolicy {
  const { markOut, ifIdOut, interface: interfaceName, perCpu, icmp } = spec;
  const bound = interfaceName !== undefined;
  const plain = policy('out', local, remote, priorityOf(spec, local, remote, bound), wanted);
  const unmarked = markOut === undefined && ifIdOut === 0;
  if (unmarked && !bound && !perCpu && !icmp && !isOffloaded(spec)) return plain;
  return {
    ...plain,
    ...marked(markOut, ifIdOut),
    ...(interfaceName !== undefined && { interfaceName }),
    ...(perCpu && { perCpu: true as const }),
    ...(icmp === true && { icmp: true as const }),
    ...offloaded(spec),
  };
}

// About packets that came in and go on into the tunnel: nothing is demanded of those. Weaker than the others, as a trap is.
function forwardedPolicy(
  spec: PolicySpec,
  local: TrafficSelector,
  remote: TrafficSelector,
): KernelPolicy {
  const priority = spec.priority || policyPriority('trap', local, remote, false);
  return {
    ...policy('fwd', local, remote, priority, []),
    ...marked(spec.markOut, spec.ifIdOut),
  };
}

/** With IPComp a packet passes two SAs, of which the inbound first is optional: what does not shrink is sent as it is. */
function templates(
  spec: PolicySpec,
  source: IpAddress,
  destination: IpAddress,
  bound: { readonly spi: number; readonly cpi: number } | undefined,
): readonly PolicyTemplate[] {
  const { reqid, protocol, mode, ipcomp } = spec;
  const spi = bound?.spi ?? 0;
  if (ipcomp === undefined) {
    return [{ source, destination, spi, protocol, mode, reqid, optional: false }];
  }
  const any = unspecified(familyOf(source));
  const inner: PolicyTemplate = {
    ...{ source, destination, spi: bound?.cpi ?? 0, protocol: 108, mode, reqid },
    optional: bound === undefined,
  };
  const outer: PolicyTemplate = {
    ...{ source: any, destination: any, spi, protocol, mode: 'transport', reqid },
    optional: false,
  };
  return [inner, outer];
}

function policy(
  direction: PolicyDirection,
  source: TrafficSelector,
  destination: TrafficSelector,
  priority: number,
  wanted: readonly PolicyTemplate[],
): KernelPolicy {
  return { direction, source, destination, action: 'allow', priority, templates: wanted };
}

function marked(mark: Mark | undefined, ifId: number): Pick<KernelPolicy, 'mark' | 'ifId'> {
  return { ...(mark && { mark }), ...(ifId !== 0 && { ifId }) };
}

// A configured priority is that of the CHILD_SA: its trap stays one weaker.
function priorityOf(
  spec: PolicySpec,
  source: TrafficSelector,
  destination: TrafficSelector,
  onInterface: boolean,
): number {
  if (spec.priority === 0) {
    return policyPriority(spec.trap ? 'trap' : 'sa', source, destination, onInterface);
  }
  return spec.trap ? spec.priority + 1 : spec.priority;
}

// SAs that a device handles whole are met by policies that it has too.
function isOffloaded(spec: PolicySpec): boolean {
  return spec.hwOffload === 'packet';
}

function offloaded(spec: PolicySpec): Pick<KernelPolicy, 'offloadTo'> {
  return isOffloaded(spec) ? { offloadTo: spec.local } : {};
}
