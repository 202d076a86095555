import type { NameServer } from '../contracts/name-servers.ts';
import type { InstalledVirtualIp } from '../kernel/virtual-ips.ts';
import type { Lease } from '../pools/pool-store.ts';
import type { IpAddress } from '../proto/ip-address.ts';

const NONE: readonly never[] = [];

/**
 * What the configuration payload gave to either side of an IKE_SA. It belongs to the IKE_SA that was authenticated and goes
 * over to the one that replaces it by rekeying: {@link moveTo}.
 */
export class Configuration {
  /** Addresses to ask for instead of the configured ones: those that a predecessor had. */
  wanted: readonly IpAddress[] | undefined;
  /** Virtual IPs that the peer assigned to us. */
  local: readonly IpAddress[] = NONE;
  /** Virtual IPs that we assigned to the peer. */
  remote: readonly IpAddress[] = NONE;
  /** DNS servers that the peer named, where they are used. */
  nameServers: readonly NameServer[] = NONE;
  /** Pools of the addresses of {@link remote}, in the same order. */
  pools: readonly string[] = NONE;
  #leases: readonly Lease[] = NONE;
  #installed: readonly InstalledVirtualIp[] = NONE;
  #forget: readonly (() => void)[] = NONE;

  /** The peer uses these leases from now on. */
  assigned(leases: readonly Lease[]): void {
    this.#leases = leases;
    this.remote = leases.map((lease) => lease.address);
    this.pools = leases.map((lease) => lease.pool);
  }

  /** We use these addresses, and these servers until the functions are called. */
  received(
    addresses: readonly IpAddress[],
    installed: readonly InstalledVirtualIp[],
    nameServers: readonly NameServer[],
    forget: readonly (() => void)[],
  ): void {
    this.local = addresses;
    this.nameServers = nameServers;
    this.#installed = installed;
    this.#forget = forget;
  }

  /** Everything goes over to another IKE_SA with the same peer; nothing is left here to release. */
  moveTo(other: Configuration): void {
    other.wanted = this.wanted;
    other.local = this.local;
    other.remote = this.remote;
    other.nameServers = this.nameServers;
    other.pools = this.pools;
    other.#leases = this.#leases;
    other.#installed = this.#installed;
    other.#forget = this.#forget;
    this.#leases = NONE;
    this.#installed = NONE;
    this.#forget = NONE;
  }

  /** The leases are given back at once, so that the same peer finds them when it connects again. */
  releaseLeases(): void {
    for (const lease of this.#leases) lease.release();
    this.#leases = NONE;
  }

  /** Whether there is anything to give back. */
  get holds(): boolean {
    return this.#leases.length + this.#installed.length + this.#forget.length > 0;
  }

  /** Everything is given back. Doing it twice does nothing. */
  async release(): Promise<void> {
    this.releaseLeases();
    const [installed, forget] = [this.#installed, this.#forget];
    this.#installed = NONE;
    this.#forget = NONE;
    for (const forgetOne of forget) forgetOne();
    for (const address of installed) await address.release();
  }
}
