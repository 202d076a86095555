import type { KernelNet } from '../contracts/kernel.ts';
import type { IpAddress } from '../proto/ip-address.ts';

/** Which interfaces to serve; `interfaces_use` goes before `interfaces_ignore`. */
export interface InterfaceSettings {
  readonly interfaces_use: readonly string[];
  readonly interfaces_ignore: readonly string[];
}

/**
 * Whether the daemon speaks on an address, by the interface that has it. Without settings it costs nothing and allows all.
 * An address that no interface is known to have (one that appeared this moment) is served only if nothing restricts to
 * named interfaces.
 */
export class InterfaceFilter {
  readonly #net: KernelNet;
  readonly #settings: () => InterfaceSettings;
  #interfaceOf: ReadonlyMap<IpAddress, string> = new Map();

  constructor(net: KernelNet, settings: () => InterfaceSettings) {
    this.#net = net;
    this.#settings = settings;
  }

  /** Reads the addresses again; to be called after every change of them and of the settings. */
  async refresh(): Promise<void> {
    if (!this.#active) return;
    const addresses = await this.#net.addresses();
    this.#interfaceOf = new Map(
      addresses.map(({ address, interfaceName }) => [address, interfaceName]),
    );
  }

  allows(address: IpAddress): boolean {
    if (!this.#active) return true;
    const { interfaces_use: used, interfaces_ignore: ignored } = this.#settings();
    const name = this.#interfaceOf.get(address);
    if (used.length > 0) return name !== undefined && used.includes(name);
    return name === undefined || !ignored.includes(name);
  }

  get #active(): boolean {
    const { interfaces_use: used, interfaces_ignore: ignored } = this.#settings();
    return used.length > 0 || ignored.length > 0;
  }
}
