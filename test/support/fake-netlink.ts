import { littleEndian } from '../../native/c-struct.ts';
import { NetlinkError } from '../../native/errors.ts';
import type { OpenTransport } from '../../native/netlink-channel.ts';
import type { DatagramHandler, NetlinkTransport } from '../../native/netlink-socket.ts';
import { type NetlinkMessage, parseMessages } from '../../native/nlmsg.ts';

/** What a function that plays the kernel may do with a request. */
export interface FakeSocket {
  /** Delivers datagrams, and the errno of a socket error if any, in a later turn. */
  deliver(datagrams: readonly Uint8Array[], errno?: number): void;
  /** Groups that were joined. */
  readonly groups: number[];
  closed: boolean;
}

/** A netlink socket whose kernel is a function; requests arrive as copies. */
export function fakeNetlink(
  kernel: (request: NetlinkMessage, socket: FakeSocket) => void,
  sockets: FakeSocket[] = [],
): OpenTransport {
  return (handler: DatagramHandler): NetlinkTransport => {
    const socket: FakeSocket = {
      groups: [],
      closed: false,
      deliver(datagrams, errno = 0) {
        setImmediate(() => {
          if (!socket.closed) handler(datagrams, errno);
        });
      },
    };
    sockets.push(socket);
    const close = (): void => {
      socket.closed = true;
    };
    return {
      send(message, operation) {
        if (socket.closed) throw new NetlinkError(operation, 'sendto', 9);
        const [request] = parseMessages(message.slice());
        if (request === undefined) throw new Error('no request');
        kernel(request, socket);
      },
      join: (group) => void socket.groups.push(group),
      setRef: () => undefined,
      close,
      [Symbol.dispose]: close,
    };
  };
}

/** A whole message: header and body, unpadded. */
export function netlinkMessage(
  type: number,
  seq: number,
  body: Uint8Array = new Uint8Array(),
  flags = 0,
): Uint8Array {
  const message = new Uint8Array(16 + body.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, littleEndian);
  view.setUint16(4, type, littleEndian);
  view.setUint16(6, flags, littleEndian);
  view.setUint32(8, seq, littleEndian);
  message.set(body, 16);
  return message;
}

/** NLMSG_ERROR with this errno (0 is an acknowledgement) and perhaps an explanation. */
export function ack(seq: number, errno = 0, text?: string): Uint8Array {
  const attribute = text === undefined ? new Uint8Array() : textAttribute(text);
  const body = new Uint8Array(20 + attribute.length);
  new DataView(body.buffer).setInt32(0, -errno, littleEndian);
  body.set(attribute, 20);
  return netlinkMessage(2, seq, body, 0x100 | (text === undefined ? 0 : 0x200));
}

/** NLMSG_DONE. */
export function done(seq: number, errno = 0): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setInt32(0, -errno, littleEndian);
  return netlinkMessage(3, seq, body, 2);
}

function textAttribute(text: string): Uint8Array {
  const octets = new TextEncoder().encode(`${text}\0`);
  const attribute = new Uint8Array(4 + Math.ceil(octets.length / 4) * 4);
  const view = new DataView(attribute.buffer);
  view.setUint16(0, 4 + octets.length, littleEndian);
  view.setUint16(2, 1, littleEndian);
  attribute.set(octets, 4);
  return attribute;
}
