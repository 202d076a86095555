import type { Identity } from '../proto/identity.ts';
import {
  equalIdentity,
  identityKey,
  isPattern,
  matchIdentity,
  PERFECT_MATCH,
  type RdnMatching,
} from '../proto/identity-match.ts';
import { ConfiguredIdType } from '../proto/identity-types.ts';
import type { Secret } from '../util/secret.ts';

/** What a shared secret is for; secrets of one type are never used for another. */
export type SharedKeyType = 'ike' | 'eap' | 'ntlm' | 'ppk';

/** A secret and whom it belongs to; no owners means everybody. */
export interface SharedKeyEntry {
  /** Names it for unloading and replacing; one without is removed by {@link SharedKeyStore.clear} only. */
  readonly id?: string;
  readonly type: SharedKeyType;
  readonly data: Secret;
  readonly owners: readonly Identity[];
}

/** A secret that fits a pair of identities, and how well (0 to 20 for each, see `matchIdentity`). */
export interface SharedKeyCandidate {
  readonly id: string | undefined;
  readonly data: Secret;
  readonly localScore: number;
  readonly remoteScore: number;
}

/**
 * Shared secrets by their owners. Looking one up costs the same however many belong to exact identities; only
 * secrets with patterns among their owners (wildcards, subnets, distinguished names, no owner) are all compared.
 */
export class SharedKeyStore {
  readonly #rdnMatching: () => RdnMatching;
  readonly #entries = new Set<Stored>();
  readonly #named = new Map<string, Stored>();
  readonly #exact = new Map<string, Set<Stored>>();
  readonly #patterns = new Set<Stored>();
  readonly #counts = new Map<SharedKeyType, number>();
  #nextOrder = 0;

  constructor(rdnMatching: () => RdnMatching = () => 'strict') {
    this.#rdnMatching = rdnMatching;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a secret and owns it from now on; replaces the one of the same id, which is wiped. */
  load(entry: SharedKeyEntry): void {
    const previous = entry.id === undefined ? undefined : this.#named.get(entry.id);
    if (previous !== undefined) this.#remove(previous, previous.entry.data !== entry.data);
    const stored: Stored = { entry, order: this.#nextOrder++ };
    this.#entries.add(stored);
    this.#count(entry.type, 1);
    if (entry.id !== undefined) this.#named.set(entry.id, stored);
    if (entry.owners.length === 0) this.#patterns.add(stored);
    for (const owner of entry.owners) {
      if (isPattern(owner)) this.#patterns.add(stored);
      else addTo(this.#exact, identityKey(owner), stored);
    }
  }

  /** Removes and wipes the secret of an id; false if there is none. */
  unload(id: string): boolean {
    const stored = this.#named.get(id);
    if (stored === undefined) return false;
    this.#remove(stored, true);
    return true;
  }

  /** Removes and wipes all secrets. */
  clear(): void {
    for (const stored of [...this.#entries]) this.#remove(stored, true);
  }

  /** Whether there is any secret of this type. */
  has(type: SharedKeyType): boolean {
    return (this.#counts.get(type) ?? 0) > 0;
  }

  /** Ids in the order of loading. */
  ids(): readonly string[] {
    return [...this.#named].sort(([, a], [, b]) => a.order - b.order).map(([id]) => id);
  }

  /**
   * The secrets of a type for a pair of identities, best first: the better they fit the remote side, then the
   * local one; of equal ones the last loaded. A secret fits if either side is among its owners; one without owners
   * fits everybody weakly, and is still better than one that names the local side only (as charon ranks them).
   */
  find(type: SharedKeyType, local: Identity, remote: Identity): readonly SharedKeyCandidate[] {
    const found: { readonly stored: Stored; readonly candidate: SharedKeyCandidate }[] = [];
    for (const stored of this.#possible(local, remote)) {
      if (stored.entry.type !== type) continue;
      const candidate = this.#score(stored.entry, local, remote);
      if (candidate !== undefined) found.push({ stored, candidate });
    }
    return found
      .sort((a, b) => rank(b.candidate) - rank(a.candidate) || b.stored.order - a.stored.order)
      .map(({ candidate }) => candidate);
  }

  #possible(local: Identity, remote: Identity): ReadonlySet<Stored> {
    const possible = new Set(this.#patterns);
    for (const id of [local, remote])
      for (const stored of this.#exact.get(identityKey(id)) ?? []) possible.add(stored);
    return possible;
  }

  #score(
    { id, data, owners }: SharedKeyEntry,
    local: Identity,
    remote: Identity,
  ): SharedKeyCandidate | undefined {
    if (owners.length === 0) return { id, data, localScore: WEAK, remoteScore: WEAK };
    const localScore = this.#best(owners, local);
    const remoteScore = this.#best(owners, remote);
    if (localScore + remoteScore === 0) return undefined;
    return { id, data, localScore, remoteScore };
  }

  #best(owners: readonly Identity[], id: Identity): number {
    let best = 0;
    for (const owner of owners) {
      const score = equalIdentity(owner, id)
        ? owner.type === ConfiguredIdType.ANY
          ? WEAK
          : PERFECT_MATCH
        : matchIdentity(owner, id, this.#rdnMatching());
      best = Math.max(best, score);
    }
    return best;
  }

  #count(type: SharedKeyType, by: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + by);
  }

  #remove(stored: Stored, wipe: boolean): void {
    const { id, owners, data } = stored.entry;
    this.#entries.delete(stored);
    this.#count(stored.entry.type, -1);
    this.#patterns.delete(stored);
    if (id !== undefined) this.#named.delete(id);
    for (const owner of owners) {
      const key = identityKey(owner);
      const set = this.#exact.get(key);
      set?.delete(stored);
      if (set?.size === 0) this.#exact.delete(key);
    }
    if (wipe) data[Symbol.dispose]();
  }
}

const WEAK = 1;

interface Stored {
  readonly entry: SharedKeyEntry;
  /** Position in the order of loading. */
  readonly order: number;
}

// All secrets of this host may have the local side in common: the remote one decides.
function rank({ localScore, remoteScore }: SharedKeyCandidate): number {
  return remoteScore * (PERFECT_MATCH + 1) + localScore;
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
