import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKeyd } from '../../daemon/runtime/keyd-process.ts';
import { NodeJournal } from '../../daemon/runtime/node-journal.ts';
import { NodeProcesses } from '../../daemon/runtime/node-processes.ts';
import { NodeSessionStore } from '../../daemon/runtime/node-session-store.ts';
import { NodeStreams } from '../../daemon/runtime/node-stream.ts';

// A process that opens all it may, and then does what the daemon does. Prints one line of JSON: what became of each.

const folder = mkdtempSync(join(tmpdir(), 'without-'));
const said: string[] = [];
const store = new NodeSessionStore(join(folder, 'sessions'), {
  log: (sentence) => said.push(sentence),
  inMemory: () => true,
});
const journal = new NodeJournal(join(folder, 'journal'), (error) => said.push(String(error)));
const refused: string[] = [];
const streams = new NodeStreams();
const socket = join(folder, 'socket');
const served: number[] = [];
await streams.listen(socket, { onRefused: (reason) => refused.push(reason) }, (stream) => {
  served.push(1);
  stream.destroy();
});
// Clients that are there before the descriptors are gone, and are accepted afterwards.
const clients = [connect(socket), connect(socket), connect(socket)];
const gone = clients.map((client) => new Promise((resolve) => client.once('close', resolve)));
for (const client of clients) client.on('error', () => undefined);

const files: number[] = [];
function openAll(): void {
  try {
    for (;;) files.push(openSync('/dev/null', 'r'));
  } catch {
    // All are in use.
  }
}
openAll();
await Promise.all(gone);
// Those of the clients have become free.
openAll();

const script = await new NodeProcesses().run({
  command: 'true',
  environment: {},
  timeLimit: 5000,
  onOutput: () => undefined,
});
// One to read with is not enough for a process.
const [spare] = files.splice(0, 1);
if (spare !== undefined) closeSync(spare);
const keyd = await new Promise((resolve) => {
  const entry = new URL('../../daemon/keyd/keyd.ts', import.meta.url);
  const link = startKeyd(
    { entry, user: '', log: () => undefined },
    { received: () => undefined, ended: resolve },
  );
  link.send(Uint8Array.of(1));
});
openAll();
const value = new Uint8Array(300_000);
for (let n = 0; n < 20; n++) store.write(new Map([['k', value.fill(n)]]));
for (let n = 0; n < 5000; n++) {
  journal.add(`record ${n}`);
  if (n > 0) journal.remove(`record ${n}`);
}

for (const file of files) closeSync(file);
for (let n = 20; n < 40; n++) store.write(new Map([['k', value.fill(n)]]));
const afterwards = await new NodeProcesses().run({
  command: 'true',
  environment: {},
  timeLimit: 5000,
  onOutput: () => undefined,
});
store[Symbol.dispose]();
journal[Symbol.dispose]();
const kept = new NodeSessionStore(join(folder, 'sessions'), {
  log: (sentence) => said.push(sentence),
  inMemory: () => true,
});
const [k] = kept.takeOver().values();
const records = new NodeJournal(join(folder, 'journal'), () => undefined).recorded();
rmSync(folder, { recursive: true });
const result = {
  served: served.length,
  refused,
  script,
  keyd,
  afterwards,
  said,
  k: k?.[0],
  records,
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
