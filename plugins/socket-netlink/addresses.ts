import { type IpAddress, ipBytes, ipFromBytes } from '../../daemon/proto/ip-address.ts';

/** Entries kept of each kind; spoofed sources in a flood must not fill the memory. */
const LIMIT = 4096;

/** Addresses as octets and as text, remembered in both directions: most packets come from few peers. */
export class AddressBook {
  readonly #texts = new Map<string | number, IpAddress>();
  readonly #octets = new Map<IpAddress, Uint8Array>();

  /** The text of 4 or 16 octets, which are not kept. */
  text(octets: Uint8Array): IpAddress {
    const key = octets.length === 4 ? keyOf4(octets) : keyOf16(octets);
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = ipFromBytes(octets);
    if (this.#texts.size >= LIMIT) this.#texts.clear();
    this.#texts.set(key, text);
    return text;
  }

  /** The octets of an address; shared, not to be written to. */
  octets(address: IpAddress): Uint8Array {
    const known = this.#octets.get(address);
    if (known !== undefined) return known;
    const octets = ipBytes(address);
    if (this.#octets.size >= LIMIT) this.#octets.clear();
    this.#octets.set(address, octets);
    return octets;
  }
}

function keyOf4(octets: Uint8Array): number {
  // By index: destructuring goes through an iterator.
  return (
    (((octets[0] ?? 0) << 24) |
      ((octets[1] ?? 0) << 16) |
      ((octets[2] ?? 0) << 8) |
      (octets[3] ?? 0)) >>>
    0
  );
}

function keyOf16(octets: Uint8Array): string {
  return String.fromCharCode.apply(null, octets as unknown as number[]);
}
