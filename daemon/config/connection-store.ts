import type { Endpoint } from '../proto/endpoint.ts';
import type { Identity } from '../proto/identity.ts';
import { matchIdentity, type RdnMatching } from '../proto/identity-match.ts';
import { AddressIndex } from './address-index.ts';
import { AddressProfile, type Entry, profileKey, takesAll } from './address-profiles.ts';
import { rankByBoth } from './candidate-order.ts';
import { type ConnectionDiff, diffConnection } from './connection-diff.ts';
import type { ChildConfig, ConnectionConfig } from './connection-types.ts';
import { isFoundAlike, withKept } from './kept-parts.ts';
import { KnownNames } from './known-names.ts';
import { LoadOrder, mergeOrdered } from './load-order.ts';

/** A child and the connection it belongs to. */
export interface FoundChild {
  readonly connection: ConnectionConfig;
  readonly child: ChildConfig;
}

export interface ConnectionStoreServices {
  /** How distinguished names are matched now; `strict` if absent. */
  readonly rdnMatching?: () => RdnMatching;
  /** Addresses of DNS names in `local_addrs` and `remote_addrs`, kept current by their owner; nobody's if absent. */
  readonly names?: KnownNames;
  /** Told of what is stored under a name now; nothing if it was removed. */
  readonly changed?: (name: string, config: ConnectionConfig | undefined) => void;
}

/** Score of an identity that is not restricted, or was not named by the peer. */
const ANY = 1;

/** The loaded connections, found by name, by child, by addresses and by identities. */
export class ConnectionStore {
  readonly #rdnMatching: () => RdnMatching;
  readonly #names: KnownNames;
  readonly #changed: NonNullable<ConnectionStoreServices['changed']>;
  readonly #byName = new Map<string, Entry>();
  readonly #texts = new Map<string, string>();
  readonly #order = new LoadOrder<Entry>();
  readonly #byChild = new Map<string, LoadOrder<Entry>>();
  readonly #profiles = new Map<string, AddressProfile>();
  readonly #byRemote: AddressIndex<AddressProfile>;
  /** Profiles that take any remote address. */
  readonly #byLocal: AddressIndex<AddressProfile>;
  readonly #resolved = (name: string) => this.#names.addressesOf(name);
  #nextSequence = 1;

  constructor(services: ConnectionStoreServices = {}) {
    this.#rdnMatching = services.rdnMatching ?? (() => 'strict');
    this.#names = services.names ?? new KnownNames();
    this.#byRemote = new AddressIndex(this.#names);
    this.#byLocal = new AddressIndex(this.#names);
    this.#changed = services.changed ?? (() => undefined);
  }

  get size(): number {
    return this.#byName.size;
  }

  /** What loading this connection would change. */
  compare(config: ConnectionConfig): ConnectionDiff {
    return diffConnection(this.get(config.name), config);
  }

  /**
   * Adds a connection, or puts it in the place of the one of the same name, whose rank in the order it keeps. What does not
   * differ remains the same object, so that whoever uses it can tell: all but the children, the rounds, and each child. `text` stands
   * for what it was read from: {@link isLoadedFrom} knows it again.
   */
  load(config: ConnectionConfig, text?: string): ConnectionDiff {
    const diff = this.compare(config);
    if (text === undefined) this.#texts.delete(config.name);
    else this.#texts.set(config.name, text);
    const old = this.#byName.get(config.name);
    if (old === undefined) {
      this.#add({ config, sequence: this.#nextSequence++ });
      this.#changed(config.name, config);
      return diff;
    }
    if (diff.outcome === 'unchanged') return diff;
    const stored = withKept(old.config, config, diff);
    if (isFoundAlike(old.config, stored)) old.config = stored;
    else {
      this.#remove(old);
      this.#add({ config: stored, sequence: old.sequence });
    }
    this.#changed(config.name, stored);
    return diff;
  }

  /** Whether a connection is loaded from that text: reading it again would bring the same one. */
  isLoadedFrom(name: string, text: string): boolean {
    return this.#texts.get(name) === text;
  }

  /** Whether there was one of that name. */
  remove(name: string): boolean {
    this.#texts.delete(name);
    const entry = this.#byName.get(name);
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#changed(name, undefined);
    return true;
  }

  get(name: string): ConnectionConfig | undefined {
    return this.#byName.get(name)?.config;
  }

  /** All connections in order of loading. */
  all(): readonly ConnectionConfig[] {
    return this.#order.items.map((entry) => entry.config);
  }

  /** The child of that name; without `ike` that of the connection loaded first. */
  findChild(child: string, ike?: string): FoundChild | undefined {
    const entry = ike === undefined ? this.#byChild.get(child)?.first : this.#byName.get(ike);
    const found = entry?.config.children.get(child);
    return entry === undefined || found === undefined
      ? undefined
      : { connection: entry.config, child: found };
  }

