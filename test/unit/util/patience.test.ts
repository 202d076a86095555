import { expect, test } from 'vitest';
import { Patience } from '../../../daemon/util/patience.ts';

test('it waits for what comes in time', async () => {
  const patience = new Patience();
  expect(await patience.wait(Promise.resolve(7))).toBe(7);
  await expect(patience.wait(Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(patience.over).toBeUndefined();
});

test('all who wait go on when it is over, and the first reason stays', async () => {
  const patience = new Patience();
  const never = new Promise<number>(() => undefined);
  const waiting = [patience.wait(never), patience.wait(never)];
  patience.end('closed');
  patience.end('closed again');
  expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  expect(patience.over).toBe('closed');
});

test('once over it waits for nothing, and a late failure disturbs nobody', async () => {
  const patience = new Patience();
  const late = Promise.withResolvers<number>();
  const waiting = patience.wait(late.promise);
  patience.end('closed');
  late.reject(new Error('too late'));
  expect(await waiting).toBeUndefined();
  expect(await patience.wait(Promise.reject(new Error('unheard')))).toBeUndefined();
});
