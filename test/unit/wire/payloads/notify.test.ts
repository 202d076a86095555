import { expect, test } from 'vitest';
import {
  NotifyType,
  notifyName,
  notifyShortName,
} from '../../../../daemon/proto/iana/notify-types.ts';
import { equalBytes } from '../../../../daemon/util/bytes.ts';
import { decodeBody, encodeBody, hex, refusalOf } from '../../../support/wire.ts';

const NOTIFY = 41;

test.each([
  ['00 00 4004 1111111111111111111111111111111111111111', 16388, 0, '', '11'.repeat(20)],
  ['03 04 4009 c0ffee01', NotifyType.REKEY_SA, 3, 'c0ffee01', ''],
  ['00 00 0011 0013', NotifyType.INVALID_KE_PAYLOAD, 0, '', '0013'],
  ['00 00 ffff 00', 65535, 0, '', '00'],
])('reads and writes %s', (body, type, protocol, spi, data) => {
  const payload = { kind: 'Notify', protocol, spi: hex(spi), type, data: hex(data) } as const;
  expect(decodeBody(NOTIFY, hex(body))).toEqual(payload);
  expect(encodeBody(payload)).toEqual(hex(body));
});

test.each([
  ['nothing', '', 'needs 1 octets'],
  ['too short a body', '00 00 40', 'needs 2 octets'],
  ['an SPI beyond the payload', '03 04 4009 c0ffee', 'needs 4 octets'],
  ['an SPI of 255 octets in none', '03 ff 4009', 'needs 255 octets'],
  ['REKEY_SA without SPI', '03 00 4009', 'SPI of 0 octets in REKEY_SA'],
  ['a NAT detection hash of 19 octets', `00 00 4004 ${'11'.repeat(19)}`, '19 octets of data'],
  ['a NAT detection hash of 21 octets', `00 00 4005 ${'11'.repeat(21)}`, '21 octets of data'],
  ['an empty cookie', '00 00 4006', '0 octets of data'],
  ['a cookie of 65 octets', `00 00 4006 ${'11'.repeat(65)}`, '65 octets of data'],
  ['INVALID_KE_PAYLOAD without method', '00 00 0011', '0 octets of data'],
  ['an odd list of hash algorithms', '00 00 402f 000200', '3 octets of data'],
])('refuses %s', (_, body, reason) => {
  expect(refusalOf(() => decodeBody(NOTIFY, hex(body))).reason).toContain(reason);
});

test('SEC-03 every notify number survives, prints, and is known only if it is registered', () => {
  const registered = new Set<number>(Object.values(NotifyType));
  const wrong: number[] = [];
  for (let type = 0; type < 0x10000; type++) {
    if ((notifyName(type) === `(${type})`) === registered.has(type)) wrong.push(type);
    if (registered.has(type)) continue;
    const body = Uint8Array.of(0, 0, type >> 8, type & 0xff, 1);
    const payload = decodeBody(NOTIFY, body);
    if (payload.kind !== 'Notify' || payload.type !== type) wrong.push(type);
    if (notifyShortName(type) !== `(${type})` || !equalBytes(encodeBody(payload), body)) {
      wrong.push(type);
    }
  }
  expect(wrong).toEqual([]);
});
