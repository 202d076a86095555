import type { MessageProtection } from '../contracts/crypto.ts';
import { familyOf } from '../proto/ip-address.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { fragmentNumber, Reassembler } from '../wire/fragments.ts';
import { IKE_HEADER_OCTETS, type IkeHeader, readHeader } from '../wire/header.ts';
import { splitAnew } from '../wire/refragment.ts';
import type { IkeSa } from './ike-sa.ts';

const UDP_HEADER_OCTETS = 8;
const MARKER_OCTETS = 4;
const MIN_FRAGMENT_OCTETS = IKE_HEADER_OCTETS + 128;

const NOTHING = new Uint8Array(0);

/** IP datagrams that every path carries: RFC 791, RFC 8200 section 5. */
const SMALLEST_DATAGRAM = { 4: 576, 6: 1280 } as const;

/** Room in octets for an IKE message within `fragment_size`, which counts the whole IP datagram (RFC 7383 section 2.5.1). */
export function maxIkeOctets(sa: IkeSa): number {
  const options = sa.env.options();
  const family = familyOf(sa.remote.address);
  const configured =
    family === 4
      ? (options.fragment_size_v4 ?? options.fragment_size)
      : (options.fragment_size_v6 ?? options.fragment_size);
  const marker = sa.local.port === sa.env.ikePort ? 0 : MARKER_OCTETS;
  return roomWithin(sa, configured > 0 ? configured : SMALLEST_DATAGRAM[family], marker);
}

function smallestRoom(sa: IkeSa): number {
  // The ports may still change: with the marker in any case.
  return roomWithin(sa, SMALLEST_DATAGRAM[familyOf(sa.remote.address)], MARKER_OCTETS);
}

function roomWithin(sa: IkeSa, datagram: number, marker: number): number {
  const ip = familyOf(sa.remote.address) === 4 ? 20 : 40;
  return Math.max(datagram - ip - UDP_HEADER_OCTETS - marker, MIN_FRAGMENT_OCTETS);
}

/**
 * How large the datagrams of one IKE_SA are: as configured, or less where the path seems to swallow those (RFC 7383 section
 * 2.5.2), or where the peer itself sends smaller ones.
 */
export class FragmentSize {
  readonly #sa: IkeSa;
  /** Octets of the largest datagram, 0 for as configured. */
  #request = 0;
  #response = 0;
  #trying = false;
  #arriving = 0;

  constructor(sa: IkeSa) {
    this.#sa = sa;
  }

  /** Octets of an IKE message. */
  room(isResponse: boolean): number {
    const configured = maxIkeOctets(this.#sa);
    const limit = isResponse ? this.#response : this.#request;
    return limit === 0 ? configured : Math.min(configured, limit);
  }

  /** A fragment of so many octets arrived, or with 0 a whole message did. `complete`: it was the last one of its message. */
  arrived(octets: number, complete: boolean, isResponse: boolean): void {
    this.#arriving = Math.max(this.#arriving, octets);
    if (!complete) return;
    const largest = this.#arriving;
    this.#arriving = 0;
    if (isResponse) this.#answered();
    else this.#response = largest === 0 ? 0 : this.#atLeast(largest);
  }

  /** Our request is unanswered: the same in the smallest datagrams, or `undefined` if it is in such already. */
  smallerRequest(
    datagrams: readonly Uint8Array[],
    outbound: MessageProtection,
  ): readonly Uint8Array[] | undefined {
    const sa = this.#sa;
    if (!sa.mayFragment) return undefined;
    const smaller = splitAnew(datagrams, outbound, smallestRoom(sa));
    if (smaller === datagrams) return undefined;
    this.#trying = true;
    sa.log.log(
      'ike',
      1,
      `trying ${smaller.length} smaller fragments, the path may drop large ones`,
    );
    return smaller;
  }

  /**
   * The answer to a request that the peer repeats in other fragments, in none larger than those; `undefined` if it is not
   * such a request. RFC 7383 section 2.6.1: the first fragment asks, once it has proved its integrity.
   */
  smallerAnswer(
    header: IkeHeader,
    datagram: Uint8Array,
    answer: readonly Uint8Array[],
    [inbound, outbound]: readonly [MessageProtection | undefined, MessageProtection | undefined],
  ): readonly Uint8Array[] | undefined {
    if (fragmentNumber(header, datagram)?.number !== 1) return undefined;
    const [answered = NOTHING] = answer;
    if (readHeader(answered)?.exchange !== header.exchange) return undefined;
    if (inbound === undefined || outbound === undefined) return undefined;
    try {
      new Reassembler().add(datagram, header, inbound);
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
    return splitAnew(answer, outbound, this.#atLeast(datagram.length));
  }

  // What got through once is what gets through.
  #answered(): void {
    if (!this.#trying) return;
    this.#trying = false;
    this.#request = smallestRoom(this.#sa);
  }

  // Less than every path carries helps nobody, and costs a packet for every few octets.
  #atLeast(octets: number): number {
    return Math.max(octets, smallestRoom(this.#sa));
  }
}
