import { expect, test } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeCookieResponse, peekInitRequest } from '../../../daemon/wire/init-peek.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { checkMessage } from '../../../daemon/wire/message-rules.ts';
import { datagramWith, hex, messageWith, payloadOctets, SPI_R } from '../../support/wire.ts';

const nonce = new Uint8Array(32).fill(0x77);
const sa: Payload = {
  kind: 'SA',
  proposals: [{ number: 1, protocol: 1, spi: hex(''), transforms: [{ type: 1, id: 20 }] }],
};
const ke: Payload = { kind: 'KE', method: 31, data: new Uint8Array(32) };
const no: Payload = { kind: 'Nonce', data: nonce };
const cookieNotify = (data: Uint8Array, spi = hex('')): Payload => ({
  kind: 'Notify',
  protocol: 0,
  spi,
  type: NotifyType.COOKIE,
  data,
});

function request(payloads: readonly Payload[], changes: Partial<Message> = {}): Uint8Array {
  return encodeMessage(messageWith(payloads, changes), undefined);
}

test('finds SPI and nonce, wherever the nonce is, as views', () => {
  for (const payloads of [
    [sa, ke, no],
    [no, sa, ke],
  ]) {
    const bytes = request(payloads);
    const peek = peekInitRequest(bytes);
    expect(peek).toEqual({ spiI: hex('1122334455667788'), nonce, cookie: undefined });
    expect(peek?.nonce.buffer).toBe(bytes.buffer);
    expect(peek?.spiI.buffer).toBe(bytes.buffer);
  }
});

test('finds the cookie only in front (RFC 7296 section 2.6)', () => {
  const cookie = hex('c00c1e');
  expect(peekInitRequest(request([cookieNotify(cookie), sa, ke, no]))?.cookie).toEqual(cookie);
  expect(peekInitRequest(request([cookieNotify(cookie, hex('0102')), no]))?.cookie).toEqual(cookie);
  expect(peekInitRequest(request([sa, cookieNotify(cookie), no]))?.cookie).toBeUndefined();
});

test('a notify in front that is no cookie, or a cookie of a wrong size, counts as none', () => {
  const natd: Payload = {
    kind: 'Notify',
    protocol: 0,
    spi: hex(''),
    type: NotifyType.NAT_DETECTION_SOURCE_IP,
    data: new Uint8Array(20),
  };
  expect(peekInitRequest(request([natd, no]))).toMatchObject({ cookie: undefined, nonce });
  for (const size of [0, 65]) {
    const peek = peekInitRequest(request([cookieNotify(new Uint8Array(size)), no]));
    expect(peek).toMatchObject({ cookie: undefined, nonce });
  }
  const lying = concatBytes(payloadOctets(hex('00ff4006 01'), 0, 40), payloadOctets(nonce));
  expect(peekInitRequest(datagramWith(41, lying))).toMatchObject({ cookie: undefined, nonce });
});

test.each<[string, Partial<Message>]>([
  ['a response', { isResponse: true }],
  ['without the Initiator flag', { fromInitiator: false }],
  ['another exchange', { exchange: ExchangeType.IKE_AUTH }],
  ['message id 1', { messageId: 1 }],
  ['message id 0x01000000', { messageId: 0x0100_0000 }],
  ['a responder SPI', { spiR: SPI_R }],
  ['no initiator SPI', { spiI: messageWith([]).spiR }],
])('is not interested in %s', (_, changes) => {
  expect(peekInitRequest(request([sa, ke, no], changes))).toBeUndefined();
});

test('is not interested in what has no nonce, or one of a wrong size', () => {
  expect(peekInitRequest(request([sa, ke]))).toBeUndefined();
  expect(peekInitRequest(request([]))).toBeUndefined();
  for (const size of [0, 15, 257]) {
    const bytes = datagramWith(40, payloadOctets(new Uint8Array(size)));
    expect(peekInitRequest(bytes)).toBeUndefined();
  }
});

test('SEC-01 SEC-12 every prefix, wrong length and broken chain is undefined, not an exception', () => {
  const whole = request([cookieNotify(hex('aa')), sa, ke, no]);
  for (let length = 0; length < whole.length; length++) {
    expect(peekInitRequest(whole.subarray(0, length))).toBeUndefined();
    const adjusted = whole.slice(0, length);
    if (length >= 28) new DataView(adjusted.buffer).setUint32(24, length);
    expect(peekInitRequest(adjusted)).toBeUndefined();
  }
  for (const length of [0, 3, 0xffff]) {
    const bytes = datagramWith(
      43,
      concatBytes(payloadOctets(hex('01'), 0, 40), payloadOctets(nonce)),
    );
    new DataView(bytes.buffer).setUint16(30, length);
    expect(peekInitRequest(bytes)).toBeUndefined();
  }
  const version3 = whole.slice();
  version3[17] = 0x30;
  expect(peekInitRequest(version3)).toBeUndefined();
});

test('SEC-11 looks at no more than 100 payloads', () => {
  const tiny = payloadOctets(hex(''), 0, 43);
  const last = payloadOctets(hex(''), 0, 40);
  const chain = (count: number): Uint8Array =>
    concatBytes(...new Array<Uint8Array>(count - 1).fill(tiny), last, payloadOctets(nonce));
  expect(peekInitRequest(datagramWith(43, chain(99)))).toBeDefined();
  expect(peekInitRequest(datagramWith(43, chain(100)))).toBeUndefined();
});

test('agrees with the full parser on well-formed requests', () => {
  const bytes = request([cookieNotify(hex('0102')), sa, ke, no]);
  const message = parseMessage(bytes, parseHeader(bytes), undefined);
  const found = message.payloads.find((payload) => payload.kind === 'Nonce');
  expect(peekInitRequest(bytes)?.nonce).toEqual(found?.data);
});

test('SEC-13 the cookie response is a legal message and repeats nothing but the initiator SPI', () => {
  const bytes = request([sa, ke, no]);
  const cookie = new Uint8Array(36).fill(0xc0);
  const response = encodeCookieResponse(bytes, cookie);
  const message = parseMessage(response, parseHeader(response), undefined);
  expect(message).toEqual(
    messageWith([cookieNotify(cookie)], { isResponse: true, fromInitiator: false }),
  );
  checkMessage(message);
  expect(encodeMessage(message, undefined)).toEqual(response);
});
