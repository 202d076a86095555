import { expect, test } from 'vitest';
import { Reqids } from '../../../daemon/kernel/reqids.ts';
import { ts } from '../../support/selectors.ts';

const key = (n: number, more = {}) => ({
  localTs: [ts(`10.${n}.0.0/16`)],
  remoteTs: [ts('10.0.0.0/16')],
  ifIdIn: 0,
  ifIdOut: 0,
  ...more,
});

test('counts from the base and reuses freed ones first', () => {
  const reqids = new Reqids(() => 10);
  expect([1, 2, 3].map((n) => reqids.acquire(key(n)))).toEqual([10, 11, 12]);
  reqids.release(11);
  expect(reqids.acquire(key(4))).toBe(11);
  expect(reqids.acquire(key(5))).toBe(13);
});

test('equal selectors share a reqid until the last user is gone', () => {
  const reqids = new Reqids(() => 1);
  expect(reqids.acquire(key(1))).toBe(1);
  expect(reqids.acquire(key(1))).toBe(1);
  reqids.release(1);
  expect(reqids.acquire(key(1))).toBe(1);
  reqids.release(1);
  reqids.release(1);
  expect(reqids.size).toBe(0);
  reqids.release(1);
  expect(reqids.acquire(key(2))).toBe(1);
});

test.each([
  ['selectors', { remoteTs: [ts('10.9.0.0/16')] }],
  ['protocol', { remoteTs: [ts('10.0.0.0/16', 6)] }],
  ['inbound mark', { markIn: { value: 1, mask: 0xffffffff } }],
  ['outbound mark', { markOut: { value: 1, mask: 0xffffffff } }],
  ['interface id', { ifIdIn: 5 }],
  ['label', { label: 'a' }],
])('another %s is another reqid', (_what, more) => {
  const reqids = new Reqids(() => 1);
  reqids.acquire(key(1));
  expect(reqids.acquire(key(1, more))).toBe(2);
});

test('the order of selectors does not matter', () => {
  const reqids = new Reqids(() => 1);
  const [a, b] = [ts('10.1.0.0/16'), ts('10.2.0.0/16')];
  expect(reqids.acquire({ ...key(1), localTs: [a, b] })).toBe(1);
  expect(reqids.acquire({ ...key(1), localTs: [b, a] })).toBe(1);
});

test('a configured reqid is taken as it is and never handed out meanwhile', () => {
  const reqids = new Reqids(() => 1);
  expect(reqids.acquire(key(1, { fixed: 2 }))).toBe(2);
  expect(reqids.acquire(key(2))).toBe(1);
  expect(reqids.acquire(key(3))).toBe(3);
  reqids.release(2);
  expect(reqids.size).toBe(2);
});

test('a configured reqid equal to one handed out keeps it from being reused', () => {
  const reqids = new Reqids(() => 1);
  reqids.acquire(key(1));
  reqids.acquire(key(2, { fixed: 1 }));
  reqids.release(1);
  expect(reqids.acquire(key(3))).toBe(2);
});
