import { describe, expect, test } from 'vitest';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes, utf8 } from '../../../daemon/util/bytes.ts';
import { describeMessage } from '../../../daemon/wire/describe.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { checkMessage } from '../../../daemon/wire/message-rules.ts';
import { ToyProtection } from '../../support/toy-protection.ts';
import {
  datagramWith,
  decodeBody,
  encodeBody,
  hex,
  messageWith,
  payloadOctets,
  protectedWith,
  refusalOf,
} from '../../support/wire.ts';

const hostile: readonly string[] = [
  '$(touch /tmp/canary)',
  '`id`;id|id&&id',
  '%s%n%x%%',
  'moon\0.example.org',
  'line\nbreak\r\n[IKE] faked',
  '\u001b[2J\u001b]0;title\u0007',
  "'; --",
];

describe('SEC-03 numbers of the wire never meet numbers of our own', () => {
  test('every key exchange method but NONE is carried as it is', () => {
    for (let method = 1; method < 0x10000; method++) {
      const payload = decodeBody(34, Uint8Array.of(method >> 8, method & 0xff, 0, 0, 1));
      if (payload.kind !== 'KE' || payload.method !== method) throw new Error(`method ${method}`);
    }
  });

  test('every ID type but the reserved one is carried as it is', () => {
    for (let type = 1; type < 256; type++) {
      const data = type === 13 ? hex('') : hex('61');
      const payload = decodeBody(35, concatBytes(Uint8Array.of(type, 0, 0, 0), data));
      expect(payload).toEqual({ kind: 'IDi', identity: { type, data } });
    }
  });

  test.each([
    ['authentication method', 39],
    ['certificate encoding', 37],
    ['configuration type', 47],
  ])('every %s but the reserved one is carried as it is', (_, type) => {
    for (let value = 1; value < 256; value++) {
      const body = concatBytes(Uint8Array.of(value), type === 37 ? hex('30') : hex('000000'));
      const whole = type === 39 ? concatBytes(body, hex('01')) : body;
      expect(encodeBody(decodeBody(type, whole))).toEqual(whole);
    }
  });
});

describe('SEC-04 messages of IKEv1', () => {
  const mainMode = hex(
    '1122334455667788 0000000000000000 01 10 02 00 00000000 00000024 00000008 00000001',
  );

  test('are refused by version, whatever their exchange', () => {
    expect(refusalOf(() => parseHeader(mainMode)).notify).toBe(NotifyType.INVALID_MAJOR_VERSION);
  });

  test('payload numbers of IKEv1 in IKEv2 are unknown payloads', () => {
    for (let type = 1; type <= 32; type++) {
      const payload = decodeBody(type, hex('00000001'));
      expect(payload).toMatchObject({ kind: 'Unknown', type });
    }
  });

  test('exchange numbers of IKEv1 in IKEv2 are refused', () => {
    for (const exchange of [1, 2, 3, 4, 5, 6, 32, 33]) {
      const bytes = encodeMessage(protectedWith([], { exchange }), new ToyProtection());
      const message = parseMessage(bytes, parseHeader(bytes), new ToyProtection());
      expect(refusalOf(() => checkMessage(message)).reason).toContain('unknown exchange');
    }
  });
});

describe('SEC-08 SEC-09 hostile texts', () => {
  test.each(hostile)('%j is octets in every payload, and never part of a log line', (text) => {
    const data = utf8(text);
    const payloads: Payload[] = [
      { kind: 'IDi', identity: { type: 2, data } },
      { kind: 'IDr', identity: { type: 9, data } },
      { kind: 'Notify', protocol: 0, spi: hex(''), type: 40_000, data },
      { kind: 'Vendor', data },
      { kind: 'CP', type: 1, attributes: [{ type: 7, value: data }] },
    ];
    const bytes = encodeMessage(messageWith(payloads), undefined);
    const message = parseMessage(bytes, parseHeader(bytes), undefined);
    expect(message.payloads).toEqual(payloads);
    expect(describeMessage(message)).toBe(
      'IKE_SA_INIT request 0 [ IDi IDr N((40000)) V CPRQ(VER) ]',
    );
  });

  test('a refusal never repeats octets of the message', () => {
    for (const type of [33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 47, 48]) {
      const body = utf8('\u001b[31mSECRET-SECRET-SECRET\n'.repeat(20));
      try {
        decodeBody(type, body);
      } catch (error) {
        expect(String(error)).toMatch(/^DecodeError: [ -~]+$/);
        expect(String(error)).not.toContain('SECRET');
      }
    }
  });
});

test('SEC-13 no output holds octets that nobody wrote', () => {
  const zeros: Payload[] = [
    { kind: 'KE', method: 1, data: new Uint8Array(10) },
    { kind: 'CP', type: 1, attributes: [{ type: 1, value: new Uint8Array(4) }] },
    { kind: 'TSi', selectors: [] },
    { kind: 'AUTH', method: 1, data: new Uint8Array(3) },
  ];
  // What a careless allocation would show: memory that was in use a moment ago.
  for (let i = 0; i < 64; i++) Buffer.allocUnsafe(1024).fill(0xaa);
  const protection = new ToyProtection({ blockOctets: 16 });
  const written: Uint8Array[] = [];
  const seal = protection.seal.bind(protection);
  protection.seal = (aad, padded) => {
    written.push(padded);
    return seal(aad, padded);
  };
  const clear = encodeMessage(messageWith(zeros), undefined);
  const whole = encodeMessage(protectedWith(zeros), protection);
  const parts = encodeFragmented(protectedWith(zeros), protection, 90);
  expect(written).toHaveLength(1 + parts.length);
  for (const octets of [clear.subarray(28), ...written]) expect(octets.includes(0xaa)).toBe(false);
  for (const bytes of [clear, whole, ...parts]) expect(bytes.buffer.byteLength).toBe(bytes.length);
});

test('SEC-11 reserved bits of the generic header are ignored for every known payload', () => {
  const nonce = new Uint8Array(16);
  for (let flags = 0; flags < 256; flags++) {
    const bytes = datagramWith(40, payloadOctets(nonce, flags));
    expect(parseMessage(bytes, parseHeader(bytes), undefined).payloads).toEqual([
      { kind: 'Nonce', data: nonce },
    ]);
  }
});

test('SEC-12 every declared length from 0 to its header is refused in every nested structure', () => {
  const bodies: readonly (readonly [type: number, body: string, at: number, header: number])[] = [
    [33, '00000010 01 01 00 01 00000008 0100000c', 2, 8],
    [33, '00000010 01 01 00 01 00000008 0100000c', 10, 8],
    [44, '01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff', 6, 8],
    [48, '03070004', 2, 4],
  ];
  for (const [type, body, at, header] of bodies) {
    decodeBody(type, hex(body));
    for (let length = 0; length < header; length++) {
      const lying = hex(body);
      new DataView(lying.buffer).setUint16(at, length);
      expect(refusalOf(() => decodeBody(type, lying)).notify).toBe(NotifyType.INVALID_SYNTAX);
    }
  }
});
