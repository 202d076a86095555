import type { InboundDatagram } from '../contracts/datagram.ts';
import type { Endpoint } from '../proto/endpoint.ts';

const MARKER_OCTETS = 4;

/** Datagrams that were no IKE message, by what they were. */
export interface ReceiverCounters {
  keepalives: number;
  notIke: number;
  tooLong: number;
}

/**
 * Takes IKE messages out of datagrams. On the NAT-T port four zero octets mark IKE; anything else there is ESP that
 * the kernel did not take, or a keepalive, and is dropped (RFC 3948 section 2).
 */
export class Receiver {
  readonly counters: ReceiverCounters = { keepalives: 0, notIke: 0, tooLong: 0 };
  readonly #ikePort: number;
  readonly #maxPacket: () => number;
  readonly #handle: (message: Uint8Array, local: Endpoint, remote: Endpoint) => void;

  constructor(
    ikePort: number,
    maxPacket: () => number,
    handle: (message: Uint8Array, local: Endpoint, remote: Endpoint) => void,
  ) {
    this.#ikePort = ikePort;
    this.#maxPacket = maxPacket;
    this.#handle = handle;
  }

  receive({ data, local, remote }: InboundDatagram): void {
    const marked = local.port !== this.#ikePort;
    if (marked && !hasMarker(data)) {
      if (data.length === 1 && data[0] === 0xff) this.counters.keepalives++;
      else this.counters.notIke++;
      return;
    }
    const message = marked ? data.subarray(MARKER_OCTETS) : data;
    if (message.length > this.#maxPacket()) {
      this.counters.tooLong++;
      return;
    }
    this.#handle(message, local, remote);
  }
}

function hasMarker(data: Uint8Array): boolean {
  return (
    data.length >= MARKER_OCTETS && data[0] === 0 && data[1] === 0 && data[2] === 0 && data[3] === 0
  );
}
