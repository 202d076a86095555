import type { KernelNet } from '../contracts/kernel.ts';
import { isRoutable } from '../proto/address-scope.ts';
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
  #idle: ReadonlySet<IpAddress> = new Set();

  constructor(net: KernelNet, filter: InterfaceFilter, isVirtual: (address: IpAddress) => boolean) {
    this.#net = net;
    this.#filter = filter;
    this.#isVirtual = isVirtual;
  }

  get all(): readonly LocalAddress[] {
    return this.#all;
  }

  /** Whether the address is one of an interface that is down, and of no other. */
  isIdle(address: IpAddress): boolean {
    return this.#idle.has(address);
  }

  /** Reads them again; the filter has been refreshed before. */
  async refresh(): Promise<void> {
    const [all, idle] = await Promise.all([this.#net.addresses(), this.#net.idleAddresses()]);
    const present = new Set(all.map(({ address }) => address));
    this.#idle = new Set(idle.filter((address) => !present.has(address)));
    this.#all = all.filter(
      ({ address }) =>
        isRoutable(address) && this.#filter.allows(address) && !this.#isVirtual(address),
    );
  }
}
