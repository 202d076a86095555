import { describe, expect, test } from 'vitest';
import type { Message } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { IntegrityError } from '../../../daemon/wire/decode-error.ts';
import { fragmentNumber, isFragment, Reassembler } from '../../../daemon/wire/fragments.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage } from '../../../daemon/wire/message.ts';
import { ToyProtection } from '../../support/toy-protection.ts';
import { datagramWith, payloadOctets, protectedWith, refusalOf } from '../../support/wire.ts';

const SKF = 53;

function large(octets = 3000, messageId = 2): Message {
  const data = Uint8Array.from({ length: octets }, (_, i) => i & 0xff);
  return protectedWith([{ kind: 'CERT', encoding: 4, data }], { messageId });
}

interface FragmentOptions {
  readonly content?: Uint8Array;
  readonly next?: number;
  readonly messageId?: number;
}

/** A correctly sealed fragment with any fields at all. */
function fragment(
  protection: ToyProtection,
  number: number,
  total: number,
  { content = Uint8Array.of(1, 2, 3), next = 0, messageId = 2 }: FragmentOptions = {},
): Uint8Array {
  const fields = Uint8Array.of(number >> 8, number & 0xff, total >> 8, total & 0xff);
  const padded = concatBytes(content, Uint8Array.of(0));
  const room = new Uint8Array(protection.ivOctets + padded.length + protection.icvOctets);
  const payload = payloadOctets(concatBytes(fields, room), 0, next);
  const bytes = datagramWith(SKF, payload, protectedWith([], { messageId }));
  bytes.set(protection.seal(bytes.slice(0, 36), padded), 36);
  return bytes;
}

function spoiled(bytes: Uint8Array): Uint8Array {
  const broken = bytes.slice();
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  return broken;
}

function setUp(limits = {}) {
  const protection = new ToyProtection();
  const reassembler = new Reassembler(limits);
  const add = (bytes: Uint8Array) => reassembler.add(bytes, parseHeader(bytes), protection);
  return { protection, reassembler, add };
}

describe('reassembly', () => {
  test('in order, in reverse, and with every fragment repeated', () => {
    for (const arrange of [
      (parts: Uint8Array[]) => parts,
      (parts: Uint8Array[]) => parts.toReversed(),
      (parts: Uint8Array[]) => parts.flatMap((part) => [part, part]).slice(0, -1),
    ]) {
      const { protection, reassembler, add } = setUp();
      const parts = arrange(encodeFragmented(large(), protection, 600));
      const results = parts.map(add);
      expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
      expect(results.at(-1)).toEqual(large());
      expect([reassembler.pending, reassembler.octets]).toEqual([0, 0]);
    }
  });

  test('a fragment 1 of 1 is a message', () => {
    const { protection, add } = setUp();
    const content = payloadOctets(Uint8Array.of(9));
    expect(add(fragment(protection, 1, 1, { content, next: 43 }))).toEqual(
      protectedWith([{ kind: 'Vendor', data: Uint8Array.of(9) }]),
    );
  });

  test('two messages at once do not mix, requests and responses neither', () => {
    const { protection, add } = setUp();
    const a = encodeFragmented(large(1000, 2), protection, 600);
    const response = { ...large(1000, 2), isResponse: true, fromInitiator: false };
    const b = encodeFragmented(response, protection, 600);
    expect([a[0], b[0], b[1]].map((part) => add(part as Uint8Array)).at(-1)).toEqual(response);
    expect(add(a[1] as Uint8Array)).toEqual(large(1000, 2));
  });

  test('a larger total starts over, a smaller one is dropped (RFC 7383 section 2.6)', () => {
    const { protection, reassembler, add } = setUp();
    const coarse = encodeFragmented(large(), protection, 1200);
    const fine = encodeFragmented(large(), protection, 600);
    expect(add(coarse[0] as Uint8Array)).toBeUndefined();
    expect(add(fine[1] as Uint8Array)).toBeUndefined();
    expect(reassembler.octets).toBeLessThan(600);
    expect(add(coarse[1] as Uint8Array)).toBeUndefined();
    expect(reassembler.octets).toBeLessThan(600);
    const rest = fine.filter((_, i) => i !== 1).map(add);
    expect(rest.at(-1)).toEqual(large());
  });

  test('SEC-85 keeps no view of the receive buffer', () => {
    const { protection, reassembler } = setUp();
    const parts = encodeFragmented(large(), protection, 600);
    const results = parts.map((part) => {
      const received = Buffer.from(part);
      const result = reassembler.add(received, parseHeader(received), protection);
      received.fill(0xee);
      return result;
    });
    expect(results.at(-1)).toEqual(large());
  });

  test('clear forgets everything', () => {
    const { protection, reassembler, add } = setUp();
    add(fragment(protection, 1, 2));
    reassembler.clear();
    expect([reassembler.pending, reassembler.octets]).toEqual([0, 0]);
  });
});

