import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** Fails as `expect(actual, what).toEqual(expected)` would, and costs nothing where it holds: for checks made by the million. */
export function holds(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, what).toEqual(expected);
}
