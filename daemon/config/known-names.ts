import type { IpAddress } from '../proto/ip-address.ts';

const NONE: ReadonlySet<string> = new Set();

/** Which addresses DNS names had when they were last looked up, and which names an address had; one lookup either way. */
export class KnownNames {
  readonly #addresses = new Map<string, readonly IpAddress[]>();
  readonly #names = new Map<IpAddress, Set<string>>();

  /** A name has these addresses from now on, and no others. */
  set(name: string, addresses: readonly IpAddress[]): void {
    for (const address of this.addressesOf(name)) {
      const names = this.#names.get(address);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(address);
    }
    this.#addresses.set(name, addresses);
    for (const address of addresses) {
      const names = this.#names.get(address) ?? new Set();
      this.#names.set(address, names.add(name));
    }
  }

  /** Empty if the name was never found. */
  addressesOf(name: string): readonly IpAddress[] {
    return this.#addresses.get(name) ?? [];
  }

  namesOf(address: IpAddress): ReadonlySet<string> {
    return this.#names.get(address) ?? NONE;
  }
}
