import { loadBinary } from './binary.ts';

/** What `src/netlink_socket.h` exports; results are values or negative errno. */
export interface NativeNetlinkSocket {
  open(protocol: number): number;
  send(bytes: Uint8Array): number;
  setOption(level: number, name: number, value: Uint8Array): number;
  getOption(level: number, name: number): number;
  portId(): number;
  setRef(on: boolean): void;
  close(): void;
}

/** What `src/udp_socket.h` exports; results are values or negative errno. */
export interface NativeUdpSocket {
  open(family: number): number;
  bind(address: Uint8Array, port: number, ifindex: number): number;
  localPort(): number;
  flush(first: number, count: number): number;
  setOption(level: number, name: number, value: Uint8Array): number;
  getOption(level: number, name: number): number;
  setRef(on: boolean): void;
  close(): void;
}

/** What `src/local_datagram.h` exports; results are 0 or negative errno. */
export interface NativeLocalDatagram {
  send(path: Uint8Array, octets: Uint8Array): number;
  close(): void;
}

/** The export list of the addon. */
export interface Addon {
  readonly LocalDatagram: new () => NativeLocalDatagram;
  readonly NetlinkSocket: new (
    callback: (datagrams: readonly Uint8Array[], errno: number) => void,
  ) => NativeNetlinkSocket;
  /** `src/peer_credentials.h`: pid, uid, gid, or a negative errno. */
  readonly peerCredentials: (descriptor: number) => Uint32Array | number;
  readonly UdpSocket: new (
    rxSlab: Uint8Array,
    rxRecords: Uint32Array,
    txSlab: Uint8Array,
    txRecords: Uint32Array,
    callback: (count: number, status: number) => void,
  ) => NativeUdpSocket;
}

let loaded: Addon | undefined;

/** The compiled addon, loaded at the first call; throws `AddonLoadError` with the reason and the remedy. */
export function loadAddon(): Addon {
  loaded ??= loadBinary<Addon>('netlink_xfrm.node');
  return loaded;
}
