import type { StateJournal } from '../contracts/journal.ts';
import {
  KernelError,
  type KernelIpsec,
  type KernelPolicy,
  type PolicyTemplate,
} from '../contracts/kernel.ts';
import { familyOf, unspecified } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { policyPlace, policyRecord } from './records.ts';
import { selectorKey, selectorShape } from './selector-shape.ts';
import { SharedObjects } from './shared-objects.ts';

/**
 * The policies of all CHILD_SAs, shared where they are equal. Of several wishes for one place the strongest
 * priority is in force, and among equals the newest: the CHILD_SA that came last is the one the peer uses. What comes in is
 * accepted from all of them.
 */
export function policyTable(
  kernel: KernelIpsec,
  journal: StateJournal,
): SharedObjects<KernelPolicy> {
  const keyOf = rememberedKeys();
  return new SharedObjects<KernelPolicy>(
    {
      keyOf: (policy) => policyPlace(policy, keyOf),
      choose: strongest,
      recordOf: policyRecord,
      same: samePolicy,
      // Only places that were empty of ours are added exclusively: what is there then belongs to somebody else.
      put: (policy, replaced) => kernel.addPolicy(policy, { exclusive: replaced === undefined }),
      explain: whoseItIs,
      drop: (policy) => kernel.deletePolicy(policy),
    },
    journal,
  );
}

// The policies of a CHILD_SA come one after the other, and most have the same two selectors.
function rememberedKeys(): (ts: TrafficSelector) => string {
  let last: readonly [TrafficSelector, string] | undefined;
  let before: readonly [TrafficSelector, string] | undefined;
  return (ts) => {
    if (ts === last?.[0]) return last[1];
    if (ts === before?.[0]) return before[1];
    before = last;
    last = [ts, selectorKey(ts)];
    return last[1];
  };
}

/** `out 10.1.0.0/16 === 10.2.0.0/16[17/5000]`, for log and errors. */
export function printPolicy(policy: KernelPolicy): string {
  return `${policy.direction} ${printSide(policy.source)} === ${printSide(policy.destination)}`;
}

function strongest(policies: readonly KernelPolicy[]): KernelPolicy {
  const [first] = policies;
  let best = first as KernelPolicy;
  for (const policy of policies) if (policy.priority <= best.priority) best = policy;
  return policies.length === 1 || best.direction === 'out' ? best : forAll(best, policies);
}

// Several peers with equal selectors share a policy for what comes in. It takes any of them: the reqid tells that an SA is
// one of theirs, and only their SAs have it.
function forAll(best: KernelPolicy, policies: readonly KernelPolicy[]): KernelPolicy {
  const wanted = best.templates[0];
  if (wanted === undefined || best.templates.length > 1) return best;
  for (const { priority, templates } of policies) {
    const other = templates[0];
    // Those of a CHILD_SA that is being replaced come from the same peer.
    if (other === undefined || other.source === wanted.source) continue;
    if (priority !== best.priority || other.reqid !== wanted.reqid) continue;
    if (other.mode !== wanted.mode || familyOf(other.source) !== familyOf(wanted.source)) continue;
    return { ...best, templates: [{ ...wanted, source: unspecified(familyOf(wanted.source)) }] };
  }
  return best;
}

function whoseItIs(error: unknown, policy: KernelPolicy): unknown {
  if (!(error instanceof KernelError) || error.errnoName !== 'EEXIST') return error;
  return new KernelError(
    error.operation,
    error.errno,
    error.errnoName,
    `the kernel has a policy ${printPolicy(policy)} that is not ours: remove it (ip xfrm policy) or change the traffic selectors`,
    { cause: error },
  );
}

function samePolicy(a: KernelPolicy, b: KernelPolicy): boolean {
  if (a.priority !== b.priority || a.action !== b.action) return false;
  if (a.perCpu !== b.perCpu || a.icmp !== b.icmp) return false;
  if (a.templates.length !== b.templates.length) return false;
  for (let i = 0; i < a.templates.length; i++) {
    if (!sameTemplate(a.templates[i], b.templates[i])) return false;
  }
  return true;
}

function sameTemplate(one: PolicyTemplate | undefined, other: PolicyTemplate | undefined): boolean {
  if (one === other) return true;
  return (
    one !== undefined &&
    one.spi === other?.spi &&
    one.reqid === other.reqid &&
    one.mode === other.mode &&
    one.protocol === other.protocol &&
    one.optional === other.optional &&
    one.source === other.source &&
    one.destination === other.destination
  );
}

function printSide(selector: KernelPolicy['source']): string {
  const { network, prefix, protocol, portBits } = selectorShape(selector);
  const port = portBits === 0 ? '' : `/${selector.startPort}`;
  return `${network}/${prefix}${protocol === 0 && port === '' ? '' : `[${protocol}${port}]`}`;
}
