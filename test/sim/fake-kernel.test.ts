import { describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../daemon/kernel/memory-journal.ts';
import { kernelCompliance } from '../support/compliance/kernel.ts';
import { ip } from '../support/selectors.ts';
import { FakeKernel } from './fake-kernel.ts';
import { SeededRandom } from './seeded-random.ts';

describe('the fake kernel keeps the contract', () => {
  kernelCompliance({
    create: async () => new FakeKernel(new SeededRandom(1), [ip('192.0.2.1')]),
  });
});

test('it refuses what it is told to, by operation and by number', async () => {
  const kernel = new FakeKernel(new SeededRandom(1), [ip('192.0.2.1')]);
  kernel.refuse((operation, index) =>
    operation === 'addRule' && index === 1 ? 'EPERM' : undefined,
  );
  await kernel.addRule(220, 220);
  await expect(kernel.addRule(221, 221)).rejects.toMatchObject({ errnoName: 'EPERM', errno: 1 });
  expect([...kernel.rules]).toEqual(['220 220']);
});

test('a journal in memory forgets what is removed', () => {
  const journal = new MemoryJournal();
  journal.add('a');
  journal.add('b');
  journal.add('a');
  journal.remove('a');
  expect(journal.recorded()).toEqual(['b']);
  journal.clear();
  expect(journal.recorded()).toEqual([]);
});
