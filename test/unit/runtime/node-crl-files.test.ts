import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeCrlFiles } from '../../../daemon/runtime/node-crl-files.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crls-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what is written is read again, and replaced as a whole', async () => {
  const files = new NodeCrlFiles(folder);
  await files.write('0123', utf8('old'));
  await files.write('0123', utf8('new'));
  await files.write('4567_delta', utf8('delta'));
  expect(await files.read()).toEqual([
    { name: '0123', octets: utf8('new') },
    { name: '4567_delta', octets: utf8('delta') },
  ]);
  expect(readdirSync(folder).sort()).toEqual(['0123.crl', '4567_delta.crl']);
  expect(statSync(files.pathOf('0123')).mode & 0o777).toBe(0o644);
});

test.each(['../0123', 'a/b', '', '.', 'a.b', 'a\0b', 'x'.repeat(101)])(
  'the name %j is refused',
  async (name) => {
    await expect(new NodeCrlFiles(folder).write(name, utf8('x'))).rejects.toThrow('name');
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('a folder that is not there holds nothing, and writing there fails with a reason', async () => {
  const files = new NodeCrlFiles(join(folder, 'missing'));
  expect(await files.read()).toEqual([]);
  await expect(files.write('0123', utf8('x'))).rejects.toThrow('ENOENT');
});

test('links, folders, other files and what is too long are left out', async () => {
  const files = new NodeCrlFiles(folder);
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'link.crl'));
  mkdirSync(join(folder, 'folder.crl'));
  writeFileSync(join(folder, 'notes.txt'), 'notes');
  writeFileSync(join(folder, '.hidden.crl'), 'hidden');
  writeFileSync(join(folder, 'huge.crl'), new Uint8Array(17 * 1024 * 1024));
  await files.write('good', utf8('good'));
  expect(await files.read()).toEqual([{ name: 'good', octets: utf8('good') }]);
});

test('a link in the place of a file is replaced, not followed', async () => {
  const files = new NodeCrlFiles(folder);
  writeFileSync(join(folder, 'victim'), 'untouched');
  symlinkSync(join(folder, 'victim'), files.pathOf('0123'));
  await files.write('0123', utf8('crl'));
  expect(await files.read()).toEqual([{ name: '0123', octets: utf8('crl') }]);
  expect(statSync(join(folder, 'victim')).size).toBe('untouched'.length);
});
