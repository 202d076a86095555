import { describe, expect, test } from 'vitest';
import type { KernelEvent, PolicyTemplate } from '../../daemon/contracts/kernel.ts';
import { MemoryJournal } from '../../daemon/kernel/memory-journal.ts';
import { kernelCompliance } from '../support/compliance/kernel.ts';
import { ip, ts } from '../support/selectors.ts';
import { carry, carryHeld, leavesInClear } from './carry.ts';
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

test('a packet without an SA is held back and asked for once, until that is forgotten', () => {
  const moon = new FakeKernel(new SeededRandom(1), [ip('192.0.2.1')]);
  const carol = new FakeKernel(new SeededRandom(2), [ip('192.0.2.2')]);
  const events: KernelEvent[] = [];
  moon.onEvent((event) => events.push(event));
  const template: PolicyTemplate = {
    source: ip('192.0.2.1'),
    destination: ip('192.0.2.2'),
    spi: 0,
    protocol: 50,
    mode: 'tunnel',
    reqid: 7,
    optional: false,
  };
  const ends = { source: ts('10.1.0.0/16'), destination: ts('10.2.0.0/16') };
  void moon.addPolicy({
    direction: 'out',
    ...ends,
    action: 'allow',
    priority: 1,
    templates: [template],
  });
  const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  for (let i = 0; i < 3; i++) expect(carry(moon, carol, packet)).toEqual({ kind: 'held' });
  expect(events).toHaveLength(1);
  const [event] = events;
  if (event?.kind !== 'acquire') throw new TypeError('no acquire');
  expect(event.wanted).toEqual({
    ...{ source: '192.0.2.1', destination: '192.0.2.2' },
    ...{ protocol: 50, mode: 'tunnel', reqid: 7 },
  });
  void moon.forgetAcquire(event.wanted);
  expect(carryHeld(moon, carol)).toHaveLength(3);
  expect(events).toHaveLength(2);
  expect(leavesInClear(moon, packet)).toBe(false);
  expect(leavesInClear(carol, packet)).toBe(true);
});
