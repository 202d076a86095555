import { describe, expect, test } from 'vitest';
import { Pacer } from '../../../daemon/ike/pacer.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

/** Jobs that write down when they ran. */
function storm(pacer: Pacer, clock: VirtualClock, jobs: number): number[] {
  const ran: number[] = [];
  for (let i = 0; i < jobs; i++) pacer.run(() => ran.push(clock.now()));
  return ran;
}

function pass(clock: VirtualClock, millis: number): void {
  const end = clock.now() + millis;
  for (let due = clock.nextDue(); due !== undefined && due <= end; due = clock.nextDue()) {
    clock.step();
  }
  clock.skipTo(end);
}

describe('Pacer', () => {
  test('single jobs run at once', () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, 50, 50);
    for (let i = 0; i < 10; i++) {
      const started = clock.now();
      expect(storm(pacer, clock, 1)).toEqual([started]);
      pass(clock, 1000);
    }
  });

  test('5000 jobs at one moment: a burst, then 50 in every second, in order, all of them', () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, 50, 50);
    const order: number[] = [];
    for (let i = 0; i < 5000; i++) pacer.run(() => order.push(i));
    expect(order.length).toBe(50);
    for (let second = 1; second <= 99; second++) {
      pass(clock, 1000);
      expect(order.length).toBeGreaterThanOrEqual(50 + 50 * second - 1);
      expect(order.length).toBeLessThanOrEqual(50 + 50 * second + 1);
    }
    pass(clock, 1000);
    expect(order).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(pacer.waiting).toBe(0);
    expect(clock.nextDue()).toBeUndefined();
  });

  test('after a rest there is a burst again', () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, 50, 50);
    storm(pacer, clock, 200);
    pass(clock, 60_000);
    expect(storm(pacer, clock, 60).length).toBe(50);
  });
});
