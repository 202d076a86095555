import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeRandom } from '../../../daemon/runtime/node-random.ts';
import { keepSecret } from '../../../daemon/runtime/secret-file.ts';

let folder = '';
const path = (): string => join(folder, 'secret');
const keep = (): Uint8Array => keepSecret(path(), 32, new NodeRandom());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a secret is made once, for its owner alone, and kept', () => {
  const first = keep();
  expect(first).toHaveLength(32);
  expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(keep()).toEqual(first);
  expect(readdirSync(folder)).toEqual(['secret']);
});

test.each([0o640, 0o604, 0o666])('one that others can read (%o) is replaced', (mode) => {
  const first = keep();
  chmodSync(path(), mode);
  const second = keep();
  expect(second).not.toEqual(first);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test.each([0, 31, 33])('one of %i octets is replaced', (octets) => {
  writeFileSync(path(), new Uint8Array(octets), { mode: 0o600 });
  expect(keep()).toHaveLength(32);
  expect(readFileSync(path())).toHaveLength(32);
});

test('a link is not followed, what it leads to stays', () => {
  const other = join(folder, 'other');
  writeFileSync(other, new Uint8Array(32), { mode: 0o600 });
  symlinkSync(other, path());
  expect(keep()).not.toEqual(new Uint8Array(32));
  expect(readFileSync(other)).toEqual(Buffer.alloc(32));
});

test('a leftover of a crash is no obstacle', () => {
  writeFileSync(`${path()}.new`, 'x');
  keep();
  expect(readdirSync(folder)).toEqual(['secret']);
});

test('rejects a folder that is not there, with a reason', () => {
  expect(() => keepSecret(join(folder, 'no', 'secret'), 32, new NodeRandom())).toThrow(
    /writing .* failed: /,
  );
});
