import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Prints the octets of the nursery right after it was settled, and after many objects survived. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { settleNursery } from '${import.meta.resolve('../../../daemon/runtime/nursery.ts')}';
const size = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
settleNursery();
const settled = size();
const kept = [];
for (let i = 0; i < 200_000; i++) kept.push({ i });
console.log(settled, size(), kept.length);
`;

test('the nursery has 8 MB at once, and keeps that size however much survives', () => {
  const node = ['--input-type=module', '--eval', PROGRAM];
  const printed = execFileSync(process.execPath, node, { encoding: 'utf8' });
  const [settled, later] = printed.split(' ').map(Number);
  expect(settled).toBe(8 * 1024 * 1024);
  expect(later).toBe(settled);
});
