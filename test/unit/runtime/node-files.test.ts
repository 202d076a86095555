import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NodeFiles } from '../../../daemon/runtime/node-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'node-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ['b.conf', 'a.conf', '.hidden.conf', 'a.conf.bak', 'x y.conf', 'c1.conf']) {
  writeFileSync(join(folder, name), name);
}
mkdirSync(join(folder, 'sub.conf'));
mkdirSync(join(folder, 'd'));
writeFileSync(join(folder, 'd', 'in.conf'), '');
const files = new NodeFiles();
const glob = (pattern: string): string[] =>
  files.glob(pattern, join(folder, 'main')).map((path) => path.slice(folder.length + 1));

test('globs like a shell, relative to a file, sorted, regular files only', () => {
  expect(glob('*.conf')).toEqual(['a.conf', 'b.conf', 'c1.conf', 'x y.conf']);
  expect(glob('[ab].conf')).toEqual(['a.conf', 'b.conf']);
  expect(glob('[!a].conf')).toEqual(['b.conf']);
  expect(glob('c?.conf')).toEqual(['c1.conf']);
  expect(glob('.h*')).toEqual(['.hidden.conf']);
  expect(glob('x\\ y.conf')).toEqual(['x y.conf']);
  expect(glob('*/*.conf')).toEqual(['d/in.conf']);
  expect(glob('none/*')).toEqual([]);
  expect(glob('none.conf')).toEqual([]);
  expect(files.glob(join(folder, 'd/*'), '/elsewhere/f')).toEqual([join(folder, 'd/in.conf')]);
});

test('patterns with many stars take no time', () => {
  writeFileSync(join(folder, 'a'.repeat(200)), '');
  const start = process.hrtime.bigint();
  expect(glob(`${'*'.repeat(200)}z`)).toEqual([]);
  expect(process.hrtime.bigint() - start).toBeLessThan(200_000_000n);
});

test('reads text and says why it cannot', () => {
  expect(files.readText(join(folder, 'a.conf'))).toBe('a.conf');
  expect(() => files.readText(join(folder, 'gone'))).toThrow(/^no such file or directory$/);
  expect(() => files.readText(folder)).toThrow('not a regular file');
});
