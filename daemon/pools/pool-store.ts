import type { PoolConfig } from '../config/pool.ts';
import { diffPool, type ItemDiff } from '../config/pool-diff.ts';
import type { Logger } from '../contracts/logger.ts';
import { sameRange } from '../proto/address-range.ts';
import type { Identity } from '../proto/identity.ts';
import { printIdentity } from '../proto/identity-text.ts';
import { familyOf, type IpAddress } from '../proto/ip-address.ts';
import { type LeaseEntry, LeasePool } from './lease-pool.ts';
import { PoolRanges } from './pool-ranges.ts';

/** Read-only snapshot of a pool. */
export interface PoolView {
  readonly name: string;
  /** First address that can be assigned. */
  readonly base: IpAddress;
  readonly size: number;
  readonly online: number;
  readonly offline: number;
  /** Present if asked for. */
  readonly leases?: readonly {
    readonly address: IpAddress;
    readonly identity: string;
    readonly online: boolean;
  }[];
}

/** What a peer asks for. */
export interface LeaseRequest {
  /** The authenticated identity the lease belongs to. */
  readonly identity: Identity;
  /** An address, or the unspecified one of its family for any. */
  readonly asked: IpAddress;
  /** Whether an address that another IKE_SA of this identity uses may be given again: it is about to go. */
  readonly share: boolean;
  /** Addresses this IKE_SA has already. */
  readonly held: ReadonlySet<IpAddress>;
}

/** An address in use by one IKE_SA. */
export interface Lease {
  readonly address: IpAddress;
  readonly pool: string;
  /** Gives it back; the identity finds it again later. Doing it twice does nothing. */
  release(): void;
}

/** All pools by name, in order of loading. */
export class PoolStore {
  readonly #pools = new Map<string, LeasePool>();
  readonly #ranges = new PoolRanges();
  /** Leases of IKE_SAs that were taken over from a predecessor, by pool. */
  readonly #claims = new Map<string, Set<Claim>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Adds a pool. One of the same range keeps its leases and takes over the attributes; one of another range is replaced
   * with all its leases, unless some are online: then the answer says so and nothing changes.
   */
  load(
    config: PoolConfig,
  ): { readonly ok: true } | { readonly ok: false; readonly errmsg: string } {
    const present = this.#pools.get(config.name);
    if (present !== undefined && sameRange(present.config.range, config.range)) {
      present.config = config;
      return { ok: true };
    }
    if (present !== undefined && present.online > 0) {
      return { ok: false, errmsg: unableToReplace(config.name) };
    }
    if (present !== undefined) this.#ranges.remove(config.name, present.config.range);
    for (const name of this.#ranges.add(config.name, config.range)) {
      this.#log.log(
        'cfg',
        0,
        `pools '${config.name}' and '${name}' overlap: two peers may get the same address`,
      );
    }
    const pool = new LeasePool(config);
    this.#pools.set(config.name, pool);
    for (const claim of this.#claims.get(config.name) ?? []) bind(claim, pool);
    // Its own pool may go by another name now: nobody else gets the address all the same.
    for (const claims of this.#claims.values()) {
      for (const claim of claims) if (claim.bound === undefined) bind(claim, pool);
    }
    return { ok: true };
  }

  /** Removes a pool that nobody uses. */
  unload(name: string): { readonly ok: true } | { readonly ok: false; readonly errmsg: string } {
    const errmsg = this.whyStays(name);
    const pool = this.#pools.get(name);
    if (pool === undefined || errmsg !== undefined) return { ok: false, errmsg: errmsg ?? '' };
    this.#pools.delete(name);
    this.#ranges.remove(name, pool.config.range);
    return { ok: true };
  }

  /** What loading this pool would change, and why it would be refused, if it would. */
  compare(config: PoolConfig): ItemDiff & { readonly refused?: string } {
    const present = this.#pools.get(config.name);
    const diff = diffPool(present?.config, config);
    const refused =
      diff.outcome === 'replaced' && present !== undefined && present.online > 0
        ? unableToReplace(config.name)
        : undefined;
    return { ...diff, ...(refused === undefined ? {} : { refused }) };
  }

  /** Why a pool would not be unloaded, if it would not. */
  whyStays(name: string): string | undefined {
    const pool = this.#pools.get(name);
    if (pool === undefined) return `${name} not found`;
    return pool.online > 0 ? `${name} has online leases, unable to unload` : undefined;
  }

