import { describe, expect, test } from 'vitest';
import { oidOctets, oidText } from '../../../daemon/proto/oid.ts';
import { fromHex, toHex } from '../../../daemon/util/hex.ts';

describe('object identifiers, as text and as DER contents', () => {
  test.each([
    ['0.39', '27'],
    ['1.2.840.113549', '2a864886f70d'],
    ['1.39', '4f'],
    ['2.0', '50'],
    ['2.5.29.17', '551d11'],
    ['2.999.3', '883703'],
    ['2.16.840.1.101.3.4.2.1', '608648016503040201'],
    ['2.25.329800735698586629295641978511506172918', '6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776'],
  ])('%s', (text, hex) => {
    expect(toHex(oidOctets(text))).toBe(hex);
    expect(oidText(fromHex(hex) ?? new Uint8Array())).toBe(text);
  });

  test('an arc beyond exact numbers keeps all of its digits', () => {
    for (const arc of [2n ** 46n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 100n + 1n])
      expect(oidText(oidOctets(`1.2.${arc}.5`))).toBe(`1.2.${arc}.5`);
  });
});
