import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeJournal } from '../../../daemon/runtime/node-journal.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'charon.journal');
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(scope?: string): NodeJournal {
  return new NodeJournal(
    path,
    (error) => {
      throw error;
    },
    scope,
  );
}

test('records survive without being closed, removed ones do not', () => {
  const first = open();
  first.add('sa one');
  first.add('sa two');
  first.add('sa one');
  first.add('sa three');
  first.remove('sa two');
  first.remove('sa unknown');
  expect(open().recorded()).toEqual(['sa one', 'sa three']);
});

test('records survive kill -9 of the process that wrote them', () => {
  const program = `
    import { NodeJournal } from ${JSON.stringify(new URL('../../../daemon/runtime/node-journal.ts', import.meta.url).href)};
    const journal = new NodeJournal(${JSON.stringify(path)}, (error) => { throw error; });
    for (let i = 0; i < 1000; i++) journal.add('record ' + i);
    process.kill(process.pid, 'SIGKILL');
  `;
  expect(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }),
  ).toThrow();
  expect(open().recorded()).toHaveLength(1000);
});

test('a journal in use by another process that lives is refused, and left alone', async () => {
  const program = `
    import { NodeJournal } from ${JSON.stringify(new URL('../../../daemon/runtime/node-journal.ts', import.meta.url).href)};
    const journal = new NodeJournal(${JSON.stringify(path)}, (error) => { throw error; });
    journal.add('sa one');
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(other.stdout, 'data');
    expect(() => open()).toThrow(`${path} is in use by process ${other.pid}`);
    expect(readFileSync(path, 'latin1')).toContain('+sa one');
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
  expect(open().recorded()).toEqual(['sa one']);
});

test('only the owner may read the file', () => {
  open().add('x');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a corrupted tail costs the cut-off line and nothing else', () => {
  open().add('sa one');
  appendFileSync(path, '+sa cut o');
  const next = open();
  expect(next.recorded()).toEqual(['sa one']);
  next.add('sa two');
  expect(open().recorded()).toEqual(['sa one', 'sa two']);
});

test('lines that are no records are stepped over', () => {
  open().add('sa one');
  appendFileSync(path, '\u0000\u0000garbage\n\n+sa two\n');
  expect(open().recorded()).toEqual(['sa one', 'sa two']);
});

test('records of another boot or network namespace are discarded', () => {
  open('boot-1 net:[1]').add('sa one');
  expect(open('boot-2 net:[1]').recorded()).toEqual([]);
  expect(open('boot-2 net:[1]').recorded()).toEqual([]);
});

test('a file that others can read or write is not believed', () => {
  open().add('sa one');
  chmodSync(path, 0o644);
  expect(open().recorded()).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a symbolic link is not followed', () => {
  open().add('sa one');
  const real = join(folder, 'elsewhere');
  writeFileSync(real, readFileSync(path), { mode: 0o600 });
  rmSync(path);
  symlinkSync(real, path);
  expect(open().recorded()).toEqual([]);
  expect(readFileSync(real, 'latin1')).toContain('sa one');
});

test('the file is compacted while the daemon runs', () => {
  const journal = open();
  journal.add('stays');
  for (let i = 0; i < 20_000; i++) {
    journal.add(`sa ${i}`);
    journal.remove(`sa ${i}`);
  }
  expect(readFileSync(path, 'latin1').split('\n').length).toBeLessThan(6000);
  expect(open().recorded()).toEqual(['stays']);
});

test('clear leaves an empty journal', () => {
  const journal = open();
  journal.add('sa one');
  journal.clear();
  expect(open().recorded()).toEqual([]);
});

test('a folder that vanishes is reported, not thrown, and costs no record in memory', () => {
  const errors: unknown[] = [];
  const journal = new NodeJournal(path, (error) => errors.push(error));
  rmSync(folder, { recursive: true });
  for (let i = 0; i < 5000; i++) journal.add(`sa ${i}`);
  journal.clear();
  journal.add('sa last');
  expect(journal.recorded()).toEqual(['sa last']);
  mkdirSync(folder);
  // One failed attempt to compact and one to clear, not one with every record.
  expect(errors.map(String)).toEqual([
    expect.stringContaining('ENOENT'),
    expect.stringContaining('ENOENT'),
  ]);
});

test('after closing, changes are kept in memory only', () => {
  const journal = open();
  journal.add('sa one');
  journal[Symbol.dispose]();
  journal.add('sa two');
  expect(journal.recorded()).toEqual(['sa one', 'sa two']);
  expect(open().recorded()).toEqual(['sa one']);
});

test('refuses records with line breaks', () => {
  expect(() => open().add('a\n+b')).toThrow(TypeError);
});

test('a folder that is missing is an error at once', () => {
  path = join(folder, 'missing', 'journal');
  expect(() => open()).toThrow(/ENOENT/);
});
