import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../../daemon/util/hex.ts';

const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);

test('hexadecimal text is read in either case, and gives what it was made of', () => {
  expect(fromHex(toHex(all))).toEqual(all);
  expect(fromHex(toHex(all).toUpperCase())).toEqual(all);
  expect(fromHex('')).toEqual(new Uint8Array(0));
});

test('anything else is none', () => {
  for (const text of ['0', 'abc', '0x', 'g0', '0g', '@1', '`1', ' 1', '-1', '1.', 'ａ0', 'š0']) {
    expect(fromHex(text), text).toBeUndefined();
  }
  for (let code = 0; code < 0x250; code++) {
    const digit = String.fromCharCode(code);
    const isDigit = /^[0-9a-fA-F]$/.test(digit);
    expect(fromHex(`0${digit}`) !== undefined, `${code}`).toBe(isDigit);
    expect(fromHex(`${digit}0`) !== undefined, `${code}`).toBe(isDigit);
  }
});
