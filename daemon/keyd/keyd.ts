import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { errorText } from '../util/error.ts';
import { KeyKeeper } from './keeper.ts';
import { KeydServer } from './server.ts';

/**
 * The key process: `keyd [UID:GID]`. It becomes that user if it is root, then keeps private keys and signs with them at the request of whoever holds the
 * other end of file descriptor 3. It ends when that end is closed, however that comes about.
 */

/** The socket that the daemon made for us. */
const CHANNEL = 3;
/** Requests at once: what more there is waits in the socket. */
const MOST_OPEN = 256;
const READ_OCTETS = 64 << 10;

const EXIT = { bad_stream: 65, internal: 70, cannot_drop: 77 } as const;

dropPrivileges(process.argv[2]);

// The daemon decides when we end: a signal to its whole group or unit must not take the keys away while it says goodbye.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => undefined);

/** Nothing is read for now. `isPaused` does not know of it, and a process that reads nothing and waits for nothing ends. */
let held = false;

const channel = new Socket({
  fd: CHANNEL,
  readable: true,
  writable: true,
  onread: { buffer: Buffer.alloc(READ_OCTETS), callback: received },
});
const server = new KeydServer(new KeyKeeper(), (frame) => {
  const left = channel.writableLength > 0 ? frame : unwritten(frame);
  if (left.length > 0) channel.write(left);
  if (!held || server.open > MOST_OPEN / 2) return;
  held = false;
  channel.resume();
});
channel.on('end', () => process.exit(0));
channel.on('close', () => process.exit(0));
channel.on('error', () => process.exit(0));
channel.resume();

/**
 * Writes what fits into the socket right now; the rest of the octets. A stream does the same for twice the time, which is worth its while for
 * what has to wait.
 */
function unwritten(octets: Uint8Array): Uint8Array {
  try {
    return octets.subarray(writeSync(CHANNEL, octets));
  } catch {
    // full, or closed: the stream waits, or says so
    return octets;
  }
}

function received(length: number, buffer: Uint8Array): boolean {
  try {
    server.receive(buffer.subarray(0, length));
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(EXIT.bad_stream);
  }
  held = server.open >= MOST_OPEN;
  return !held;
}

/**
 * To another user and no group but its own. The kernel takes all capabilities away with that, and lets nobody without CAP_SYS_PTRACE look into the memory of
 * a process that changed its user, not even that user's other processes.
 */
function dropPrivileges(user: string | undefined): void {
  if (user === undefined || user === '' || process.getuid?.() !== 0) return;
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  try {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    process.stderr.write(`cannot become user ${user}: ${errorText(error)}\n`);
    process.exit(EXIT.cannot_drop);
  }
}
