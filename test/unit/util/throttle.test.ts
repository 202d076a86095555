import { expect, test } from 'vitest';
import { Throttle } from '../../../daemon/util/throttle.ts';

test('a burst passes, the rest of the window is counted, and the next window tells how many', () => {
  const throttle = new Throttle(2, 1000);
  const passed = [0, 1, 2, 3, 999].map((now) => throttle.pass(now));
  expect(passed).toEqual([{ suppressed: 0 }, { suppressed: 0 }, undefined, undefined, undefined]);
  expect(throttle.pass(1000)).toEqual({ suppressed: 3 });
  expect(throttle.pass(1001)).toEqual({ suppressed: 0 });
});
