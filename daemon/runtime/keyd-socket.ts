import { connect } from 'node:net';
import type { KeydLink, KeydLinkEvents } from '../keyd/remote-keys.ts';
import { errorText } from '../util/error.ts';

/**
 * Connects to a socket behind which the service manager starts a key process for each connection, under a user of its own. For services
 * that are not root and so could not start it as somebody else. What is sent before the connection is there waits for it.
 */
export function connectKeyd(path: string, events: KeydLinkEvents): KeydLink {
  const channel = connect(path);
  let over = false;
  let how = 'closed the connection';
  channel.on('data', (octets: Uint8Array) => events.received(Uint8Array.from(octets)));
  channel.on('error', (error) => {
    how = `cannot be reached at ${path} (${errorText(error)})`;
  });
  channel.on('close', () => {
    if (over) return;
    over = true;
    events.ended(how);
  });
  return {
    send(octets) {
      channel.write(octets, () => octets.fill(0));
    },
    close() {
      over = true;
      channel.end();
    },
    kill() {
      channel.destroy();
    },
  };
}
