import type { ChildSaStateName, IkeSaStateName } from '../../contracts/views.ts';
import type { Attempt, AttemptStep } from './attempt-book.ts';
import type { Difference, FailureKind } from './failure.ts';
import type { Missing } from './missing.ts';

/**
 * Whether a connection works: `partly` has an IKE_SA but not all of its children, `waiting` will try again by itself, `trapped` begins
 * with the next packet, `unknown` is not loaded.
 */
export type ExplainedState =
  | 'up'
  | 'partly'
  | 'connecting'
  | 'waiting'
  | 'trapped'
  | 'down'
  | 'unknown';

/** What to change, in a sentence for people; absent if nothing is known. */
interface Hinted {
  readonly hint?: string | undefined;
}

/** An IKE_SA of the connection that is there now. */
export interface ExplainedSa {
  readonly uniqueId: number;
  readonly state: IkeSaStateName;
  readonly initiator: boolean;
  readonly local: string;
  readonly remote: string;
  /** Of the initial exchanges; `limit` 0: without end. Absent once it is established. */
  readonly tries?: { readonly count: number; readonly limit: number };
  /** Seconds until it tries again. */
  readonly retryIn?: number;
}

/** A child of the configuration and what there is of it now. */
export interface ExplainedChild {
  readonly name: string;
  /** `down`: nothing; `trap`, `pass` and `drop`: a policy. */
  readonly state: ChildSaStateName | 'trap' | 'pass' | 'drop' | 'down';
}

export interface ExplainedAttempt extends Attempt, Hinted {}

/** A peer that was refused before it was known which connection it belongs to, and what keeps it from this one. */
export interface Suspect extends Hinted {
  readonly step: AttemptStep;
  readonly kind: FailureKind;
  readonly reason: string;
  readonly differences: readonly Difference[];
  readonly notify: number | undefined;
  readonly local: string;
  readonly remote: string;
  readonly remoteId: string | undefined;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

/** Why a connection is not up, as far as this side can tell. */
export interface Explanation extends Hinted {
  /** Of the connection; of what was asked for if there is none. */
  readonly name: string;
  readonly state: ExplainedState;
  /** One sentence. */
  readonly summary: string;
  /** Milliseconds since 1970 at which all this was so. */
  readonly now: number;
  readonly sas: readonly ExplainedSa[];
  readonly children: readonly ExplainedChild[];
  /** What it needs and does not have, seen without trying. */
  readonly missing: readonly (Missing & Hinted)[];
  /** What failed, the last first. */
  readonly attempts: readonly ExplainedAttempt[];
  /** Refused peers that may have meant it, the last first. */
  readonly suspects: readonly Suspect[];
}
