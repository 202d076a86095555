import { expect, test } from 'vitest';
import {
  type Codec,
  list,
  nonZero,
  octets,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u32,
} from '../../../daemon/wire/codec.ts';
import { Reader } from '../../../daemon/wire/reader.ts';
import { Writer } from '../../../daemon/wire/writer.ts';
import { hex, refusalOf } from '../../support/wire.ts';

const body = struct(
  ['a', u8],
  ['_reserved', reserved(3)],
  ['b', u16],
  ['c', octets(2)],
  ['d', u32],
  ['e', rest()],
);

test('a field list reads in wire order and leaves reserved fields out', () => {
  const value = body.read(new Reader(hex('01 ffffff 0203 0405 06070809 0a0b'), 'test'));
  expect(value).toEqual({ a: 1, b: 0x0203, c: hex('0405'), d: 0x06070809, e: hex('0a0b') });
});

test('a field list writes reserved fields as zero', () => {
  const writer = new Writer();
  body.write(writer, { a: 1, b: 0x0203, c: hex('0405'), d: 0x06070809, e: hex('0a0b') });
  expect(writer.finish()).toEqual(hex('01 000000 0203 0405 06070809 0a0b'));
});

test('rest has bounds', () => {
  const codec = rest(2, 3);
  expect(codec.read(new Reader(hex('0102'), 'test'))).toHaveLength(2);
  expect(refusalOf(() => codec.read(new Reader(hex('01'), 'test'))).reason).toContain('at least 2');
  expect(refusalOf(() => codec.read(new Reader(hex('01020304'), 'test'))).reason).toContain(
    'at most 3',
  );
});

test('nonZero refuses a reserved zero by name', () => {
  const read = () => nonZero(u8, 'colour').read(new Reader(hex('00'), 'test'));
  expect(refusalOf(read).reason).toBe('colour 0 is reserved');
});

test('a list is bounded and reads to the end', () => {
  expect(list(u16, 2).read(new Reader(hex('00010002'), 'test'))).toEqual([1, 2]);
  const tooMany = () => list(u8, 2).read(new Reader(hex('010203'), 'test'));
  expect(refusalOf(tooMany).reason).toBe('more than 2 elements');
  expect(refusalOf(() => list(u16, 9).read(new Reader(hex('010203'), 'test'))).offset).toBe(2);
});

test('SEC-12 a list whose element takes no octets is refused instead of going on for ever', () => {
  const nothing: Codec<number> = { read: () => 0, write: () => {} };
  const read = () => list(nothing, Number.MAX_SAFE_INTEGER).read(new Reader(hex('01'), 'test'));
  expect(refusalOf(read).reason).toBe('an element without octets');
});