  /** Snapshots of all pools or of the one named; with or without their leases. */
  list(name: string | undefined, leases: boolean): readonly PoolView[] {
    const chosen = name === undefined ? [...this.#pools.values()] : [this.#pools.get(name)];
    return chosen.flatMap((pool) => (pool === undefined ? [] : [viewPool(pool, leases)]));
  }

  /** The attributes of a pool, none if it is gone. */
  attributes(name: string): PoolConfig['attributes'] {
    return this.#pools.get(name)?.config.attributes ?? [];
  }

  /**
   * A lease from the first of these pools that has one, tried in this order over all of them: one the identity has
   * already, a fresh address, one that is offline for another identity.
   */
  acquire(names: readonly string[], request: LeaseRequest, log: Logger): Lease | undefined {
    const { identity, asked, share, held } = request;
    const pools = names.flatMap((name) => {
      const pool = this.#pools.get(name);
      return pool?.config.range.family === familyOf(asked) ? [pool] : [];
    });
    const who = printIdentity(identity);
    for (const pool of pools) {
      const own = pool.takeOwn(identity, asked, share, held);
      if (own === undefined) continue;
      log.log('cfg', 1, `reassigning ${own.holders > 1 ? 'online' : 'offline'} lease to '${who}'`);
      return this.#lease(pool, own, log);
    }
    for (const pool of pools) {
      const fresh = pool.takeFresh(identity);
      if (fresh === undefined) continue;
      log.log('cfg', 1, `assigning new lease to '${who}'`);
      return this.#lease(pool, fresh, log);
    }
    for (const pool of pools) {
      const other = pool.takeOffline(identity);
      if (other === undefined) {
        log.log('cfg', 1, `pool '${pool.config.name}' is full, unable to assign address`);
        continue;
      }
      log.log('cfg', 1, `reassigning existing offline lease of another identity to '${who}'`);
      return this.#lease(pool, other, log);
    }
    return undefined;
  }

  /**
   * The lease of an IKE_SA that goes on in a new process. Pools are loaded later than that: from then on the address is known
   * to be in use. If the pool is another one by then, the peer keeps an address that belongs to none.
   */
  takeBack(name: string, identity: Identity, address: IpAddress, log: Logger): Lease {
    const claim: Claim = { identity, address, bound: undefined };
    const claims = this.#claims.get(name) ?? new Set();
    claims.add(claim);
    this.#claims.set(name, claims);
    const pool = this.#pools.get(name);
    if (pool !== undefined) bind(claim, pool);
    return {
      address,
      pool: name,
      release: () => {
        claims.delete(claim);
        const { bound } = claim;
        claim.bound = undefined;
        if (bound !== undefined) goOffline(bound.pool, bound.lease, log);
      },
    };
  }

  #lease(pool: LeasePool, lease: LeaseEntry, log: Logger): Lease {
    let held = true;
    return {
      address: lease.address,
      pool: pool.config.name,
      release: () => {
        if (held) goOffline(pool, lease, log);
        held = false;
      },
    };
  }
}

/** An address that a peer has since before this process, and its lease once the pool is loaded. */
interface Claim {
  readonly identity: Identity;
  readonly address: IpAddress;
  bound: { readonly pool: LeasePool; readonly lease: LeaseEntry } | undefined;
}

function bind(claim: Claim, pool: LeasePool): void {
  const lease = pool.takeBack(claim.identity, claim.address);
  claim.bound = lease === undefined ? undefined : { pool, lease };
}

function unableToReplace(name: string): string {
  return `vici pool ${name} has online leases, unable to replace`;
}

function goOffline(pool: LeasePool, lease: LeaseEntry, log: Logger): void {
  if (!pool.release(lease)) return;
  log.log('cfg', 1, `lease ${lease.address} by '${printIdentity(lease.identity)}' went offline`);
}

function viewPool(pool: LeasePool, leases: boolean): PoolView {
  const { config, online, offline } = pool;
  const listed = [...(leases ? pool.leases() : [])].map(({ address, identity, holders }) => ({
    address,
    identity: printIdentity(identity),
    online: holders > 0,
  }));
  return {
    name: config.name,
    base: config.range.first,
    size: config.range.size,
    online,
    offline,
    ...(leases ? { leases: listed } : {}),
  };
}
