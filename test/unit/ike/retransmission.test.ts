import { expect, test } from 'vitest';
import { defaultOptions } from '../../../daemon/config/options.ts';
import { retransmissionDelay, retransmissionTotal } from '../../../daemon/ike/retransmission.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';

const random = new SeededRandom(1);
const defaults = defaultOptions();

test('the defaults give the documented waits and give up after 165 seconds', () => {
  const waits = [0, 1, 2, 3, 4, 5].map((n) => retransmissionDelay(defaults, n, random));
  expect(waits.map((wait) => Math.round(wait / 100) / 10)).toEqual([4, 7.2, 13, 23.3, 42, 75.6]);
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeCloseTo(165_060, -2);
  expect(retransmissionTotal(defaults)).toBeCloseTo(165_060, -2);
});

test('the limit caps a single wait', () => {
  const settings = { ...defaults, retransmit_limit: 10 };
  expect(retransmissionDelay(settings, 1, random)).toBeCloseTo(7200);
  expect(retransmissionDelay(settings, 4, random)).toBe(10_000);
});

test('jitter only shortens, by at most 20 percent even if more is configured', () => {
  const settings = { ...defaults, retransmit_jitter: 90 };
  const waits = Array.from({ length: 500 }, () => retransmissionDelay(settings, 0, random));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(3200);
  expect(Math.max(...waits)).toBeLessThanOrEqual(4000);
  expect(new Set(waits).size).toBeGreaterThan(100);
});

test('however patient the settings are, the total has a limit', () => {
  expect(retransmissionTotal({ ...defaults, retransmit_tries: 1000 })).toBe(3_600_000);
});
