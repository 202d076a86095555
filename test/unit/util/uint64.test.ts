import { expect, test } from 'vitest';
import { putUint32, putUint64, uint32At, uint64At } from '../../../daemon/util/uint64.ts';
import { hex } from '../../support/hex.ts';

test.each([0n, 1n, 0x80000000n, 0xffffffffn, 0x0123456789abcdefn, 2n ** 64n - 1n])(
  '%s goes through its octets',
  (value) => {
    const octets = new Uint8Array(11).fill(0xee);
    putUint64(octets, 2, value);
    expect(hex(octets)).toBe(`eeee${value.toString(16).padStart(16, '0')}ee`);
    expect(uint64At(octets, 2)).toBe(value);
  },
);

test('the lower 32 bits of a larger number', () => {
  const octets = new Uint8Array(4);
  putUint32(octets, 0, 2 ** 40 + 0xfedcba98);
  expect(hex(octets)).toBe('fedcba98');
  expect(uint32At(octets, 0)).toBe(0xfedcba98);
});
