import { describe, expect, test } from 'vitest';
import type { Payload } from '../../../../daemon/proto/payload.ts';
import { decodeBody, encodeBody, hex, refusalOf } from '../../../support/wire.ts';

const TSI = 44;
const NET = '07 00 0010 0000 ffff 0a010000 0a01ffff';
const NET6 = `08 11 0028 0035 0035 ${'00'.repeat(16)} ${'ff'.repeat(16)}`;

const decode = (text: string): Payload => decodeBody(TSI, hex(text));
const reasonFor = (text: string): string => refusalOf(() => decode(text)).reason;

test('reads and writes IPv4 and IPv6 ranges', () => {
  const text = `02 000000 ${NET} ${NET6}`;
  const payload = decode(text);
  expect(payload).toEqual({
    kind: 'TSi',
    selectors: [
      {
        family: 4,
        protocol: 0,
        startPort: 0,
        endPort: 65535,
        startAddress: hex('0a010000'),
        endAddress: hex('0a01ffff'),
      },
      {
        family: 6,
        protocol: 17,
        startPort: 53,
        endPort: 53,
        startAddress: hex('00'.repeat(16)),
        endAddress: hex('ff'.repeat(16)),
      },
    ],
  });
  expect(encodeBody(payload)).toEqual(hex(text));
});

test('OPAQUE ports are the one range that runs backwards (RFC 7296 section 3.13.1)', () => {
  const text = '01 000000 07 00 0010 ffff 0000 0a010000 0a01ffff';
  expect(decode(text)).toMatchObject({ selectors: [{ startPort: 65535, endPort: 0 }] });
});

test('selectors of unknown types are left out, also if none remains', () => {
  expect(decode(`02 000000 0a 00 0006 abcd ${NET}`)).toMatchObject({ selectors: [{ family: 4 }] });
  expect(decode('01 000000 c8 00 0004')).toEqual({ kind: 'TSi', selectors: [] });
});

describe('SEC-61 refuses', () => {
  test.each([
    ['nothing', '', 'needs 1 octets'],
    ['too short a body', '01 0000', 'needs 3 octets'],
    ['a count of 0', '00 000000', 'no traffic selectors'],
    ['a count of 0 with a selector', `00 000000 ${NET}`, 'no traffic selectors'],
    ['a count of 255 with one selector', `ff 000000 ${NET}`, 'needs 1 octets'],
    ['more selectors than counted', `01 000000 ${NET} ${NET}`, '16 octets left over'],
    ['addresses backwards', '01 000000 07 00 0010 0000 ffff 0a020000 0a01ffff', 'address range'],
    ['ports backwards', '01 000000 07 06 0010 0051 0050 0a010000 0a01ffff', 'port range'],
    ['IPv4 length with IPv6 type', `01 000000 ${NET.replace('07', '08')}`, 'needs 16 octets'],
    ['IPv6 length with IPv4 type', `01 000000 ${NET6.replace('08', '07')}`, '24 octets left over'],
    ['SEC-12 selector length 0', `01 000000 ${NET.replace('0010', '0000')}`, 'less than its own'],
    ['SEC-12 selector length 3', `01 000000 ${NET.replace('0010', '0003')}`, 'less than its own'],
    ['selector length 4', `01 000000 ${NET.replace('0010', '0004')}`, 'needs 2 octets'],
    ['selector length 15', `01 000000 ${NET.replace('0010', '000f')}`, 'needs 4 octets'],
    ['a selector beyond the payload', `01 000000 ${NET.replace('0010', '0011')}`, 'needs 13'],
  ])('%s', (_, text, reason) => {
    expect(reasonFor(text)).toContain(reason);
  });
});
