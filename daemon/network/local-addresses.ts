import type { KernelNet } from '../contracts/kernel.ts';
import { isLoopback, isRoutable } from '../proto/address-scope.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { InterfaceFilter } from './interface-filter.ts';

/** An address of this host and the interface that has it. */
export interface LocalAddress {
  readonly address: IpAddress;
  readonly interfaceName: string;
}

/**
 * The addresses of this host that a peer can reach and that the daemon serves, as they were read last; those that peers
 * assigned to it are reached through them only.
 */
export class LocalAddresses {
  readonly #net: KernelNet;
  readonly #filter: InterfaceFilter;
  readonly #isVirtual: (address: IpAddress) => boolean;
  #all: readonly LocalAddress[] = [];
  #present: ReadonlySet<IpAddress> | undefined;

  constructor(net: KernelNet, filter: InterfaceFilter, isVirtual: (address: IpAddress) => boolean) {
    this.#net = net;
    this.#filter = filter;
    this.#isVirtual = isVirtual;
  }

  get all(): readonly LocalAddress[] {
    return this.#all;
  }

  /**
   * Whether an interface that is up has the address, be it one that no peer is told. The kernel sends from an address of an interface that
   * is down as well, but no answer comes back. Loopback addresses are always there.
   */
  has(address: IpAddress): boolean {
    return this.#present === undefined || this.#present.has(address) || isLoopback(address);
  }

  /** Reads them again; the filter has been refreshed before. */
  async refresh(): Promise<void> {
    const all = await this.#net.addresses();
    this.#present = new Set(all.map(({ address }) => address));
    this.#all = all.filter(
      ({ address }) =>
        isRoutable(address) && this.#filter.allows(address) && !this.#isVirtual(address),
    );
  }
}
