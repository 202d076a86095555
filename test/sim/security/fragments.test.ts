import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { PayloadType } from '../../../daemon/proto/iana/payload-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { encodeChain } from '../../../daemon/wire/chain.ts';
import { IKE_HEADER_OCTETS, writeHeader } from '../../../daemon/wire/header.ts';
import { Writer } from '../../../daemon/wire/writer.ts';
import type { Puppet } from '../puppet.ts';
import { siege } from '../siege.ts';

interface Piece {
  readonly number: number;
  readonly total: number;
  readonly next?: number;
  readonly content: Uint8Array;
  /** Breaks the ICV. */
  readonly forged?: boolean;
  readonly messageId?: number;
}

/** One SKF datagram, RFC 7383 section 2.5, as wrong as a test wants it. */
function fragment(puppet: Puppet, piece: Piece): Uint8Array {
  const { outbound } = puppet;
  if (outbound === undefined) throw new TypeError('IKE_SA_INIT comes first');
  const padded = new Uint8Array(
    Math.ceil((piece.content.length + 1) / outbound.blockOctets) * outbound.blockOctets,
  );
  padded.set(piece.content);
  padded[padded.length - 1] = padded.length - piece.content.length - 1;
  const body = outbound.ivOctets + padded.length + outbound.icvOctets;
  const length = IKE_HEADER_OCTETS + 8 + body;
  const writer = new Writer(length);
  writeHeader(
    writer,
    {
      spiI: puppet.spiI,
      spiR: puppet.spiR,
      exchange: ExchangeType.IKE_AUTH,
      isResponse: false,
      fromInitiator: true,
      messageId: piece.messageId ?? puppet.messageId,
    },
    PayloadType.SKF,
    length,
  );
  writer.u8(piece.next ?? 0);
  writer.u8(0);
  writer.u16(8 + body);
  writer.u16(piece.number);
  writer.u16(piece.total);
  const aad = writer.finish();
  const octets = concatBytes(aad, outbound.seal(aad, padded));
  if (piece.forged) octets[octets.length - 1] = (octets[octets.length - 1] ?? 0) ^ 1;
  return octets;
}

/** An honest IKE_AUTH request in `total` pieces. */
function pieces(payloads: readonly Payload[], total: number): Piece[] {
  const chain = encodeChain(payloads);
  const size = Math.ceil(chain.bytes.length / total);
  return Array.from({ length: total }, (_, i) => ({
    number: i + 1,
    total,
    next: i === 0 ? chain.firstType : 0,
    content: chain.bytes.subarray(i * size, (i + 1) * size),
  }));
}

const fragmentationSupported = notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED);

test('SEC-10: fragments with odd numbers change nothing, the honest ones still get through', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init((payloads) => [...payloads, fragmentationSupported]);
  const [one, two, three] = pieces(puppet.authPayloads(), 3) as [Piece, Piece, Piece];
  const odd: readonly Piece[] = [
    { ...one, number: 0 },
    { ...one, number: 4 },
    { ...one, total: 0 },
    { ...one, number: 0, total: 0 },
    { ...one, number: 65535, total: 65535 },
    { ...one, forged: true },
    { ...two, forged: true, total: 65535 },
    { ...one, messageId: 0 },
    { ...one, messageId: 7 },
  ];
  for (const piece of odd) expect(await puppet.raw(fragment(puppet, piece))).toEqual([]);
  for (const piece of [two, two, three]) {
    expect(await puppet.raw(fragment(puppet, piece))).toEqual([]);
  }
  expect(attack.gateway.established).toEqual([]);
  expect(await puppet.raw(fragment(puppet, one))).toHaveLength(1);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-10: the same fragments again bring the stored answer at most once each', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init((payloads) => [...payloads, fragmentationSupported]);
  const datagrams = pieces(puppet.authPayloads(), 4).map((piece) => fragment(puppet, piece));
  const first = [];
  for (const datagram of datagrams) first.push(...(await puppet.raw(datagram)));
  expect(first).toHaveLength(1);
  const again = [];
  for (const datagram of datagrams) again.push(...(await puppet.raw(datagram)));
  expect(again).toHaveLength(1);
  expect(again[0]).toEqual(first[0]);
  await attack.expectAlive();
});

test('SEC-10: a total that grows starts over, one that shrinks is ignored, RFC 7383 section 2.6', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init((payloads) => [...payloads, fragmentationSupported]);
  const payloads = puppet.authPayloads();
  const inTwo = pieces(payloads, 2);
  const inFive = pieces(payloads, 5);
  await puppet.raw(fragment(puppet, inTwo[0] as Piece));
  for (const piece of inFive.slice(0, 4)) await puppet.raw(fragment(puppet, piece));
  expect(await puppet.raw(fragment(puppet, inTwo[1] as Piece))).toEqual([]);
  expect(attack.gateway.established).toEqual([]);
  expect(await puppet.raw(fragment(puppet, inFive[4] as Piece))).toHaveLength(1);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-10: payloads beside SKF, a missing first fragment, and more than fits', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init((payloads) => [...payloads, fragmentationSupported]);
  const [one] = pieces(puppet.authPayloads(), 1) as [Piece];
  const beside = concatBytes(fragment(puppet, one), Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0));
  new DataView(beside.buffer).setUint32(24, beside.length);
  expect(await puppet.raw(beside)).toEqual([]);
  for (let number = 2; number <= 30; number++) {
    const piece = { number, total: 30, content: new Uint8Array(1200).fill(number) };
    expect(await puppet.raw(fragment(puppet, piece))).toEqual([]);
  }
  for (let number = 1; number <= 200; number++) {
    await puppet.raw(fragment(puppet, { number, total: 200, content: new Uint8Array(1200) }));
  }
  expect(attack.gateway.established).toEqual([]);
  await attack.expectAlive();
});

test('a request in 110 small fragments, as Windows sends its certificates, is taken and answered in small ones', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init((payloads) => [...payloads, fragmentationSupported]);
  const certificate: Payload = { kind: 'CERT', encoding: 4, data: new Uint8Array(6000) };
  const all = pieces([...puppet.authPayloads(), certificate], 110);
  const answers = [];
  for (const piece of all) answers.push(...(await puppet.raw(fragment(puppet, piece))));
  expect(attack.gateway.established).toHaveLength(1);
  expect(answers).toHaveLength(1);
  await attack.expectAlive();
});
