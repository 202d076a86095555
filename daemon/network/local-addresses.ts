import type { KernelNet } from '../contracts/kernel.ts';
import { isRoutable } from '../proto/address-scope.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { InterfaceFilter } from './interface-filter.ts';

/** An address of this host and the interface that has it. */
export interface LocalAddress {
  readonly address: IpAddress;
  readonly interfaceName: string;
}

/** The addresses of this host that a peer can reach and that the daemon serves, as they were read last. */
export class LocalAddresses {
  readonly #net: KernelNet;
  readonly #filter: InterfaceFilter;
  #all: readonly LocalAddress[] = [];

  constructor(net: KernelNet, filter: InterfaceFilter) {
    this.#net = net;
    this.#filter = filter;
  }

  get all(): readonly LocalAddress[] {
    return this.#all;
  }

  /** Reads them again; the filter has been refreshed before. */
  async refresh(): Promise<void> {
    const all = await this.#net.addresses();
    this.#all = all.filter(({ address }) => isRoutable(address) && this.#filter.allows(address));
  }
}
