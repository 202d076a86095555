import { expect, test } from 'vitest';
import { NodeRandom } from '../../../daemon/runtime/node-random.ts';

test('hands out arrays of the asked length that nobody else holds', () => {
  const random = new NodeRandom();
  const seen = new Set<string>();
  for (const length of [0, 1, 32, 4095, 4096, 4097, 10_000]) {
    const octets = random.bytes(length);
    expect(octets).toHaveLength(length);
    expect(octets.buffer.byteLength).toBe(length);
  }
  for (let i = 0; i < 2000; i++) seen.add(random.bytes(16).toString());
  expect(seen.size).toBe(2000);
});

test('octets are evenly spread', () => {
  const counts = new Uint32Array(256);
  const random = new NodeRandom();
  for (let i = 0; i < 1000; i++)
    for (const octet of random.bytes(256)) counts[octet] = (counts[octet] ?? 0) + 1;
  // 1000 expected each, standard deviation 32: seven of those are a chance below 1 in 10^9.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(225);
});

test('below stays below its bound and reaches every value', () => {
  const random = new NodeRandom();
  for (const bound of [1, 2, 3, 7, 256]) {
    const seen = new Set<number>();
    for (let i = 0; i < 256 * 40; i++) seen.add(random.below(bound));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: bound }, (_, i) => i));
  }
  expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
});

test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('below refuses the bound %s', (bound) => {
  expect(() => new NodeRandom().below(bound)).toThrow(RangeError);
});
