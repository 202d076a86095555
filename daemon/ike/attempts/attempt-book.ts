import type { Difference, FailureKind } from './failure.ts';
import { RefusedPeers } from './refused-peers.ts';

/** How far something came before it failed. */
export type AttemptStep =
  | 'lookup'
  | 'IKE_SA_INIT'
  | 'IKE_INTERMEDIATE'
  | 'IKE_AUTH'
  | 'CREATE_CHILD_SA'
  | 'established';

/** One failure of a connection, or several equal ones after each other. No octets of messages, no secrets. */
export interface Attempt {
  readonly role: 'initiator' | 'responder';
  readonly step: AttemptStep;
  readonly kind: FailureKind;
  /** One sentence, as in the log and in what `initiate` answers. */
  readonly reason: string;
  readonly differences: readonly Difference[];
  /** Notify type: the peer's to us as initiator, ours to the peer as responder. */
  readonly notify: number | undefined;
  readonly subject: string | undefined;
  /** The CHILD_SA that it was about, if any. */
  readonly child: string | undefined;
  /** `192.0.2.1[500]`. */
  readonly local: string;
  readonly remote: string;
  /** Printed; `undefined` as long as it was not known. */
  readonly localId: string | undefined;
  readonly remoteId: string | undefined;
  /** Milliseconds since 1970 of the first and the last of them. */
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

/** What is remembered of one connection in each role. */
const PER_ROLE = 5;

/** What is remembered of all of them: some hundred octets each. */
const IN_ALL = 4000;

type Roles = Record<Attempt['role'], Attempt[]>;

/**
 * The last failures of each connection, for whoever asks why it is not up. Bounded: per connection and role, so that peers push
 * out nothing of our own, and in all, where the connections that failed longest ago are forgotten first.
 */
export class AttemptBook {
  /** Peers that were refused before any connection matched. */
  readonly refused = new RefusedPeers();
  /** By connection, the one that failed last at the end. */
  readonly #byName = new Map<string, Roles>();
  #size = 0;

  /** How many are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Remembers a failure of a connection; one that is like the last one is counted with it. */
  note(name: string, attempt: Attempt): void {
    const roles = this.#byName.get(name) ?? { initiator: [], responder: [] };
    this.#byName.delete(name);
    this.#byName.set(name, roles);
    const kept = roles[attempt.role];
    const before = kept.at(-1);
    if (before !== undefined && isLike(before, attempt)) {
      kept[kept.length - 1] = { ...attempt, first: before.first, times: before.times + 1 };
      return;
    }
    if (attempt.kind === 'ended') {
      // An end for the reason that was told already.
      if (before?.reason === attempt.reason) return;
      // Peers come and go all day: the last end says enough, and failures stay.
      this.#size -= removeWhere(kept, ({ kind }) => kind === 'ended');
    }
    kept.push(attempt);
    this.#size++;
    if (kept.length > PER_ROLE) {
      kept.shift();
      this.#size--;
    }
    while (this.#size > IN_ALL) this.#forgetOldest();
  }

  /** What failed, the last one first. */
  of(name: string): readonly Attempt[] {
    const roles = this.#byName.get(name);
    if (roles === undefined) return [];
    return [...roles.initiator, ...roles.responder].sort((a, b) => b.last - a.last);
  }

  #forgetOldest(): void {
    for (const [name, { initiator, responder }] of this.#byName) {
      this.#byName.delete(name);
      this.#size -= initiator.length + responder.length;
      return;
    }
  }
}

function isLike(a: Attempt, b: Attempt): boolean {
  return (
    a.kind === b.kind &&
    a.step === b.step &&
    a.child === b.child &&
    a.remote === b.remote &&
    a.reason === b.reason
  );
}

/** How many were removed. */
function removeWhere<T>(items: T[], goes: (item: T) => boolean): number {
  const before = items.length;
  items.splice(0, before, ...items.filter((item) => !goes(item)));
  return before - items.length;
}
