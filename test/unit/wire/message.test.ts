import { describe, expect, test } from 'vitest';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { InternalError } from '../../../daemon/util/error.ts';
import { IntegrityError } from '../../../daemon/wire/decode-error.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { openBody } from '../../../daemon/wire/payloads/sk.ts';
import { ToyProtection } from '../../support/toy-protection.ts';
import {
  datagramWith,
  hex,
  messageWith,
  payloadOctets,
  protectedWith,
  refusalOf,
} from '../../support/wire.ts';

const SK = 46;
const NOTIFY = 41;
const vendor: Payload = { kind: 'Vendor', data: hex('010203') };

function parse(bytes: Uint8Array, protection?: ToyProtection) {
  return parseMessage(bytes, parseHeader(bytes), protection);
}

/** An INFORMATIONAL request whose SK content is what the test says, sealed correctly. */
function sealed(protection: ToyProtection, firstType: number, padded: Uint8Array): Uint8Array {
  const bodyOctets = protection.ivOctets + padded.length + protection.icvOctets;
  const empty = payloadOctets(new Uint8Array(bodyOctets), 0, firstType);
  const bytes = datagramWith(SK, empty, { ...protectedWith([]) });
  bytes.set(protection.seal(bytes.slice(0, 32), padded), 32);
  return bytes;
}

describe('SK payload', () => {
  test('has as little padding as the block size allows', () => {
    for (const blockOctets of [1, 4, 8, 16]) {
      for (let length = 0; length < 40; length++) {
        const protection = new ToyProtection({ blockOctets });
        const message = protectedWith([{ kind: 'Vendor', data: new Uint8Array(length) }]);
        const bytes = encodeMessage(message, protection);
        const padded = Math.ceil((length + 4 + 1) / blockOctets) * blockOctets;
        expect(bytes.length).toBe(28 + 4 + 8 + padded + 16);
        expect(parse(bytes, protection)).toEqual(message);
      }
    }
  });

  test('of an empty message holds padding only', () => {
    const protection = new ToyProtection({ blockOctets: 16 });
    const bytes = encodeMessage(protectedWith([]), protection);
    expect(bytes.length).toBe(28 + 4 + 8 + 16 + 16);
    expect(parse(bytes, protection)).toEqual(protectedWith([]));
  });

  test('may have more padding than needed', () => {
    const protection = new ToyProtection();
    const padded = concatBytes(payloadOctets(hex('aa')), new Uint8Array(255).fill(7), hex('ff'));
    expect(parse(sealed(protection, 43, padded), protection).payloads).toEqual([
      { kind: 'Vendor', data: hex('aa') },
    ]);
  });

  test.each([
    ['padding longer than the content', 43, '0000 0005 aa 06', 'padding longer'],
    ['a Pad Length of 255 in one octet', 0, 'ff', 'padding longer'],
    ['a chain that ends too early', 43, '2b00 0004 00', 'needs 1 octets'],
    ['octets behind the chain', 43, '0000 0004 aabb 00', '2 octets left over'],
    ['content without first payload', 0, '0000 0004 00', '4 octets left over'],
    ['SK inside SK', 46, '0000 0008 01020304 00', 'encrypted payload where none may be'],
    ['SKF inside SK', 53, '0000 0008 00010001 00', 'encrypted payload where none may be'],
  ])('refuses %s', (_, firstType, content, reason) => {
    const protection = new ToyProtection();
    const error = refusalOf(() => parse(sealed(protection, firstType, hex(content)), protection));
    expect(error).not.toBeInstanceOf(IntegrityError);
    expect(error.reason).toContain(reason);
    expect(error.notify).toBe(NotifyType.INVALID_SYNTAX);
    expect(error.authenticated).toBe(true);
  });

  test('refuses a body too short for IV, Pad Length and ICV before any cryptography', () => {
    for (let length = 0; length < 8 + 16 + 1; length++) {
      const protection = new ToyProtection();
      const bytes = datagramWith(SK, payloadOctets(new Uint8Array(length)), protectedWith([]));
      expect(refusalOf(() => parse(bytes, protection)).reason).toContain(
        `body of ${length} octets`,
      );
      expect(protection.opened).toBe(0);
    }
  });

  test('refuses critical payloads inside, by type', () => {
    const protection = new ToyProtection();
    const padded = concatBytes(payloadOctets(hex('aa'), 0x80), hex('00'));
    const error = refusalOf(() => parse(sealed(protection, 201, padded), protection));
    expect(error).toMatchObject({ notify: 1, criticalType: 201 });
  });

  test('must be the last payload', () => {
    const protection = new ToyProtection();
    const whole = encodeMessage(protectedWith([vendor]), protection);
    const chain = concatBytes(whole.slice(28), payloadOctets(hex('aa')));
    expect(
      refusalOf(() => parse(datagramWith(SK, chain, protectedWith([])), protection)).reason,
    ).toBe('5 octets left over');
  });

  test('a protection that answers with another length than it said is our error', () => {
    const protection = new ToyProtection();
    protection.seal = () => new Uint8Array(3);
    expect(() => encodeMessage(protectedWith([vendor]), protection)).toThrow(InternalError);
  });

  test('an empty plaintext has no Pad Length', () => {
    const protection = new ToyProtection();
    protection.open = () => new Uint8Array();
    const open = () => openBody(protection, new Uint8Array(32), new Uint8Array(40), 'SK');
    expect(refusalOf(open).reason).toContain('padding');
  });
});

