import type { Endpoint } from '../proto/endpoint.ts';

/** A received UDP datagram. `data` belongs to the receiver only until the handler returns: copy what is kept. */
export interface InboundDatagram {
  readonly data: Uint8Array;
  /** Where it arrived: the destination address of the packet and the local port. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** How a datagram leaves. */
export interface SendOptions {
  /** DSCP, 0..63. */
  readonly dscp?: number;
}

/** The daemon's UDP sockets for IKE: both ports, both address families. */
export interface DatagramTransport extends AsyncDisposable {
  /** Local port that IKE starts on (500). */
  readonly ikePort: number;
  /** Local port with UDP-encapsulated ESP and the non-ESP marker (4500). */
  readonly nattPort: number;
  /** Sets the one receiver; called for every datagram, in order. */
  onDatagram(handler: (datagram: InboundDatagram) => void): void;
  /**
   * Sends one datagram from `local` (an unspecified address lets the kernel choose). The octets are copied or sent
   * before this returns. Errors of the network are logged by the transport and never thrown: IKE retransmits.
   */
  send(local: Endpoint, remote: Endpoint, data: Uint8Array, options?: SendOptions): void;
}
