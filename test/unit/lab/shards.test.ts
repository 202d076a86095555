import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import durations from '../../lab/durations.json' with { type: 'json' };
import { type Durations, filesOfShard } from '../../lab/shards.ts';

const FILES = ['a', 'b', 'c', 'd', 'e', 'new'];
const SECONDS: Durations = { a: 100, b: 60, c: 50, d: 40, e: 30 };

const shards = (files: readonly string[], known: Durations, count: number): readonly string[][] =>
  Array.from({ length: count }, (_, at) => [...filesOfShard(files, known, at + 1, count)]);

test.each([1, 2, 3])(
  '%d shards have every file once, whatever the order they are given in',
  (count) => {
    const forward = shards(FILES, SECONDS, count);
    expect(forward.flat().toSorted()).toEqual(FILES);
    expect(shards(FILES.toReversed(), SECONDS, count)).toEqual(forward);
  },
);

test('the longest goes to who has least to do; an unknown one takes as long as the mean', () => {
  expect(shards(FILES, SECONDS, 2)).toEqual([
    ['a', 'c', 'e'],
    ['b', 'new', 'd'],
  ]);
});

test('none of the three shards of the gate takes a tenth longer than another', () => {
  const files = Object.keys(durations);
  const table: Durations = durations;
  const seconds = shards(files, table, 3).map((shard) =>
    shard.reduce((sum, file) => sum + (table[file] ?? 0), 0),
  );
  expect(Math.max(...seconds) - Math.min(...seconds)).toBeLessThan(Math.max(...seconds) / 10);
});

test('the table names files that are there', () => {
  expect(Object.keys(durations).filter((file) => !existsSync(file))).toEqual([]);
});
