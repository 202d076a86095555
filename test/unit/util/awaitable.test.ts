import { expect, test } from 'vitest';
import { andThen, proceed } from '../../../daemon/util/awaitable.ts';

const double = (value: number): number => value * 2;
const told = (error: unknown): string => `failed: ${(error as Error).message}`;
const fail = (): never => {
  throw new Error('no');
};

test('what is there is gone on with at once, and what comes later then', async () => {
  expect(andThen(4, double)).toBe(8);
  const later = andThen(Promise.resolve(4), double);
  expect(later).toBeInstanceOf(Promise);
  expect(await later).toBe(8);
  expect(proceed(() => 4, double, fail)).toBe(8);
  expect(await proceed(async () => 4, double, fail)).toBe(8);
});

test('a failure goes to the one who mends it, whenever it comes', async () => {
  expect(proceed<never, string>(fail, String, told)).toBe('failed: no');
  expect(await proceed<never, string>(async () => fail(), String, told)).toBe('failed: no');
});

test('what the others throw is not mended', async () => {
  expect(() => proceed(() => 4, fail, told)).toThrow('no');
  await expect(proceed(async () => 4, fail, told)).rejects.toThrow('no');
  expect(() => proceed(fail, double, fail)).toThrow('no');
});
