import { expect, test } from 'vitest';
import { utf8 } from '../../../daemon/util/bytes.ts';

test('UTF-8 of short and long texts, ASCII and others, is what the platform says', () => {
  const encoder = new TextEncoder();
  for (const piece of [
    '',
    'a',
    '\u0000\u007f',
    '\u0080',
    'ü',
    '€',
    '😀',
    '\ud800',
    'x'.repeat(63),
  ]) {
    for (const text of [piece, `${piece}z`, `${'y'.repeat(61)}${piece}`, piece.repeat(50)]) {
      expect(utf8(text)).toEqual(encoder.encode(text));
    }
  }
});

test('every result is an array of its own', () => {
  const first = utf8('abc');
  first.fill(0);
  expect(utf8('abc')).toEqual(Uint8Array.of(97, 98, 99));
});
