import type { ConnectionDiff, LoadOutcome } from '../config/connection-diff.ts';

/** An IKE_SA, or CHILD_SAs of it, that a change of its connection concerns. */
export interface AffectedSa {
  /** Name of the connection, and the number of the IKE_SA. */
  readonly name: string;
  readonly uniqueId: number;
  /** Whether the IKE_SA itself is concerned, not only its CHILD_SAs. */
  readonly ike: boolean;
  readonly children: readonly { readonly name: string; readonly uniqueId: number }[];
}

/** Some of the SAs concerned, and how many IKE_SAs there are in all. */
export interface AffectedSas {
  readonly total: number;
  /** At most {@link MAX_NAMED}. */
  readonly some: readonly AffectedSa[];
}

/** IKE_SAs that are named; of thousands of road warriors the number says enough. */
export const MAX_NAMED = 16;

/** What loading or removing a connection changes. */
export interface ConnectionChange extends Omit<ConnectionDiff, 'outcome'> {
  readonly outcome: LoadOutcome | 'removed';
  /** SAs that were started by `start_action` and are closed. */
  readonly closed: AffectedSas;
  /** SAs that go on under settings that are not configured any more. */
  readonly kept: AffectedSas;
}

/** Nobody. */
export const NO_SAS: AffectedSas = { total: 0, some: [] };

/** What loading the same again changes. */
export const UNCHANGED: ConnectionChange = {
  outcome: 'unchanged',
  keys: [],
  children: [],
  closed: NO_SAS,
  kept: NO_SAS,
};
