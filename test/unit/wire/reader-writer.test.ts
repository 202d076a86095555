import { expect, test } from 'vitest';
import { InternalError } from '../../../daemon/util/error.ts';
import { Reader } from '../../../daemon/wire/reader.ts';
import { Writer } from '../../../daemon/wire/writer.ts';
import { hex, refusalOf } from '../../support/wire.ts';

test('reads unsigned big-endian numbers', () => {
  const reader = new Reader(hex('ff fffe fffffffd fffffffffffffffc'), 'test');
  expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([
    0xff,
    0xfffe,
    0xfffffffd,
    0xfffffffffffffffcn,
  ]);
  reader.expectEnd();
});

test('never reads beyond its bounds, and stays where it was when it cannot', () => {
  const reader = new Reader(hex('0011223344556677'), 'test', 2, 5);
  expect(refusalOf(() => reader.u32()).offset).toBe(2);
  expect(refusalOf(() => reader.bytes(4)).reason).toBe('needs 4 octets, has 3');
  expect(refusalOf(() => reader.sub(4)).offset).toBe(2);
  expect(refusalOf(() => reader.skip(-1)).offset).toBe(2);
  expect(reader.rest()).toEqual(hex('223344'));
  expect(refusalOf(() => reader.u8()).offset).toBe(5);
});

test('a sub-reader ends where it was told, and its parent continues behind it', () => {
  const reader = new Reader(hex('00112233'), 'outer');
  const inner = reader.sub(2, 'inner');
  expect(reader.u8()).toBe(0x22);
  inner.u8();
  expect(refusalOf(() => inner.expectEnd())).toMatchObject({ payload: 'inner', offset: 1 });
  inner.u8();
  expect(refusalOf(() => inner.u8())).toMatchObject({ payload: 'inner', offset: 2 });
});

test('SEC-85 octets are copies, also of a Buffer whose slice would be a view', () => {
  const source = Buffer.from('00112233', 'hex');
  const copy = new Reader(source, 'test').bytes(4);
  source.fill(0xee);
  expect(copy).toEqual(hex('00112233'));
});

test('writes and patches numbers, growing as needed', () => {
  const writer = new Writer(1);
  writer.u8(1);
  writer.u16(0xfffe);
  writer.u32(0xfffffffd);
  writer.u64(0xfffffffffffffffcn);
  writer.zeros(2);
  writer.bytes(hex('aabb'));
  writer.patchU8(0, 0x7f);
  writer.patchU16(1, 0x0102);
  expect(writer.finish()).toEqual(hex('7f 0102 fffffffd fffffffffffffffc 0000 aabb'));
});

test.each([
  ['u8', 256],
  ['u16', 65536],
  ['u32', 2 ** 32],
  ['u8', -1],
  ['u16', 1.5],
] as const)('refuses to write %s %d rather than cut it', (kind, value) => {
  expect(() => new Writer()[kind](value)).toThrow(InternalError);
});

test('SEC-13 space that was reserved and not written is zero', () => {
  const writer = new Writer(4);
  writer.bytes(new Uint8Array(3).fill(0xaa));
  writer.zeros(61);
  expect(writer.finish().subarray(3)).toEqual(new Uint8Array(61));
});
