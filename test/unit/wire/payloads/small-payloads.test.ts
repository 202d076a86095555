import { describe, expect, test } from 'vitest';
import { NotifyType } from '../../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../../daemon/proto/payload.ts';
import { decodeBody, encodeBody, hex, refusalOf } from '../../../support/wire.ts';

interface Case {
  readonly type: number;
  readonly accepts: readonly (readonly [body: string, payload: Payload])[];
  readonly rejects: readonly (readonly [what: string, body: string, reason: string])[];
}

const cases: Readonly<Record<string, Case>> = {
  KE: {
    type: 34,
    accepts: [['001f 0000 aabb', { kind: 'KE', method: 31, data: hex('aabb') }]],
    rejects: [
      ['nothing', '', 'needs 2 octets'],
      ['too short a body', '001f 00', 'needs 2 octets'],
      ['no public value', '001f 0000', 'at least 1'],
      ['method NONE', '0000 0000 aabb', 'key exchange method 0 is reserved'],
    ],
  },
  IDi: {
    type: 35,
    accepts: [
      ['02 000000 6d6f6f6e', { kind: 'IDi', identity: { type: 2, data: hex('6d6f6f6e') } }],
      ['0d 000000', { kind: 'IDi', identity: { type: 13, data: hex('') } }],
      ['c9 000000 00', { kind: 'IDi', identity: { type: 201, data: hex('00') } }],
    ],
    rejects: [
      ['nothing', '', 'needs 1 octets'],
      ['too short a body', '02 0000', 'needs 3 octets'],
      [
        'SEC-27 type 0, which means "any" inside the daemon',
        '00 000000 6d',
        'ID type 0 is reserved',
      ],
      ['SEC-07 no identification data', '02 000000', '0 octets of identity of type 2'],
      ['data of an ID_NULL', '0d 000000 01', '1 octets of identity of type 13'],
    ],
  },
  IDr: {
    type: 36,
    accepts: [['0b 000000 ff', { kind: 'IDr', identity: { type: 11, data: hex('ff') } }]],
    rejects: [['type 0', '00 000000 6d', 'ID type 0 is reserved']],
  },
  CERT: {
    type: 37,
    accepts: [['04 3000', { kind: 'CERT', encoding: 4, data: hex('3000') }]],
    rejects: [
      ['nothing', '', 'needs 1 octets'],
      ['no data', '04', 'at least 1'],
      ['encoding 0', '00 3000', 'certificate encoding 0 is reserved'],
    ],
  },
  CERTREQ: {
    type: 38,
    accepts: [
      ['04', { kind: 'CERTREQ', encoding: 4, authorities: hex('') }],
      ['0e 0102', { kind: 'CERTREQ', encoding: 14, authorities: hex('0102') }],
    ],
    rejects: [
      ['nothing', '', 'needs 1 octets'],
      ['encoding 0', '00', 'certificate encoding 0 is reserved'],
    ],
  },
  AUTH: {
    type: 39,
    accepts: [
      ['02 000000 aabbcc', { kind: 'AUTH', method: 2, data: hex('aabbcc') }],
      ['ff 000000 aa', { kind: 'AUTH', method: 255, data: hex('aa') }],
    ],
    rejects: [
      ['too short a body', '02 0000', 'needs 3 octets'],
      ['SEC-29 no authentication data', '02 000000', 'at least 1'],
      ['SEC-27 method 0', '00 000000 aa', 'authentication method 0 is reserved'],
    ],
  },
  Nonce: {
    type: 40,
    accepts: [
      ['11'.repeat(16), { kind: 'Nonce', data: hex('11'.repeat(16)) }],
      ['22'.repeat(256), { kind: 'Nonce', data: hex('22'.repeat(256)) }],
    ],
    rejects: [
      ['nothing', '', 'at least 16'],
      ['15 octets', '11'.repeat(15), 'at least 16'],
      ['257 octets', '11'.repeat(257), 'at most 256'],
    ],
  },
  Delete: {
    type: 42,
    accepts: [
      ['01 00 0000', { kind: 'Delete', protocol: 1, spiSize: 0, spis: [] }],
      [
        '03 04 0002 80000000 ffffffff',
        { kind: 'Delete', protocol: 3, spiSize: 4, spis: [hex('80000000'), hex('ffffffff')] },
      ],
      ['ff 02 0001 0102', { kind: 'Delete', protocol: 255, spiSize: 2, spis: [hex('0102')] }],
    ],
    rejects: [
      ['nothing', '', 'needs 1 octets'],
      ['too short a body', '03 04 00', 'needs 2 octets'],
      ['SEC-60 protocol 0', '00 00 0000', 'protocol 0 is reserved'],
      [
        'SEC-60 an IKE_SA with SPIs',
        '01 08 0001 0102030405060708',
        'SPIs of 8 octets for protocol 1',
      ],
      ['SEC-60 an IKE_SA with a count', '01 00 0001', '1 SPIs without octets'],
      ['SEC-60 ESP SPIs of 3 octets', '03 03 0001 010203', 'SPIs of 3 octets for protocol 3'],
      ['SEC-60 ESP SPIs of no octets', '03 00 0001', 'SPIs of 0 octets for protocol 3'],
      ['SEC-60 ESP SPIs of 255 octets', '03 ff 0000', 'SPIs of 255 octets for protocol 3'],
      ['SEC-60 more SPIs than octets', '03 04 0002 01020304', '2 SPIs of 4 octets in 4 octets'],
      ['SEC-60 65535 SPIs in none', '03 04 ffff', '65535 SPIs of 4 octets in 0 octets'],
      ['SEC-60 65535 SPIs of no octets', 'ff 00 ffff', '65535 SPIs without octets'],
      ['octets behind the SPIs', '03 04 0001 0102030405', '1 SPIs of 4 octets in 5 octets'],
    ],
  },
  Vendor: {
    type: 43,
    accepts: [
      ['', { kind: 'Vendor', data: hex('') }],
      ['afcad713', { kind: 'Vendor', data: hex('afcad713') }],
    ],
    rejects: [],
  },
  CP: {
    type: 47,
    accepts: [
      ['01 000000', { kind: 'CP', type: 1, attributes: [] }],
      [
        '02 000000 0001 0004 0a000001 4000 0000',
        {
          kind: 'CP',
          type: 2,
          attributes: [
            { type: 1, value: hex('0a000001') },
            { type: 0x4000, value: hex('') },
          ],
        },
      ],
    ],
    rejects: [
      ['nothing', '', 'needs 1 octets'],
      ['too short a body', '01 0000', 'needs 3 octets'],
      ['type 0', '00 000000', 'configuration type 0 is reserved'],
      ['half an attribute', '01 000000 0001 00', 'needs 2 octets'],
      ['SEC-66 an attribute longer than the payload', '01 000000 0001 0005 0a000001', 'needs 5'],
      ['SEC-66 10 000 attributes', `01 000000 ${'00010000'.repeat(10_000)}`, 'more than 256'],
    ],
  },
  EAP: {
    type: 48,
    accepts: [
      ['03 07 0004', { kind: 'EAP', data: hex('03070004') }],
      ['01 07 0005 01', { kind: 'EAP', data: hex('0107000501') }],
    ],
    rejects: [
      ['nothing', '', 'at least 4'],
      ['too short a body', '01 07 00', 'at least 4'],
      ['SEC-12 an EAP length of 0', '01 07 0000', 'EAP length 0'],
      ['SEC-12 an EAP length below its header', '01 07 0003 01', 'EAP length 3'],
      ['an EAP length beyond the payload', '01 07 0006 01', 'EAP length 6'],
      ['octets behind the EAP packet', '03 07 0004 00', 'EAP length 4'],
    ],
  },
};

