import type { DatagramTransport, SendOptions } from '../contracts/datagram.ts';
import type { Endpoint } from '../proto/endpoint.ts';

const MARKER_OCTETS = 4;

/** Sends IKE messages: with the non-ESP marker from any port but the IKE port (RFC 3948 section 2.2). */
export class Sender {
  readonly #transport: DatagramTransport;

  constructor(transport: DatagramTransport) {
    this.#transport = transport;
  }

  send(local: Endpoint, remote: Endpoint, message: Uint8Array, options?: SendOptions): void {
    if (local.port === this.#transport.ikePort) {
      this.#transport.send(local, remote, message, options);
      return;
    }
    const marked = new Uint8Array(MARKER_OCTETS + message.length);
    marked.set(message, MARKER_OCTETS);
    this.#transport.send(local, remote, marked, options);
  }

  /** Octets that are no IKE message: keepalives. */
  sendRaw(local: Endpoint, remote: Endpoint, octets: Uint8Array): void {
    this.#transport.send(local, remote, octets);
  }
}