test('SEC-67 no single flipped bit of an encrypted message is accepted or told apart', () => {
  const protection = new ToyProtection();
  const bytes = encodeMessage(protectedWith([vendor]), protection);
  const header = parseHeader(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const broken = bytes.slice();
    broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const isStructure = bit >> 3 === 16 || bit >> 3 === 30 || bit >> 3 === 31;
    const error = refusalOf(() =>
      // The header is what the receiver read from these octets, where they still are a header.
      parseMessage(broken, isStructure ? headerOr(header, broken) : header, protection),
    );
    if (!isStructure) expect(error).toBeInstanceOf(IntegrityError);
  }
});

function headerOr(fallback: ReturnType<typeof parseHeader>, bytes: Uint8Array) {
  return { ...fallback, nextPayload: bytes[16] ?? 0 };
}

test('SEC-15 what an attacker can write without keys is never called authenticated', () => {
  const protection = new ToyProtection();
  const whole = encodeMessage(protectedWith([vendor]), protection);
  const forged: Uint8Array[] = [
    datagramWith(SK, hex('0000 0003'), protectedWith([])),
    datagramWith(SK, hex('0000 0008 01020304'), protectedWith([])),
    datagramWith(SK, concatBytes(whole.slice(28), hex('00')), protectedWith([])),
    datagramWith(201, payloadOctets(hex('00'), 0x80), protectedWith([])),
    datagramWith(53, payloadOctets(new Uint8Array(60)), protectedWith([])),
    datagramWith(SK, payloadOctets(new Uint8Array(60)), protectedWith([])),
    datagramWith(NOTIFY, payloadOctets(hex('00000007')), protectedWith([])),
  ];
  for (const bytes of forged) {
    expect(refusalOf(() => parse(bytes, protection)).authenticated).toBe(false);
  }
});

test('integrity is checked before the content is looked at', () => {
  const protection = new ToyProtection();
  const garbage = sealed(protection, 200, new Uint8Array(64).fill(0xff));
  garbage[garbage.length - 1] = (garbage.at(-1) ?? 0) ^ 1;
  expect(() => parse(garbage, protection)).toThrow(IntegrityError);
});

describe('payloads outside of SK', () => {
  const outer = (type: number, flags: number): [Uint8Array, ToyProtection] => {
    const protection = new ToyProtection();
    const inner = concatBytes(payloadOctets(hex('aa')), hex('00'));
    const plain = payloadOctets(hex('bb'), flags, SK);
    const empty = payloadOctets(new Uint8Array(8 + inner.length + 16), 0, 43);
    const bytes = datagramWith(type, concatBytes(plain, empty), protectedWith([]));
    const bodyStart = 28 + plain.length + 4;
    bytes.set(protection.seal(bytes.slice(0, bodyStart), inner), bodyStart);
    return [bytes, protection];
  };

  test('are dropped', () => {
    const [bytes, protection] = outer(43, 0);
    expect(parse(bytes, protection).payloads).toEqual([{ kind: 'Vendor', data: hex('aa') }]);
  });

  test('are authenticated: one added on the way fails the integrity check', () => {
    const protection = new ToyProtection();
    const whole = encodeMessage(protectedWith([vendor]), protection);
    const chain = concatBytes(payloadOctets(hex('bb'), 0, SK), whole.slice(28));
    expect(() => parse(datagramWith(43, chain, protectedWith([])), protection)).toThrow(
      IntegrityError,
    );
  });

  test('are refused if critical and unknown, once authentic', () => {
    const [bytes, protection] = outer(201, 0x80);
    expect(refusalOf(() => parse(bytes, protection))).toMatchObject({
      notify: 1,
      criticalType: 201,
    });
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => parse(bytes, protection)).toThrow(IntegrityError);
  });
});

