import type { StateJournal } from '../contracts/journal.ts';
import type { KernelIpsec, KernelNet } from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import { errorText } from '../util/error.ts';
import { isHostRecord, policyRecord, routeOfRecord, saRecord } from './records.ts';

/**
 * Removes what a predecessor that was killed left in the kernel: exactly the objects that the journal names and
 * that still look as they were recorded, so that nothing of others is touched, not even in a place that was ours.
 * What cannot be removed stays in the journal for the next start. Policies go first and outbound ones before
 * inbound ones, for the reasons given at `KernelInstaller`; from here until a CHILD_SA or trap is installed anew, nothing
 * of ours protects the traffic. What `keep` says was taken over, and stays.
 */
export async function recover(
  kernel: KernelIpsec,
  net: KernelNet,
  journal: StateJournal,
  logger: Logger,
  keep: (record: string) => boolean = () => false,
): Promise<void> {
  const left = new Set(
    journal.recorded().filter((record) => !isHostRecord(record) && !keep(record)),
  );
  if (left.size === 0) return;
  const failed = new Set<string>();
  let removed = 0;
  const remove = async (record: string, operation: () => Promise<void>): Promise<void> => {
    try {
      await operation();
      removed += 1;
    } catch (error) {
      failed.add(record);
      logger.log('knl', 1, `removing what a predecessor left failed: ${errorText(error)}`);
    }
  };

  const policies = (await kernel.listPolicies()).filter((one) => left.has(policyRecord(one)));
  for (const outbound of [true, false]) {
    for (const policy of policies) {
      if ((policy.direction === 'out') !== outbound) continue;
      await remove(policyRecord(policy), () => kernel.deletePolicy(policy));
    }
  }
  for (const sa of await kernel.listSas()) {
    if (left.has(saRecord(sa))) await remove(saRecord(sa), () => kernel.deleteSa(sa));
  }
  for (const record of left) {
    const route = routeOfRecord(record);
    if (route !== undefined) await remove(record, () => net.deleteRoute(route));
  }
  for (const record of left) if (!failed.has(record)) journal.remove(record);
  logger.log('knl', 1, `removed ${removed} SAs, policies and routes left by a predecessor`);
}
