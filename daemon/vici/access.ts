import type { PeerCredentials } from '../contracts/stream.ts';

/** What clients of the socket for reading may ask for: whatever changes nothing. All events are open to them. */
const READING: ReadonlySet<string> = new Set([
  'version',
  'stats',
  'list-sas',
  'list-policies',
  'list-conns',
  'list-certs',
  'list-authorities',
  'get-conns',
  'get-keys',
  'get-shared',
  'get-authorities',
  'get-pools',
  'get-algorithms',
  'get-counters',
  'explain',
]);

/** Whether a command changes nothing; one that nobody decided about does. */
export function onlyReads(command: string): boolean {
  return READING.has(command);
}

/** A client in a line of the log. */
export function clientText(peer: PeerCredentials, readOnly: boolean): string {
  const socket = readOnly ? ', read only' : '';
  return `vici client (pid ${peer.pid}, uid ${peer.uid}, gid ${peer.gid}${socket})`;
}