describe.each(Object.entries(cases))('%s payload', (_, { type, accepts, rejects }) => {
  test.each(accepts)('reads and writes %s', (body, payload) => {
    expect(decodeBody(type, hex(body))).toEqual(payload);
    expect(encodeBody(payload)).toEqual(hex(body));
  });
  if (rejects.length > 0) {
    test.each(rejects)('refuses %s', (_what, body, reason) => {
      const error = refusalOf(() => decodeBody(type, hex(body)));
      expect(error.reason).toContain(reason);
      expect(error.notify).toBe(NotifyType.INVALID_SYNTAX);
    });
  }
  test('ignores the critical bit and reserved bits, as the type is known', () => {
    const [body, payload] = accepts[0] ?? ['', undefined];
    expect(decodeBody(type, hex(body), 0xff)).toEqual(payload);
  });
  test('SEC-12 any prefix of it is a value or a refusal', () => {
    for (const [body] of accepts) {
      const whole = hex(body);
      for (let length = 0; length < whole.length; length++) {
        try {
          decodeBody(type, whole.subarray(0, length));
        } catch (error) {
          expect(error).toHaveProperty('code', 'DECODE');
        }
      }
    }
  });
});

test.each([0, 1, 255, 4096])(
  'SEC-07 an identity of %i octets is read or refused, not cut',
  (size) => {
    const body = new Uint8Array(4 + size).fill(0x41);
    body[0] = 9;
    if (size === 0) expect(refusalOf(() => decodeBody(35, body)).payload).toBe('IDi');
    else expect(decodeBody(35, body)).toMatchObject({ identity: { type: 9, data: body.slice(4) } });
  },
);

test.each([4097, 60_000])('SEC-07 an identity of %i octets fails authentication', (size) => {
  const body = new Uint8Array(4 + size).fill(0x41);
  expect(refusalOf(() => decodeBody(35, body)).notify).toBe(NotifyType.AUTHENTICATION_FAILED);
});

test('SEC-60 10 000 SPIs are read in one go', () => {
  const body = new Uint8Array(4 + 40_000).fill(7);
  body.set([3, 4, 10_000 >> 8, 10_000 & 0xff]);
  expect((decodeBody(42, body) as Extract<Payload, { kind: 'Delete' }>).spis).toHaveLength(10_000);
});

test('the reserved bit of a configuration attribute is ignored (RFC 7296 section 3.15.1)', () => {
  expect(decodeBody(47, hex('01 000000 8003 0000'))).toEqual({
    kind: 'CP',
    type: 1,
    attributes: [{ type: 3, value: hex('') }],
  });
});
