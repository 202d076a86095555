import { expect, test } from 'vitest';
import type { Timer } from '../../../daemon/contracts/clock.ts';
import { TimerWheel } from '../../../daemon/runtime/timer-wheel.ts';

const fail = (error: unknown): never => {
  throw error;
};

test('fires in order of time, and of starting within a slot, never early', () => {
  const wheel = new TimerWheel(10);
  const fired: string[] = [];
  wheel.start(35, () => fired.push('35'));
  wheel.start(11, () => fired.push('11 first'));
  wheel.start(20, () => fired.push('20 second'));
  wheel.start(100_000_000_000, () => fired.push('never'));
  expect(wheel.next()).toBe(20);
  wheel.advance(19, fail);
  expect(fired).toEqual([]);
  wheel.advance(39, fail);
  expect(fired).toEqual(['11 first', '20 second']);
  wheel.advance(40, fail);
  expect(fired).toEqual(['11 first', '20 second', '35']);
  expect(wheel.next()).toBe(100_000_000_000);
});

test('cancels first, middle and last of a slot, twice without harm', () => {
  const wheel = new TimerWheel(10);
  const fired: number[] = [];
  const timers = [0, 1, 2, 3, 4].map((i) => wheel.start(5, () => fired.push(i)));
  for (const i of [0, 2, 4, 2]) timers[i]?.cancel();
  wheel.advance(10, fail);
  expect(fired).toEqual([1, 3]);
  timers[1]?.cancel();
  expect(wheel.next()).toBeUndefined();
});

test('a timer may cancel another of its slot and start new ones while firing', () => {
  const wheel = new TimerWheel(10);
  const fired: string[] = [];
  let victim: Timer | undefined;
  wheel.start(5, () => {
    victim?.cancel();
    wheel.start(25, () => fired.push('started'));
  });
  victim = wheel.start(6, () => fired.push('victim'));
  wheel.advance(10, fail);
  expect(fired).toEqual([]);
  wheel.advance(30, fail);
  expect(fired).toEqual(['started']);
});

test('an action that throws does not keep the others from firing', () => {
  const wheel = new TimerWheel(10);
  const errors: unknown[] = [];
  const fired: number[] = [];
  wheel.start(1, () => fail(new Error('bad')));
  wheel.start(2, () => fired.push(2));
  wheel.advance(10, (error) => errors.push(error));
  expect(fired).toEqual([2]);
  expect(errors).toHaveLength(1);
});

test('agrees with a sorted list over many random starts and cancels', () => {
  let state = 12345;
  const random = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state % bound;
  };
  const wheel = new TimerWheel(8);
  const model = new Map<number, number>();
  const timers = new Map<number, Timer>();
  let now = 0;
  for (let id = 0; id < 5000; id++) {
    const due = now + random(5000);
    model.set(id, due);
    timers.set(
      id,
      wheel.start(due, () => {
        expect(now).toBeGreaterThanOrEqual(due);
        expect(now - due).toBeLessThan(8 + 40);
        expect(model.delete(id)).toBe(true);
      }),
    );
    if (random(3) === 0) {
      const gone = random(id + 1);
      timers.get(gone)?.cancel();
      model.delete(gone);
    }
    now += random(40);
    wheel.advance(now, fail);
    expect(Math.min(now, ...model.values())).toBeGreaterThan(now - 8);
  }
  wheel.advance(now + 10_000, () => undefined);
  expect(wheel.next()).toBeUndefined();
});
