import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeSessionStore } from '../../../daemon/runtime/node-session-store.ts';
import { toHex } from '../../../daemon/util/hex.ts';

let base = '';
let folder = '';
let path = '';
let said: string[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sessions-'));
  folder = join(base, 'state');
  path = join(folder, 'sessions');
  said = [];
});

afterEach(() => rmSync(base, { recursive: true }));

function open(scope = 'boot-1 net:[1]'): NodeSessionStore {
  return new NodeSessionStore(folder, {
    log: (sentence) => said.push(sentence),
    scope,
    inMemory: () => true,
  });
}

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What a successor finds. */
function left(scope?: string): Record<string, string> {
  using store = open(scope);
  return Object.fromEntries([...store.takeOver()].map(([key, value]) => [key, toHex(value)]));
}

function fill(): void {
  using store = open();
  store.write(
    new Map([
      ['a 1', octets(1, 2)],
      ['b 1', octets()],
    ]),
  );
  store.write(
    new Map([
      ['a 1', octets(3)],
      ['c 1', octets(4, 5, 6)],
    ]),
  );
  store.write(
    new Map([
      ['b 1', undefined],
      ['never there', undefined],
    ]),
  );
}

test('a successor finds the records in force, and they stay until it changes them', () => {
  fill();
  expect(left()).toEqual({ 'a 1': '03', 'c 1': '040506' });
  expect(left()).toEqual({ 'a 1': '03', 'c 1': '040506' });
  expect(said).toEqual([]);
});

test('the records are handed out once, and no reference to what was written is kept', () => {
  using store = open();
  const value = octets(7, 7);
  store.write(new Map([['k', value]]));
  value.fill(0);
  expect(left()).toEqual({ k: '0707' });
  expect(store.takeOver().size).toBe(0);
});

test('folder and file are closed to all others', () => {
  fill();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a clean stop leaves nothing, not even the folder', () => {
  const store = open();
  store.write(new Map([['k', octets(1)]]));
  store.discard();
  store.discard();
  store.write(new Map([['k', octets(1)]]));
  expect(existsSync(folder)).toBe(false);
  expect(said).toEqual([]);
});

test('records survive kill -9 of the process that wrote them', () => {
  const url = new URL('../../../daemon/runtime/node-session-store.ts', import.meta.url).href;
  const program = `
    import { NodeSessionStore } from ${JSON.stringify(url)};
    const setup = { log: () => {}, scope: 'boot-1 net:[1]', inMemory: () => true };
    const store = new NodeSessionStore(${JSON.stringify(folder)}, setup);
    for (let i = 0; i < 1000; i++) store.write(new Map([['record ' + i, Uint8Array.of(i & 255)]]));
    process.kill(process.pid, 'SIGKILL');
  `;
  expect(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }),
  ).toThrow();
  expect(Object.keys(left())).toHaveLength(1000);
});

test('a file cut off in its last write counts as if that write had not begun', () => {
  using store = open();
  store.write(new Map([['a 1', octets(3)]]));
  const whole = readFileSync(path);
  store.write(
    new Map([
      ['d 1', octets(9, 9, 9)],
      ['a 1', undefined],
    ]),
  );
  const longer = readFileSync(path);
  expect(longer.length).toBeGreaterThan(whole.length);
  for (let size = whole.length; size < longer.length; size++) {
    writeFileSync(path, longer.subarray(0, size));
    expect(left()).toEqual({ 'a 1': '03' });
  }
  writeFileSync(path, longer);
  expect(left()).toEqual({ 'd 1': '090909' });
  expect(said).toEqual([]);
});

describe('what is not exactly as it was written is ignored, with one line', () => {
  const cases: readonly (readonly [string, RegExp, () => void])[] = [
    [
      'another boot',
      /another boot/,
      () => rewriteHeader((text) => text.replace('boot-1', 'boot-0')),
    ],
    [
      'another network namespace',
      /another boot or network/,
      () => rewriteHeader((text) => text.replace('[1]', '[2]')),
    ],
    [
      'another version',
      /not of this version/,
      () => rewriteHeader((text) => text.replace('sessions 1', 'sessions 2')),
    ],
    ['no header', /not of this version/, () => writeFileSync(path, 'nonsense')],
    ['an empty file', /not of this version/, () => truncateSync(path)],
    ['a world-readable file', /others may read/, () => chmodSync(path, 0o644)],
    [
      'a symbolic link',
      /ELOOP/,
      () => {
        renameSync(path, join(base, 'elsewhere'));
        symlinkSync(join(base, 'elsewhere'), path);
      },
    ],
    ['a second name of the file', /no plain file/, () => linkSync(path, join(base, 'second'))],
  ];
  test.each(cases)('%s', (_what, line, spoil) => {
    fill();
    spoil();
    expect(left()).toEqual({});
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(line);
    // What is written from now on counts.
    said = [];
    {
      using store = open();
      store.write(new Map([['n', octets(1)]]));
    }
    expect(left()).toEqual({ n: '01' });
  });

  function rewriteHeader(change: (text: string) => string): void {
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, change(text), 'latin1');
  }
});

test('any flipped bit behind the header is found', () => {
  fill();
  const good = readFileSync(path);
  const start = good.indexOf(0x0a, good.indexOf(0x0a) + 1) + 1;
  for (let bit = start * 8; bit < good.length * 8; bit++) {
    const bad = Uint8Array.from(good);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, bad);
    const found = left();
    expect(Object.keys(found), `bit ${bit}`).toEqual([]);
  }
  expect(said).toHaveLength((good.length - start) * 8);
});

test.each([
  ['open to others', () => mkdirSync(folder, { mode: 0o755 }), /mode 0700/],
  [
    'a symbolic link',
    () => {
      mkdirSync(join(base, 'real'), { mode: 0o700 });
      symlinkSync(join(base, 'real'), folder);
    },
    /no folder/,
  ],
  ['a file', () => writeFileSync(folder, ''), /no folder/],
] as const)('a folder that is %s is refused', (_what, prepare, reason) => {
  prepare();
  expect(() => open()).toThrow(reason);
});

test('a folder on a disk is refused', () => {
  const setup = { log: () => {}, scope: 'x', inMemory: () => false };
  expect(() => new NodeSessionStore(folder, setup)).toThrow(/not in a tmpfs/);
});

test('a store in use by another process that lives is refused, and taken over once that is gone', async () => {
  fill();
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  const stat = readFileSync(`/proc/${other.pid}/stat`, 'latin1');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const text = readFileSync(path, 'latin1');
  writeFileSync(path, text.replace(/#\d+ \d+/, `#${other.pid} ${start}`), 'latin1');
  expect(() => open()).toThrow(`in use by process ${other.pid}`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(left()).toEqual({ 'a 1': '03', 'c 1': '040506' });
});

test('outdated records do not pile up', () => {
  using store = open();
  store.write(new Map([['stays', octets(1, 2, 3)]]));
  const value = new Uint8Array(10_000).fill(5);
  for (let i = 0; i < 1000; i++) store.write(new Map([[`k ${i % 3}`, value]]));
  expect(statSync(path).size).toBeLessThan(1_300_000);
  const found = left();
  expect(Object.keys(found).sort()).toEqual(['k 0', 'k 1', 'k 2', 'stays']);
  expect(found['stays']).toBe('010203');
  expect(said).toEqual([]);
});
