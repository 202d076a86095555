import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PoolRanges } from '../../../daemon/pools/pool-ranges.ts';
import {
  type AddressRange,
  addressAt,
  parseAddressRange,
  rangesOverlap,
} from '../../../daemon/proto/address-range.ts';

const ALL = parseAddressRange('10.0.0.1-10.0.0.200');
if (ALL === undefined) throw new TypeError('no range');
const ipv4 = fc
  .tuple(fc.nat(150), fc.integer({ min: 1, max: 40 }))
  .map(([at, size]): AddressRange => ({ family: 4, first: addressAt(ALL, at), size }));
const ipv6 = fc.nat(3).map((n): AddressRange => {
  const range = parseAddressRange(`2001:db8::${n + 1}-2001:db8::${n + 2}`);
  if (range === undefined) throw new TypeError('no range');
  return range;
});

test('finds the same overlaps as comparing with every one', () => {
  const step = fc.oneof({ weight: 4, arbitrary: ipv4 }, ipv6, fc.nat(20));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ranges = new PoolRanges();
      const model = new Map<string, AddressRange>();
      for (const [i, what] of steps.entries()) {
        if (typeof what === 'number') {
          const [name, range] = [...model][what] ?? [];
          if (name === undefined || range === undefined) continue;
          model.delete(name);
          ranges.remove(name, range);
          continue;
        }
        const expected = [...model].filter(([, other]) => rangesOverlap(other, what));
        expect(new Set(ranges.add(`p${i}`, what))).toEqual(new Set(expected.map(([name]) => name)));
        model.set(`p${i}`, what);
      }
    }),
  );
});
