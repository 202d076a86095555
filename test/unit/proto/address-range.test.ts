import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AddressRange,
  addressAt,
  MAX_RANGE_SIZE,
  offsetOf,
  parseAddressRange,
  rangesOverlap,
} from '../../../daemon/proto/address-range.ts';
import { ipFromBytes } from '../../../daemon/proto/ip-address.ts';
import { ip } from '../../support/selectors.ts';

// What strongSwan 6.1.0 answers to get-pools for these.
test.each([
  ['10.0.0.0/24', '10.0.0.1', 254],
  ['10.0.0.5/24', '10.0.0.5', 250],
  ['10.0.0.1-10.0.0.3', '10.0.0.1', 3],
  ['10.0.0.1', '10.0.0.1', 1],
  ['10.0.0.0/31', '10.0.0.0', 2],
  ['10.0.0.7/32', '10.0.0.7', 1],
  ['fd00::/120', 'fd00::1', 254],
  ['fd00::/127', 'fd00::', 2],
  ['fd00::9/128', 'fd00::9', 1],
  ['10.0.0.0/8', '10.0.0.1', 2 ** 24 - 2],
  ['fd00::/64', 'fd00::1', MAX_RANGE_SIZE],
  ['0.0.0.0/0', '0.0.0.1', MAX_RANGE_SIZE],
  ['::/0', '::1', MAX_RANGE_SIZE],
  [' 10.0.0.1 - 10.0.0.3 ', '10.0.0.1', 3],
])('%s begins with %s and holds %i', (text, first, size) => {
  expect(parseAddressRange(text)).toMatchObject({ first, size });
});

test.each([
  '',
  'example.org',
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0.0/',
  '10.0.0.0/x',
  '10.0.0.0/8/8',
  '10.0.0.3-10.0.0.1',
  '10.0.0.1-fd00::1',
  '10.0.0.1-10.0.0.2-10.0.0.3',
  '10.0.0.1-',
  // The host part skips everything that could be assigned.
  '10.0.0.255/24',
  '%any',
])('"%s" is no range', (text) => {
  expect(parseAddressRange(text)).toBeUndefined();
});

const octets = fc
  .constantFrom(4, 16)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));

test('offset and address are inverse, and nothing outside has an offset', () => {
  const input = fc.tuple(
    octets,
    fc.integer({ min: 0, max: 128 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(input, ([bytes, prefix, part]) => {
      const text = `${ipFromBytes(bytes)}/${Math.min(prefix, bytes.length * 8)}`;
      const range = parseAddressRange(text);
      if (range === undefined) return;
      expect(range.size).toBeGreaterThan(0);
      expect(range.size).toBeLessThanOrEqual(MAX_RANGE_SIZE);
      const offset = Math.min(range.size - 1, Math.floor(part * range.size));
      expect(offsetOf(range, addressAt(range, offset))).toBe(offset);
      expect(offsetOf(range, addressAt(range, 0))).toBe(0);
      const behind: AddressRange = { ...range, size: 1, first: addressAt(range, range.size - 1) };
      expect(offsetOf(behind, addressAt(range, 0))).toBe(range.size === 1 ? 0 : undefined);
    }),
  );
});

test('ranges overlap if they share an address', () => {
  const range = (text: string) => parseAddressRange(text) as AddressRange;
  expect(rangesOverlap(range('10.0.0.1-10.0.0.5'), range('10.0.0.5-10.0.0.9'))).toBe(true);
  expect(rangesOverlap(range('10.0.0.1-10.0.0.4'), range('10.0.0.5-10.0.0.9'))).toBe(false);
  expect(rangesOverlap(range('10.0.0.0/8'), range('10.3.0.0/24'))).toBe(true);
  expect(rangesOverlap(range('::/0'), range('0.0.0.0/0'))).toBe(false);
  expect(offsetOf(range('10.0.0.0/8'), ip('fd00::1'))).toBeUndefined();
});