  /**
   * Connections whose addresses fit an IKE_SA_INIT, best first, ties in order of loading. Of those with equal addresses
   * and equal proposals only the first: anybody may ask for this, so thousands of them must cost no more than one.
   */
  candidatesForInit(local: Endpoint, remote: Endpoint): readonly ConnectionConfig[] {
    const matching = this.#matching(local, remote);
    if (matching.length === 1) return matching.flatMap(({ profile }) => configsOf(profile.leaders));
    const byScore = new Map<number, readonly Entry[]>();
    for (const { profile, score } of matching) {
      byScore.set(score, mergeOrdered(byScore.get(score) ?? [], profile.leaders));
    }
    return [...byScore].sort(([a], [b]) => b - a).flatMap(([, entries]) => configsOf(entries));
  }

  /**
   * Connections that fit addresses and identities of an IKE_AUTH request: one goes before another if it is at least
   * as good in both scores and better in one; otherwise the order of loading holds. `localId` is the IDr that the
   * peer asked for, if any.
   */
  candidatesForAuth(
    local: Endpoint,
    remote: Endpoint,
    localId: Identity | undefined,
    remoteId: Identity,
  ): readonly ConnectionConfig[] {
    const found: { entry: Entry; address: number; identity: number }[] = [];
    for (const { profile, score } of this.#matching(local, remote)) {
      for (const entry of profile.maybe(localId, remoteId)) {
        const identity = this.#identityScore(entry.config, localId, remoteId);
        if (identity > 0) found.push({ entry, address: score, identity });
      }
    }
    if (found.length === 1) return found.map(({ entry }) => entry.config);
    found.sort((a, b) => a.entry.sequence - b.entry.sequence);
    return rankByBoth(found).map(({ entry }) => entry.config);
  }

  #identityScore(
    config: ConnectionConfig,
    localId: Identity | undefined,
    remoteId: Identity,
  ): number {
    const rdn = this.#rdnMatching();
    const here = config.local[0]?.id;
    const there = config.remote[0]?.id;
    const localScore =
      localId === undefined || here === undefined ? ANY : matchIdentity(here, localId, rdn);
    if (localScore === 0) return 0;
    const remoteScore = there === undefined ? ANY : matchIdentity(there, remoteId, rdn);
    return remoteScore === 0 ? 0 : localScore + remoteScore;
  }

  #matching(local: Endpoint, remote: Endpoint): readonly Matching[] {
    const matching: Matching[] = [];
    const score = (profile: AddressProfile): void => {
      const score = profile.score(local, remote, this.#resolved);
      if (score > 0) matching.push({ profile, score });
    };
    for (const profile of this.#byRemote.find(remote.address)) score(profile);
    for (const profile of this.#byLocal.find(local.address)) score(profile);
    return matching;
  }

  #add(entry: Entry): void {
    this.#byName.set(entry.config.name, entry);
    this.#order.add(entry);
    for (const child of entry.config.children.keys()) {
      const list = this.#byChild.get(child) ?? new LoadOrder<Entry>();
      this.#byChild.set(child, list);
      list.add(entry);
    }
    this.#profileOf(entry.config).add(entry);
  }

  #remove(entry: Entry): void {
    this.#byName.delete(entry.config.name);
    this.#order.remove(entry);
    for (const child of entry.config.children.keys()) {
      const list = this.#byChild.get(child);
      list?.remove(entry);
      if (list?.size === 0) this.#byChild.delete(child);
    }
    const profile = this.#profileOf(entry.config);
    profile.remove(entry);
    if (profile.size > 0) return;
    this.#profiles.delete(profile.key);
    const [index, specs] = this.#placeOf(entry.config);
    index.remove(specs, profile);
  }

  #profileOf(config: ConnectionConfig): AddressProfile {
    const key = profileKey(config);
    const known = this.#profiles.get(key);
    if (known !== undefined) return known;
    const profile = new AddressProfile(key, config);
    this.#profiles.set(key, profile);
    const [index, specs] = this.#placeOf(config);
    index.add(specs, profile);
    return profile;
  }

  // Where a profile is found: by the end that tells more.
  #placeOf({ localAddrs, remoteAddrs }: ConnectionConfig) {
    return takesAll(remoteAddrs)
      ? ([this.#byLocal, localAddrs] as const)
      : ([this.#byRemote, remoteAddrs] as const);
  }
}

interface Matching {
  readonly profile: AddressProfile;
  readonly score: number;
}

function configsOf(entries: readonly Entry[]): readonly ConnectionConfig[] {
  return entries.map(({ config }) => config);
}
