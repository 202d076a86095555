import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { descriptorLimit, tooManyOpen } from '../../../daemon/runtime/descriptors.ts';

test('the limit is that of the process', () => {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  expect(descriptorLimit()).toBe(Number(limit));
});

test.each([
  [64, 47, 48],
  [256, 223, 224],
  [1024, 959, 960],
  [524_288, 524_223, 524_224],
  // With so few there is nothing for clients.
  [16, -1, 0],
])('of %i descriptors clients get those up to %i', (limit, last, first) => {
  expect(tooManyOpen(last, limit)).toBeUndefined();
  expect(tooManyOpen(first, limit)).toMatch(
    new RegExp(`^the last \\d+ of ${limit} file descriptors \\(ulimit -n\\) are kept for IKE$`),
  );
});

test('with none left whatever needs one fails with words, loses nothing, and works again afterwards', () => {
  const script = fileURLToPath(new URL('../../support/without-descriptors.ts', import.meta.url));
  const limited = ['-c', 'ulimit -n 80; exec "$@"', 'sh', process.execPath, script];
  const result = JSON.parse(execFileSync('sh', limited, { encoding: 'utf8' }));
  expect(result).toMatchObject({
    served: 0,
    script: { kind: 'not-started', reason: 'too many open files' },
    keyd: 'could not be started (too many open files)',
    afterwards: { kind: 'exited', code: 0 },
    // The last of what was written, before there were descriptors again and since.
    k: 39,
    records: ['record 0'],
  });
  // The journal says that it could not be written anew; the store has nothing to say, since it lost nothing.
  const sentence = expect.stringMatching(
    /^Error: EMFILE: too many open files, open '.*journal.new'$/,
  );
  expect(result.said).toEqual([sentence, sentence]);
});
