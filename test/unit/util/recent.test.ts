import { expect, test } from 'vitest';
import { Recent } from '../../../daemon/util/recent.ts';

test('remembers the last ones, those that are asked for longest, and never more than twice the limit', () => {
  const recent = new Recent<number>(10);
  recent.set('often', -1);
  for (let i = 0; i < 1000; i++) {
    recent.set(`${i}`, i);
    expect(recent.get('often')).toBe(-1);
  }
  const known = Array.from({ length: 1000 }, (_, i) => recent.get(`${i}`)).filter(
    (value) => value !== undefined,
  );
  expect(known.length).toBeGreaterThanOrEqual(9);
  expect(known.length).toBeLessThanOrEqual(20);
  expect(known).toContain(999);
});
