import { expect, test } from 'vitest';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import {
  IKE_HEADER_OCTETS,
  parseHeader,
  readHeader,
  writeHeader,
} from '../../../daemon/wire/header.ts';
import { Writer } from '../../../daemon/wire/writer.ts';
import { hex, messageWith, refusalOf, SPI_I, SPI_R } from '../../support/wire.ts';

const INIT = '1122334455667788 0000000000000000 21 20 22 08 00000000 0000001c';

test('reads every field in network order', () => {
  const bytes = hex('1122334455667788 99aabbccddeeff00 2e 20 25 20 fffffffe 0000001c');
  expect(parseHeader(bytes)).toEqual({
    spiI: SPI_I,
    spiR: SPI_R,
    nextPayload: 46,
    majorVersion: 2,
    minorVersion: 0,
    exchange: 37,
    isResponse: true,
    fromInitiator: false,
    versionFlag: false,
    messageId: 0xfffffffe,
    length: 28,
  });
});

test('SEC-84 SPIs and message ids from 0x80000000 on are unsigned', () => {
  const bytes = hex('ffffffffffffffff 8000000000000000 00 20 25 08 ffffffff 0000001c');
  const header = parseHeader(bytes);
  expect([header.spiI, header.spiR]).toEqual([0xffffffffffffffffn, 0x8000000000000000n]);
  expect(header.messageId).toBe(0xffffffff);
});

test('writes what it read', () => {
  const bytes = hex(INIT);
  const writer = new Writer();
  writeHeader(writer, messageWith([]), 33, IKE_HEADER_OCTETS);
  expect(writer.finish()).toEqual(bytes);
});

test('a higher minor version and unknown flags are ignored (RFC 7296 section 3.1)', () => {
  const bytes = hex(INIT);
  bytes[17] = 0x2f;
  bytes[19] = 0x08 | 0x10 | 0xc7;
  const header = parseHeader(bytes);
  expect(header).toMatchObject({ minorVersion: 15, versionFlag: true, fromInitiator: true });
  expect(header.isResponse).toBe(false);
});

test('SEC-01 no length below a header is read as one, whatever the octets', () => {
  for (let length = 0; length < IKE_HEADER_OCTETS; length++) {
    for (const fill of [0x00, 0x20, 0xff, 0x5a]) {
      const bytes = new Uint8Array(length).fill(fill);
      expect(readHeader(bytes)).toBeUndefined();
      expect(refusalOf(() => parseHeader(bytes)).payload).toBe('header');
    }
  }
});

test.each([0, 1, 27, 29, 0x7fffffff, 0x80000000, 0xffffffff])(
  'SEC-01 refuses a length field of %i in a datagram of 28 octets',
  (length) => {
    const bytes = hex(INIT);
    new DataView(bytes.buffer).setUint32(24, length);
    expect(refusalOf(() => parseHeader(bytes)).reason).toContain(`length field says ${length}`);
  },
);

test.each([0, 1, 3, 4, 15])(
  'SEC-04 refuses major version %i with INVALID_MAJOR_VERSION, for every exchange',
  (major) => {
    for (let exchange = 0; exchange < 256; exchange++) {
      const bytes = hex(INIT);
      bytes[17] = major << 4;
      bytes[18] = exchange;
      const error = refusalOf(() => parseHeader(bytes));
      expect(error.notify).toBe(NotifyType.INVALID_MAJOR_VERSION);
    }
  },
);

test('a message of another version can still be looked at, to answer it', () => {
  const bytes = hex(INIT);
  bytes[17] = 0x30;
  expect(readHeader(bytes)).toMatchObject({ majorVersion: 3, spiI: SPI_I, isResponse: false });
});

test('refuses an initiator SPI of zero', () => {
  const bytes = hex(INIT);
  bytes.fill(0, 0, 8);
  expect(refusalOf(() => parseHeader(bytes)).reason).toBe('initiator SPI is zero');
});
