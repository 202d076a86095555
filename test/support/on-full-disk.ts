import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeJournal } from '../../daemon/runtime/node-journal.ts';
import { NodeLogOutputs } from '../../daemon/runtime/node-log-output.ts';
import { NodeSessionStore } from '../../daemon/runtime/node-session-store.ts';

// Writes all that the daemon keeps to a file system of a megabyte that gets full. Prints one line of JSON: what became of it.

const [, , folder = ''] = process.argv;
const said: string[] = [];
const store = new NodeSessionStore(join(folder, 'sessions'), {
  log: (sentence) => said.push(`store: ${sentence}`),
});
const journal = new NodeJournal(join(folder, 'journal'), (error) =>
  said.push(`journal: ${String(error)}`),
);
const log = new NodeLogOutputs().file(
  join(folder, 'log'),
  { append: true, flushLine: true },
  (count) => `${count} lines are lost`,
);
const value = new Uint8Array(1000);
store.write(new Map([['k', value]]));
journal.add('the first');
log.write('the first\n');

const ballast = join(folder, 'ballast');
let octets = 1 << 20;
while (octets > 0) {
  try {
    writeFileSync(ballast, new Uint8Array(octets));
    break;
  } catch {
    octets -= 4096;
  }
}
for (let n = 0; n < 200; n++) log.write(`${'x'.repeat(100)}\n`);
for (let n = 0; n < 200; n++) journal.add(`record ${n} ${'x'.repeat(100)}`);
for (let n = 0; n < 20; n++) store.write(new Map([[`k${n}`, value]]));
const kept = existsSync(join(folder, 'sessions', 'sessions'));
// The lines are written by another thread.
await new Promise((resolve) => setTimeout(resolve, 200));
const dropped = log.dropped;

rmSync(ballast);
// From here the journal is whole again: it is written anew.
for (let n = 0; n < 200; n++) journal.remove(`record ${n} ${'x'.repeat(100)}`);
for (let n = 0; n < 5000; n++) {
  journal.add('again');
  journal.remove('again');
}
journal[Symbol.dispose]();
const records = new NodeJournal(join(folder, 'journal'), () => undefined).recorded();
log.write('the last\n');
log.close();
process.stdout.write(`${JSON.stringify({ kept, dropped, records, said })}\n`);
