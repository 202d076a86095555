import { expect, test } from 'vitest';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { InternalError } from '../../../daemon/util/error.ts';
import { MAX_PAYLOADS } from '../../../daemon/wire/chain.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { datagramWith, hex, messageWith, payloadOctets, refusalOf } from '../../support/wire.ts';

const VENDOR = 43;
const NONCE = 40;

function parse(bytes: Uint8Array) {
  return parseMessage(bytes, parseHeader(bytes), undefined);
}

test('payloads follow each other by "Next Payload"', () => {
  const nonce = new Uint8Array(16).fill(1);
  const chain = concatBytes(payloadOctets(hex('aa'), 0, NONCE), payloadOctets(nonce));
  expect(parse(datagramWith(VENDOR, chain)).payloads).toEqual([
    { kind: 'Vendor', data: hex('aa') },
    { kind: 'Nonce', data: nonce },
  ]);
});

test('a message without payloads has none', () => {
  expect(parse(datagramWith(0, hex(''))).payloads).toEqual([]);
});

test.each([
  ['a payload announced and not there', VENDOR, '', 'needs 1 octets'],
  ['half a payload header', VENDOR, '0000 00', 'needs 2 octets'],
  ['SEC-12 a payload length of 0', VENDOR, '0000 0000', 'payload length 0'],
  ['SEC-12 a payload length below its header', VENDOR, '0000 0003', 'payload length 3'],
  ['a payload longer than the message', VENDOR, '0000 0005', 'needs 1 octets'],
  ['a payload of 65535 octets in 4', VENDOR, '0000 ffff', 'needs 65531 octets'],
  ['octets behind the last payload', VENDOR, '0000 0004 00', '1 octets left over'],
  ['octets behind no payload', 0, '00', '1 octets left over'],
  [
    'SEC-11 a next payload that names itself until the end',
    VENDOR,
    '2b00 0004 2b00 0004',
    'needs 1',
  ],
])('refuses %s', (_, type, chain, reason) => {
  expect(refusalOf(() => parse(datagramWith(type, hex(chain)))).reason).toContain(reason);
});

test('SEC-11 refuses 10 000 tiny payloads after the first hundred', () => {
  const one = payloadOctets(hex(''), 0, VENDOR);
  const chain = new Uint8Array(40_000);
  for (let i = 0; i < 10_000; i++) chain.set(one, i * 4);
  const error = refusalOf(() => parse(datagramWith(VENDOR, chain)));
  expect(error.reason).toBe(`more than ${MAX_PAYLOADS} payloads`);
  expect(error.offset).toBe(28 + MAX_PAYLOADS * 4);
});

test('SEC-11 a payload of 65535 octets is one payload', () => {
  const bytes = datagramWith(VENDOR, payloadOctets(new Uint8Array(65_531)));
  expect(parse(bytes).payloads).toEqual([{ kind: 'Vendor', data: new Uint8Array(65_531) }]);
});

test('SEC-11 SEC-04 unknown types survive without the critical bit and are refused with it', () => {
  const known = [33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 53];
  for (let type = 1; type < 256; type++) {
    if (known.includes(type)) continue;
    const body = hex('0102');
    const [payload] = parse(datagramWith(type, payloadOctets(body, 0x7f))).payloads;
    expect(payload).toEqual({ kind: 'Unknown', type, critical: false, data: body });
    const error = refusalOf(() => parse(datagramWith(type, payloadOctets(body, 0x80))));
    expect(error).toMatchObject({
      notify: NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD,
      criticalType: type,
      offset: 28,
    });
  }
});

test('the critical bit of an unknown payload is written', () => {
  const payload = { kind: 'Unknown', type: 200, critical: true, data: hex('00') } as const;
  expect(encodeMessage(messageWith([payload]), undefined).slice(28)).toEqual(hex('0080 0005 00'));
});

test('a payload too long for its length field is not written', () => {
  const payload = { kind: 'Vendor', data: new Uint8Array(65_532) } as const;
  expect(() => encodeMessage(messageWith([payload]), undefined)).toThrow(InternalError);
});

test.each([46, 53])('refuses an encrypted payload of type %i without keys', (type) => {
  const bytes = datagramWith(type, payloadOctets(new Uint8Array(40)), { exchange: 37 });
  expect(refusalOf(() => parse(bytes)).reason).toMatch(/encrypted/);
});
