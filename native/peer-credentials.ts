import { loadAddon } from './addon.ts';

/** Who made a connection. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who is at the other end of a connected UNIX stream socket, by its descriptor, as the kernel noted it when the connection was made (SO_PEERCRED);
 * `undefined` if it is no such socket. Throws `AddonLoadError`.
 */
export function peerCredentials(descriptor: number): PeerCredentials | undefined {
  const found = loadAddon().peerCredentials(descriptor);
  if (typeof found === 'number') return undefined;
  const [pid = 0, uid = 0, gid = 0] = found;
  // A process in a namespace that we do not see has no number, and whoever is no connection has no owner.
  return uid === NOBODY ? undefined : { pid, uid, gid };
}

const NOBODY = 0xffff_ffff;
