import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { NodeClock } from '../../../daemon/runtime/node-clock.ts';

test('runs actions after their delay, in order, never synchronously', async () => {
  const clock = new NodeClock();
  const start = clock.now();
  const fired: string[] = [];
  const lateBy = new Promise<number>((resolve) => {
    clock.after(60, () => {
      fired.push('60');
      resolve(clock.now() - start - 60);
    });
  });
  clock.after(0, () => fired.push('0'));
  clock.after(-5, () => fired.push('-5'));
  clock.after(30, () => fired.push('30'));
  clock.after(10, () => fired.push('cancelled')).cancel();
  expect(fired).toEqual([]);
  const keepAlive = setTimeout(() => undefined, 5000);
  expect(await lateBy).toBeGreaterThanOrEqual(0);
  clearTimeout(keepAlive);
  expect(fired).toEqual(['0', '-5', '30', '60']);
});

test('an action that throws is reported and the next one still runs', async () => {
  const errors: unknown[] = [];
  const clock = new NodeClock((error) => errors.push(error));
  clock.after(1, () => {
    throw new Error('bad');
  });
  await new Promise<void>((resolve) => {
    const keepAlive = setTimeout(() => undefined, 5000);
    clock.after(20, () => {
      clearTimeout(keepAlive);
      resolve();
    });
  });
  expect(errors.map(String)).toEqual(['Error: bad']);
});

test('takes delays longer than setTimeout does', async () => {
  const clock = new NodeClock();
  let fired = false;
  const timer = clock.after(2 ** 40, () => {
    fired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(fired).toBe(false);
  timer.cancel();
});

test('time of day is that of the machine', () => {
  expect(Math.abs(new NodeClock().wallClock() - Date.now())).toBeLessThan(1000);
});

test('after a stall what came in meanwhile is handled before what is overdue', async () => {
  const clock = new NodeClock();
  const order: string[] = [];
  const talker = spawn('sh', ['-c', 'sleep 0.2; echo something']);
  talker.stdout.once('data', () => order.push('something came in'));
  const over = new Promise<void>((resolve) => {
    clock.after(100, () => {
      order.push('a timer fired');
      // Started in the sweep, due in no time: the clock goes on as ever.
      clock.after(0, resolve);
    });
  });
  await new Promise((resolve) => talker.once('spawn', resolve));
  // From here timers are next, before anything is read.
  await new Promise((resolve) => setImmediate(resolve));
  // Nothing runs here meanwhile, as after SIGSTOP.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  const keepAlive = setTimeout(() => undefined, 5000);
  await over;
  clearTimeout(keepAlive);
  expect(order).toEqual(['something came in', 'a timer fired']);
});
