import type { PoolConfig } from '../config/pool.ts';
import { addressAt, offsetOf } from '../proto/address-range.ts';
import type { Identity } from '../proto/identity.ts';
import { identityKey } from '../proto/identity-match.ts';
import type { IpAddress } from '../proto/ip-address.ts';

/** An address and the identity it was given to last. */
export interface LeaseEntry {
  readonly offset: number;
  readonly address: IpAddress;
  readonly identity: Identity;
  /** IKE_SAs that use it; none: the lease is offline. */
  holders: number;
}

/**
 * Offline leases that are remembered. Above that the oldest is given away before a fresh address, so that peers with ever
 * new identities cannot make a large pool fill the memory.
 */
export const MAX_OFFLINE_LEASES = 100_000;

/** Leases of one identity. */
interface OwnLeases {
  readonly online: Set<LeaseEntry>;
  readonly offline: Set<LeaseEntry>;
}

/**
 * The leases of one pool. Only addresses that were given out are remembered, and every step is a few lookups, however
 * large the range is and however many leases there are.
 */
export class LeasePool {
  config: PoolConfig;
  readonly #byOffset = new Map<number, LeaseEntry>();
  readonly #byIdentity = new Map<string, OwnLeases>();
  /** Longest offline first. */
  readonly #offline = new Set<LeaseEntry>();
  /** Below it every address was given out before. */
  #fresh = 0;

  constructor(config: PoolConfig) {
    this.config = config;
  }

  get online(): number {
    return this.#byOffset.size - this.#offline.size;
  }

  get offline(): number {
    return this.#offline.size;
  }

  /** Every lease, oldest first. */
  leases(): IterableIterator<LeaseEntry> {
    return this.#byOffset.values();
  }

  /**
   * A lease this identity has already: the address it asks for if that is one, else one that is offline, else, where
   * `share` allows it, one that another IKE_SA of the same identity still uses. None of `except`.
   */
  takeOwn(
    identity: Identity,
    asked: IpAddress,
    share: boolean,
    except: ReadonlySet<IpAddress>,
  ): LeaseEntry | undefined {
    const own = this.#byIdentity.get(identityKey(identity));
    if (own === undefined) return undefined;
    const offset = offsetOf(this.config.range, asked);
    const named = offset === undefined ? undefined : this.#byOffset.get(offset);
    const isOwn = named !== undefined && (own.online.has(named) || own.offline.has(named));
    if (isOwn && !except.has(named.address)) return this.#hold(named, own);
    const [waiting] = own.offline;
    if (waiting !== undefined) return this.#hold(waiting, own);
    if (!share) return undefined;
    for (const used of own.online) if (!except.has(used.address)) return this.#hold(used, own);
    return undefined;
  }

  /** A lease of an address that nobody had before. */
  takeFresh(identity: Identity): LeaseEntry | undefined {
    if (this.#offline.size >= MAX_OFFLINE_LEASES) return undefined;
    while (this.#byOffset.has(this.#fresh)) this.#fresh++;
    return this.#fresh < this.config.range.size ? this.#add(this.#fresh++, identity) : undefined;
  }

  /** The lease that is offline for the longest time, taken from whoever had it. */
  takeOffline(identity: Identity): LeaseEntry | undefined {
    const [oldest] = this.#offline;
    if (oldest === undefined) return undefined;
    this.#forget(oldest);
    return this.#add(oldest.offset, identity);
  }

  /** Exactly this address, for an IKE_SA that goes on; `undefined` if it is outside of the range or used by others. */
  takeBack(identity: Identity, address: IpAddress): LeaseEntry | undefined {
    const offset = offsetOf(this.config.range, address);
    if (offset === undefined) return undefined;
    const present = this.#byOffset.get(offset);
    if (present === undefined) return this.#add(offset, identity);
    const own = this.#byIdentity.get(identityKey(identity));
    if (own?.online.has(present) || own?.offline.has(present)) return this.#hold(present, own);
    if (present.holders > 0) return undefined;
    this.#forget(present);
    return this.#add(offset, identity);
  }

  /** One IKE_SA less uses it; with the last one it goes offline, which is what is returned. */
  release(lease: LeaseEntry): boolean {
    if (lease.holders === 0 || this.#byOffset.get(lease.offset) !== lease) return false;
    lease.holders -= 1;
    if (lease.holders > 0) return false;
    const own = this.#byIdentity.get(identityKey(lease.identity));
    own?.online.delete(lease);
    own?.offline.add(lease);
    this.#offline.add(lease);
    return true;
  }

  #hold(lease: LeaseEntry, own: OwnLeases): LeaseEntry {
    lease.holders += 1;
    own.offline.delete(lease);
    own.online.add(lease);
    this.#offline.delete(lease);
    return lease;
  }

  #add(offset: number, identity: Identity): LeaseEntry {
    const address = addressAt(this.config.range, offset);
    const lease: LeaseEntry = { offset, address, identity, holders: 0 };
    this.#byOffset.set(offset, lease);
    const key = identityKey(identity);
    const own = this.#byIdentity.get(key) ?? { online: new Set(), offline: new Set() };
    this.#byIdentity.set(key, own);
    return this.#hold(lease, own);
  }

  #forget(lease: LeaseEntry): void {
    this.#offline.delete(lease);
    this.#byOffset.delete(lease.offset);
    const key = identityKey(lease.identity);
    const own = this.#byIdentity.get(key);
    if (own === undefined) return;
    own.offline.delete(lease);
    if (own.offline.size + own.online.size === 0) this.#byIdentity.delete(key);
  }
}