describe('SEC-15 without encryption', () => {
  test.each([35, 36, 37, 43, 44, 0, 255])(
    'exchange %i carries nothing but notifies',
    (exchange) => {
      const bytes = encodeMessage(messageWith([vendor], { exchange }), undefined);
      expect(refusalOf(() => parse(bytes)).reason).toBe('not encrypted');
      const empty = encodeMessage(messageWith([], { exchange }), undefined);
      expect(refusalOf(() => parse(empty)).reason).toBe('not encrypted');
    },
  );

  test('a notify outside of an IKE_SA is read (RFC 7296 section 1.5)', () => {
    const bytes = datagramWith(NOTIFY, payloadOctets(hex('00000004')), {
      exchange: 37,
      isResponse: true,
    });
    expect(parse(bytes).payloads).toMatchObject([{ kind: 'Notify', type: 4 }]);
  });

  test.each([34, 37])('exchange %i is refused where keys exist', (exchange) => {
    const bytes = encodeMessage(messageWith([vendor], { exchange }), undefined);
    expect(refusalOf(() => parse(bytes, new ToyProtection())).reason).toBe('not encrypted');
  });
});

test('SEC-85 nothing of a message is a view of the receive buffer, in the clear or not', () => {
  const payloads: Payload[] = [
    { kind: 'KE', method: 31, data: new Uint8Array(32).fill(1) },
    { kind: 'Nonce', data: new Uint8Array(32).fill(2) },
    { kind: 'IDi', identity: { type: 2, data: hex('6d6f6f6e') } },
    { kind: 'Notify', protocol: 3, spi: hex('01020304'), type: 16393, data: hex('') },
    { kind: 'Delete', protocol: 3, spiSize: 4, spis: [hex('01020304')] },
    { kind: 'CP', type: 1, attributes: [{ type: 1, value: hex('0a000001') }] },
    {
      kind: 'SA',
      proposals: [
        { number: 1, protocol: 3, spi: hex('01020304'), transforms: [{ type: 1, id: 20 }] },
      ],
    },
  ];
  for (const protection of [undefined, new ToyProtection()]) {
    const message = messageWith(payloads);
    const received = Buffer.from(encodeMessage(message, protection));
    const parsed = parse(received, protection);
    received.fill(0xee);
    expect(parsed).toEqual(message);
  }
});

describe('fragmentation', () => {
  const large = protectedWith([{ kind: 'CERT', encoding: 4, data: new Uint8Array(3000).fill(9) }]);

  test('a message that fits exactly stays whole', () => {
    const protection = new ToyProtection();
    const whole = encodeMessage(large, protection).length;
    expect(encodeFragmented(large, protection, whole)).toHaveLength(1);
    expect(encodeFragmented(large, protection, whole - 1)).toHaveLength(2);
  });

  test.each([1, 4, 8, 16])('fills fragments up to a block of %i octets', (blockOctets) => {
    for (let max = 300; max < 340; max++) {
      const protection = new ToyProtection({ blockOctets });
      const lengths = encodeFragmented(large, protection, max).map((part) => part.length);
      const full = lengths.slice(0, -1);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(max);
      expect(Math.min(...full)).toBeGreaterThan(max - blockOctets);
    }
  });

  test('only the first fragment names the type of the first payload (RFC 7383 section 2.5)', () => {
    const parts = encodeFragmented(large, new ToyProtection(), 600);
    expect(parts.map((part) => part[16])).toEqual(parts.map(() => 53));
    expect(parts.map((part) => part[28])).toEqual(parts.map((_, i) => (i === 0 ? 37 : 0)));
    expect(parts.map((part) => part.slice(32, 36))).toEqual(
      parts.map((_, i) => Uint8Array.of(0, i + 1, 0, parts.length)),
    );
  });

  test.each([0, 28, 36, 60, 61, 72])(
    'a limit of %i octets is our error, not an endless loop',
    (max) => {
      expect(() => encodeFragmented(large, new ToyProtection(), max)).toThrow(InternalError);
    },
  );
});
