import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { check } from '../../../support/check-run.ts';

const EXAMPLES = new URL('../../../../conf/examples/', import.meta.url);

/** What their READMEs make: secrets, certificates, files of conf.d, one connection for each spoke. */
const MADE =
  /\[(?:missing-file|missing-secret|empty-include)\]$|: spoke: nothing reads this section/;

const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
  (path) =>
    // That one is a part of a file: it inherits from the hub's.
    path.endsWith('.conf') && !path.endsWith('hub-spoke.conf'),
);

test.each(files)(
  'nothing is to be said of the example %s but what is made beside it',
  async (path) => {
    // Templates get a number in the place of the word.
    const text = readFileSync(new URL(path, EXAMPLES), 'utf8').replaceAll('NUMBER', '7');
    const { lines } = await check({ 'swanctl.conf': text });
    expect(lines.filter((line) => !MADE.test(line) && !line.includes('weak-secret'))).toEqual([]);
  },
);

test('there are examples', () => {
  expect(files.length).toBeGreaterThan(8);
});
