import { createRequire } from 'node:module';
import { AddonLoadError } from './errors.ts';

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

/** Beside the sources, or beside the sources that `dist/native` was compiled from. */
const places = [
  './build/Release/netlink_xfrm.node',
  '../../native/build/Release/netlink_xfrm.node',
] as const;

let loaded: Addon | undefined;

/** The compiled addon, loaded at the first call; throws {@link AddonLoadError} with the reason and the remedy. */
export function loadAddon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  let cause: unknown;
  for (const place of places) {
    try {
      return require(place) as Addon;
    } catch (error) {
      cause = error;
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      reasons.push(`${new URL(place, import.meta.url).pathname}: ${reason}`);
    }
  }
  throw new AddonLoadError(
    `the addon of node-netlink-xfrm cannot be loaded, build it with "npm run build:native" (${reasons.join('; ')})`,
    { cause },
  );
}
