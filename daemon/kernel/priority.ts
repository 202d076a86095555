import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { selectorBits } from './selector-shape.ts';

/** What a policy is for; each class lies in a band of its own. Lower numbers win. */
export type PolicyClass = 'pass' | 'sa' | 'trap' | 'drop';

const base: Readonly<Record<PolicyClass, number>> = {
  pass: 200_000,
  sa: 400_000,
  trap: 400_000,
  drop: 600_000,
};

/**
 * charon's priority of a policy: the narrower the selectors, the lower and hence stronger. A trap is exactly one
 * weaker than the SA policy of the same selectors, so that removing the SA re-arms it.
 */
export function policyPriority(
  kind: PolicyClass,
  source: TrafficSelector,
  destination: TrafficSelector,
  onInterface: boolean,
): number {
  const from = selectorBits(source);
  const to = selectorBits(destination);
  return (
    base[kind] -
    512 * (from.prefix + to.prefix) -
    (source.protocol !== 0 || destination.protocol !== 0 ? 256 : 0) -
    4 * (from.portBits + to.portBits) -
    (onInterface ? 2 : 0) -
    (kind === 'trap' ? 0 : 1)
  );
}
