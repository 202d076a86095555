import type { PolicySpec } from './child-policies.ts';

/**
 * A trap: what the policies of a CHILD_SA follow from before there is one. `local` may be the unspecified address
 * (the kernel then takes that of its route), and so may `remote`: in transport mode any peer, in tunnel mode one whose
 * address is not known yet.
 */
export type TrapSpec = Omit<PolicySpec, 'spiOut' | 'policies' | 'ipcomp' | 'trap'>;

/** The same as a specification of policies: whatever SA has the reqid will do. */
export function trapPolicySpec(spec: TrapSpec): PolicySpec {
  return { ...spec, spiOut: 0 as PolicySpec['spiOut'], policies: true, trap: true };
}
