import { loadAddon, type NativeNetlinkSocket } from './addon.ts';
import { littleEndian } from './c-struct.ts';
import { checked, NetlinkError } from './errors.ts';
import { NetlinkOption, SOL_NETLINK, SOL_SOCKET, SocketOption } from './netlink-constants.ts';

/** Receives what arrives: whole datagrams that are the callee's to keep, then an errno of the socket or 0. */
export type DatagramHandler = (datagrams: readonly Uint8Array[], errno: number) => void;

/** A netlink socket, or what plays one in a test. */
export interface NetlinkTransport extends Disposable {
  /** Sends one request; throws {@link NetlinkError}. `operation` says what is attempted. */
  send(message: Uint8Array, operation: string): void;
  /** Joins a multicast group. */
  join(group: number): void;
  /** Whether the open socket keeps the process alive; it does until told otherwise. */
  setRef(on: boolean): void;
  /** Ends it; calling it again does nothing. */
  close(): void;
}

/** How a netlink socket is opened. */
export interface NetlinkSocketOptions {
  /** `NETLINK_ROUTE` or `NETLINK_XFRM`. */
  readonly protocol: number;
  /** Octets of kernel memory for what has not been read yet; 8 MiB unless said. */
  readonly receiveBuffer?: number;
}

const DEFAULT_RECEIVE_BUFFER = 8 << 20;

/**
 * Opens a netlink socket on this thread's event loop. An open socket is kept by the event loop, referenced or not;
 * {@link NetlinkTransport.close} gives everything back.
 */
export function openNetlinkSocket(
  options: NetlinkSocketOptions,
  handler: DatagramHandler,
): NetlinkTransport {
  const native = new (loadAddon().NetlinkSocket)(handler);
  const what = `open netlink protocol ${options.protocol}`;
  checked(native.open(options.protocol), what, 'socket');
  try {
    enlarge(native, options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER);
    // Both only improve error messages: kernels before 4.12 do without.
    native.setOption(SOL_NETLINK, NetlinkOption.EXT_ACK, int32(1));
    native.setOption(SOL_NETLINK, NetlinkOption.CAP_ACK, int32(1));
  } catch (error) {
    native.close();
    throw error;
  }
  return transport(native);
}

/** A C `int`, as socket options take it. */
export function int32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, littleEndian);
  return new Uint8Array(view.buffer);
}

function transport(native: NativeNetlinkSocket): NetlinkTransport {
  return {
    send(message, operation) {
      const result = native.send(message);
      if (result < 0) throw new NetlinkError(operation, 'sendto', result);
    },
    join(group) {
      const option = native.setOption(SOL_NETLINK, NetlinkOption.ADD_MEMBERSHIP, int32(group));
      checked(option, `join netlink group ${group}`, 'setsockopt');
    },
    setRef: (on) => native.setRef(on),
    close: () => native.close(),
    [Symbol.dispose]: () => native.close(),
  };
}

// Only CAP_NET_ADMIN passes net.core.rmem_max; without it the kernel gives what it allows.
function enlarge(native: NativeNetlinkSocket, octets: number): void {
  if (native.setOption(SOL_SOCKET, SocketOption.RCVBUFFORCE, int32(octets)) === 0) return;
  const result = native.setOption(SOL_SOCKET, SocketOption.RCVBUF, int32(octets));
  checked(result, `set a receive buffer of ${octets} octets`, 'setsockopt');
}
