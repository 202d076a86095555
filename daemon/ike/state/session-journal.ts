import type { IkeSa } from '../ike-sa.ts';
import type { LastWords } from './last-words.ts';

/**
 * Keeps what a successor of this process needs to go on with the established IKE_SAs. The rule that makes it exact: what the
 * peer may see is written before it is sent.
 */
export interface SessionJournal {
  /** Its keys are complete and it is established: from now on it is kept. Called while all keys are still there. */
  established(sa: IkeSa): void;
  /** `other` came out of an exchange of `sa`: it is written in one step with the next checkpoint of that. */
  alongside(sa: IkeSa, other: IkeSa): void;
  /** Writes what changed since the last time. */
  checkpoint(sa: IkeSa): void;
  /** In place of {@link checkpoint} before a message after which the IKE_SA ends. */
  ending(sa: IkeSa, words: LastWords): void;
  /** The IKE_SA is about to be taken down. */
  ended(sa: IkeSa): void;
  /** It is gone, its kernel state included. */
  gone(sa: IkeSa): void;
}

const nothing = (): void => {};

/** Keeps nothing. */
export const NO_SESSION_JOURNAL: SessionJournal = {
  established: nothing,
  alongside: nothing,
  checkpoint: nothing,
  ending: nothing,
  ended: nothing,
  gone: nothing,
};