describe('SEC-10 hostile fragments', () => {
  test.each([
    ['number 0', 0, 2],
    ['number beyond total', 3, 2],
    ['total 0', 0, 0],
    ['total 0 with a number', 1, 0],
    ['256 fragments', 1, 256],
    ['65535 fragments', 1, 65_535],
    ['65535 of 65535', 65_535, 65_535],
  ])('%s is refused before any cryptography', (_, number, total) => {
    const { protection, reassembler, add } = setUp();
    const bytes = fragment(protection, number, total);
    expect(refusalOf(() => add(bytes)).authenticated).toBe(false);
    expect(protection.opened).toBe(0);
    expect(reassembler.pending).toBe(0);
    expect(fragmentNumber(parseHeader(bytes), bytes)).toBeUndefined();
  });

  test('255 fragments are the most that work', () => {
    const { protection, add } = setUp();
    const content = payloadOctets(new Uint8Array(251));
    const parts = Array.from({ length: 255 }, (_, i) =>
      fragment(protection, i + 1, 255, {
        content: content.slice(i, i + 1),
        next: i === 0 ? 43 : 0,
      }),
    );
    expect(parts.map(add).at(-1)?.payloads).toEqual([
      { kind: 'Vendor', data: new Uint8Array(251) },
    ]);
  });

  test('an unauthenticated fragment changes nothing: not the total, not what is held', () => {
    const { protection, reassembler, add } = setUp();
    const parts = encodeFragmented(large(), protection, 600);
    add(parts[0] as Uint8Array);
    const held = reassembler.octets;
    expect(() => add(spoiled(parts[1] as Uint8Array))).toThrow(IntegrityError);
    expect(() => add(spoiled(fragment(protection, 1, 200)))).toThrow(IntegrityError);
    expect(() => add(spoiled(fragment(protection, 1, 2, { messageId: 7 })))).toThrow(
      IntegrityError,
    );
    expect([reassembler.pending, reassembler.octets]).toEqual([1, held]);
    expect(parts.slice(1).map(add).at(-1)).toEqual(large());
  });

  test('fields, header and next payload are authenticated', () => {
    const { protection, add } = setUp();
    for (const offset of [0, 8, 18, 19, 23, 28, 33, 35]) {
      const bytes = fragment(protection, 1, 3);
      bytes[offset] = (bytes[offset] ?? 0) ^ (offset === 19 ? 0x08 : 0x02);
      expect(() => add(bytes), `octet ${offset}`).toThrow(/integrity|fragment/);
    }
  });

  test('repeated and outdated fragments cost no cryptography', () => {
    const { protection, add } = setUp();
    add(fragment(protection, 1, 3));
    add(fragment(protection, 1, 3));
    add(fragment(protection, 1, 2));
    add(spoiled(fragment(protection, 1, 3)));
    expect(protection.opened).toBe(1);
  });

  test('a gap keeps the message incomplete, also without the first one', () => {
    for (const missing of [0, 2]) {
      const { protection, reassembler, add } = setUp();
      const parts = encodeFragmented(large(), protection, 600);
      const results = parts.filter((_, i) => i !== missing).map(add);
      expect(results.every((result) => result === undefined)).toBe(true);
      expect(reassembler.pending).toBe(1);
    }
  });

  test('more octets than allowed drop the message', () => {
    const { protection, reassembler, add } = setUp({ maxOctets: 1000 });
    const parts = encodeFragmented(large(), protection, 600);
    add(parts[0] as Uint8Array);
    expect(refusalOf(() => add(parts[1] as Uint8Array)).reason).toContain('more than 1000 octets');
    expect([reassembler.pending, reassembler.octets]).toEqual([0, 0]);
  });

  test('the oldest of too many partial messages makes room', () => {
    const { protection, reassembler, add } = setUp({ maxMessages: 2 });
    for (let messageId = 1; messageId <= 5; messageId++) {
      add(fragment(protection, 1, 2, { messageId }));
    }
    expect([reassembler.pending, reassembler.octets]).toEqual([2, 6]);
  });

  test('another partial message makes room before the current one is given up', () => {
    const { protection, reassembler, add } = setUp({ maxOctets: 5 });
    add(fragment(protection, 1, 2, { messageId: 1 }));
    add(fragment(protection, 1, 2, { messageId: 2 }));
    expect([reassembler.pending, reassembler.octets]).toEqual([1, 3]);
  });

  test('payloads in the clear beside SKF are refused', () => {
    const { protection, reassembler, add } = setUp();
    const chain = concatBytes(
      payloadOctets(Uint8Array.of(1), 0, SKF),
      fragment(protection, 1, 2).slice(28),
    );
    const bytes = datagramWith(43, chain, protectedWith([]));
    expect(isFragment(parseHeader(bytes), bytes)).toBe(false);
    expect(refusalOf(() => add(bytes)).reason).toContain('only payload');
    const behind = concatBytes(
      fragment(protection, 1, 2).slice(28),
      payloadOctets(Uint8Array.of(1)),
    );
    expect(refusalOf(() => add(datagramWith(SKF, behind, protectedWith([])))).reason).toContain(
      'left over',
    );
    expect(reassembler.pending).toBe(0);
  });

  test('content that is no chain is refused once complete, and forgotten', () => {
    const { protection, reassembler, add } = setUp();
    add(fragment(protection, 1, 2, { next: 43 }));
    expect(refusalOf(() => add(fragment(protection, 2, 2))).authenticated).toBe(true);
    expect(reassembler.pending).toBe(0);
  });

  test('SKF of every length is refused or read, never anything else', () => {
    const { add } = setUp();
    for (let length = 0; length < 40; length++) {
      const body = new Uint8Array(length);
      body.set([0, 1, 0, 2].slice(0, length));
      refusalOf(() => add(datagramWith(SKF, payloadOctets(body), protectedWith([]))));
    }
  });
});

test('tells number and total without keys', () => {
  const protection = new ToyProtection();
  const parts = encodeFragmented(large(), protection, 600);
  expect(parts.map((part) => fragmentNumber(parseHeader(part), part)?.number)).toEqual(
    parts.map((_, i) => i + 1),
  );
  const whole = encodeMessage(large(), protection);
  expect(isFragment(parseHeader(whole), whole)).toBe(false);
  expect(fragmentNumber(parseHeader(whole), whole)).toBeUndefined();
});
