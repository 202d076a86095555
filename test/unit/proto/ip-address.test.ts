import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  familyOf,
  ipBytes,
  ipFromBytes,
  isUnspecified,
  parseIp,
  unspecified,
} from '../../../daemon/proto/ip-address.ts';

describe('parseIp', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['010.001.000.009', '10.1.0.9'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('reads %s as %s, RFC 5952', (text, canonical) => {
    expect(parseIp(text)).toBe(canonical);
  });

  test.each([
    [
      '',
      '.',
      '1.2.3',
      '1.2.3.',
      '.1.2.3',
      '1..2.3',
      '1.2.3.4.5',
      '256.0.0.1',
      '1.2.3.1000',
      '1.2.3.4 ',
    ],
    [
      ' 1.2.3.4',
      '1.2.3.x',
      '1.2.3.4/8',
      '1.2.3.-4',
      '٤.1.1.1',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
    ],
    ['1:2:3:4:5:6:7:8:9', '12345::', 'g::', 'fe80::1%eth0', '::1.2.3.256', '1:2:3:4:5:6:7::8'],
  ])('refuses what is no address: %s', (...texts) => {
    for (const text of texts) expect(parseIp(text), text).toBeUndefined();
  });

  test('agrees with the runtime about what an address is, leading zeros apart', () => {
    const characters = fc.stringMatching(/^[0-9a-f:.]{0,20}$/);
    fc.assert(
      fc.property(characters, (text) => {
        fc.pre(!/(?:^|\.)0\d/.test(text));
        expect(parseIp(text) !== undefined, text).toBe(isIP(text) !== 0);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

test('octets and text are the same address, both ways', () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(octets, (bytes) => {
      const address = ipFromBytes(bytes);
      expect([...ipBytes(address)]).toEqual([...bytes]);
      expect(parseIp(address)).toBe(address);
      expect(familyOf(address)).toBe(bytes.length === 4 ? 4 : 6);
    }),
    { seed: 6, numRuns: 1000 },
  );
  expect(() => ipFromBytes(new Uint8Array(5))).toThrow('4 or 16');
});

test('the unspecified address of each family', () => {
  expect([4, 6].map((family) => unspecified(family as 4 | 6))).toEqual(['0.0.0.0', '::']);
  expect(isUnspecified(unspecified(6))).toBe(true);
});
