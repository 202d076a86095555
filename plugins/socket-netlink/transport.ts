import type {
  DatagramTransport,
  InboundDatagram,
  SendOptions,
} from '../../daemon/contracts/datagram.ts';
import type { Logger } from '../../daemon/contracts/logger.ts';
import type { Endpoint } from '../../daemon/proto/endpoint.ts';
import { familyOf, type IpAddress, isUnspecified } from '../../daemon/proto/ip-address.ts';
import { errorText } from '../../daemon/util/error.ts';
import type { DatagramBatch, UdpSocket } from '../../native/index.ts';
import { AddressBook } from './addresses.ts';

/** Link-local peers whose interface is remembered. */
const ZONE_LIMIT = 1024;

/** What the sockets deliver to, and the sockets themselves once open. */
export class SocketTransport implements DatagramTransport {
  readonly ikePort: number;
  readonly nattPort: number;
  readonly #sockets = new Map<string, UdpSocket>();
  readonly #addresses = new AddressBook();
  readonly #logger: Logger;
  readonly #setsSource: boolean;
  /** Interfaces by which link-local addresses were last seen: the address alone does not say. */
  readonly #zones = new Map<IpAddress, number>();
  #handler: (datagram: InboundDatagram) => void = () => undefined;

  constructor(
    sockets: readonly UdpSocket[],
    ports: { readonly ike: number; readonly natt: number },
    logger: Logger,
    setsSource = true,
  ) {
    this.#setsSource = setsSource;
    this.ikePort = ports.ike;
    this.nattPort = ports.natt;
    this.#logger = logger;
    for (const socket of sockets) this.#sockets.set(`${socket.family} ${socket.port}`, socket);
  }

  onDatagram(handler: (datagram: InboundDatagram) => void): void {
    this.#handler = handler;
  }

  send(local: Endpoint, remote: Endpoint, data: Uint8Array, options?: SendOptions): void {
    const family = familyOf(remote.address);
    const socket = this.#sockets.get(`${family} ${local.port}`);
    if (socket === undefined) {
      const what = `no IPv${family} socket with port ${local.port} to send to ${remote.address}`;
      this.#logger.log('net', 1, what);
      return;
    }
    // From an address of the other family nothing can be sent; the kernel's choice is the better try.
    const given =
      this.#setsSource && !isUnspecified(local.address) && familyOf(local.address) === family;
    const zone = this.#zones.size === 0 ? undefined : this.#zones.get(remote.address);
    socket.send({
      data,
      remote: this.#addresses.octets(remote.address),
      remotePort: remote.port,
      local: given ? this.#addresses.octets(local.address) : undefined,
      ifindex: zone,
      tos: options?.dscp === undefined ? undefined : options.dscp << 2,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  /** Takes what a socket received; one datagram that cannot be handled does not keep the others. */
  receive(batch: DatagramBatch, localPort: number): void {
    for (let i = 0; i < batch.length; i++) {
      if (batch.truncated(i)) {
        this.#logger.log('net', 1, 'a datagram longer than the receive buffer was dropped');
        continue;
      }
      const remote = {
        address: this.#addresses.text(batch.remoteAddress(i)),
        port: batch.remotePort(i),
      };
      const local = { address: this.#addresses.text(batch.localAddress(i)), port: localPort };
      if (remote.address.startsWith('fe80:')) this.#remember(remote.address, batch.ifindex(i));
      try {
        this.#handler({ data: batch.data(i), local, remote });
      } catch (error) {
        this.#logger.log('net', 1, `handling a datagram failed: ${errorText(error)}`);
      }
    }
  }

  #remember(address: IpAddress, ifindex: number): void {
    if (this.#zones.size >= ZONE_LIMIT) this.#zones.clear();
    this.#zones.set(address, ifindex);
  }
}
