import type { StateJournal } from '../contracts/journal.ts';
import type {
  KernelIpsec,
  KernelPolicy,
  KernelRoute,
  KernelSa,
  SaId,
} from '../contracts/kernel.ts';
import { errorText } from '../util/error.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { type ChildHost, InstalledChildSa } from './installed-child.ts';
import type { OwnedSas } from './owned-sas.ts';
import { policyRecord, routeOfRecord, saRecord } from './records.ts';
import { outboundSas } from './sa-pair.ts';
import type { SharedObjects } from './shared-objects.ts';

/** An SPI that a predecessor had reserved for a CHILD_SA under way. */
export type ReservedSa = Pick<SaId, 'source' | 'destination' | 'protocol' | 'spi'>;

/** Where adopted objects go. */
export interface AdoptionTarget {
  readonly host: ChildHost;
  readonly sas: OwnedSas;
  readonly policies: SharedObjects<KernelPolicy>;
  readonly routes: SharedObjects<KernelRoute>;
}

/**
 * Takes over CHILD_SAs of a predecessor without touching what is right: SAs stay as they are, policies and routes are
 * compared and only differences put right, oldest CHILD_SA first. One that the kernel does not receive for any more is
 * `undefined` in the result. One whose outbound SA is there sends, whatever the predecessor wrote last: its keys are in use and
 * must not be installed anew. What is left besides is nobody's.
 */
export async function adopt(
  kernel: KernelIpsec,
  journal: StateJournal,
  { host, sas, policies, routes }: AdoptionTarget,
  children: readonly ChildSaSpec[],
  reserved: readonly ReservedSa[],
  failed: (reason: string) => void,
): Promise<readonly (InstalledChildSa | undefined)[]> {
  const present = new Set((await kernel.listSas()).map(saRecord));
  const recorded = new Set(journal.recorded());
  for (const one of reserved) {
    const listed = { ...one, reqid: 0 };
    if (present.has(saRecord(listed))) sas.adoptReserved(listed);
  }
  for (const policy of await kernel.listPolicies()) {
    if (recorded.has(policyRecord(policy))) policies.found(policy);
  }
  for (const record of recorded) {
    const route = routeOfRecord(record);
    if (route !== undefined) routes.found(route);
  }
  const isThere = (sa: KernelSa): boolean => present.has(saRecord(sa));
  let done = false;
  const adopting: ChildHost = {
    ...host,
    addSa: async (sa: KernelSa) => {
      if (done) return host.addSa(sa);
      if (!isThere(sa)) throw new Error('the kernel has lost its SAs');
      return sas.adopt(sa);
    },
  };
  const adopted: (InstalledChildSa | undefined)[] = [];
  for (const spec of children) {
    try {
      const sending = outboundSas(spec);
      const there = sending.filter(isThere).length;
      if (there > 0 && there < sending.length) throw new Error('the kernel has lost its SAs');
      adopted.push(await InstalledChildSa.install(adopting, spec, { outbound: there > 0 }));
    } catch (error) {
      failed(errorText(error));
      adopted.push(undefined);
    }
  }
  done = true;
  return adopted;
}
