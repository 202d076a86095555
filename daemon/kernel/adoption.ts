import type { StateJournal } from '../contracts/journal.ts';
import type { KernelIpsec, KernelPolicy, KernelRoute, KernelSa } from '../contracts/kernel.ts';
import { errorText } from '../util/error.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { type ChildHost, InstalledChildSa } from './installed-child.ts';
import type { OwnedSas } from './owned-sas.ts';
import { policyRecord, routeOfRecord, saRecord } from './records.ts';
import type { SharedObjects } from './shared-objects.ts';

/** A CHILD_SA that a predecessor had in the kernel. */
export interface LeftChildSa {
  readonly spec: ChildSaSpec;
  /** Whether what sends was in. */
  readonly outbound: boolean;
}

/** Where adopted objects go. */
export interface AdoptionTarget {
  readonly host: ChildHost;
  readonly sas: OwnedSas;
  readonly policies: SharedObjects<KernelPolicy>;
  readonly routes: SharedObjects<KernelRoute>;
}

/**
 * Takes over CHILD_SAs of a predecessor without touching what is right: SAs stay as they are, policies and routes are
 * compared and only differences put right, oldest CHILD_SA first. One whose SAs the kernel has not all got any more is
 * `undefined` in the result; what is left of it is no longer wanted, and neither is anything else that nobody claims.
 */
export async function adopt(
  kernel: KernelIpsec,
  journal: StateJournal,
  { host, sas, policies, routes }: AdoptionTarget,
  children: readonly LeftChildSa[],
  failed: (reason: string) => void,
): Promise<readonly (InstalledChildSa | undefined)[]> {
  const present = new Set((await kernel.listSas()).map(saRecord));
  const recorded = new Set(journal.recorded());
  for (const policy of await kernel.listPolicies()) {
    if (recorded.has(policyRecord(policy))) policies.found(policy);
  }
  for (const record of recorded) {
    const route = routeOfRecord(record);
    if (route !== undefined) routes.found(route);
  }
  const adopting: ChildHost = {
    ...host,
    addSa: async (sa: KernelSa) => {
      if (!present.has(saRecord(sa))) throw new Error('the kernel has lost its SAs');
      return sas.adopt(sa);
    },
  };
  const adopted: (InstalledChildSa | undefined)[] = [];
  for (const { spec, outbound } of children) {
    try {
      adopted.push(await InstalledChildSa.install(adopting, spec, { outbound }));
    } catch (error) {
      failed(errorText(error));
      adopted.push(undefined);
    }
  }
  return adopted;
}
