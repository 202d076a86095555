import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { PayloadType } from '../../../daemon/proto/iana/payload-types.ts';
import type { Payload, PayloadKind } from '../../../daemon/proto/payload.ts';
import { notifiesIn, type Tampering } from '../puppet.ts';
import { siege } from '../siege.ts';
import { simCrypto } from '../world.ts';

const wireType: Partial<Record<PayloadKind, number>> = {
  SA: PayloadType.SA,
  KE: PayloadType.KE,
  Nonce: PayloadType.NONCE,
  IDi: PayloadType.IDi,
  AUTH: PayloadType.AUTH,
  TSi: PayloadType.TSi,
  TSr: PayloadType.TSr,
};

/** Every way to spoil one payload. */
const spoilings: Readonly<Record<string, (payload: Payload) => readonly Payload[]>> = {
  'left out': () => [],
  twice: (payload) => [payload, payload],
  empty: (payload) => [raw(payload, 0)],
  'one octet': (payload) => [raw(payload, 1)],
  'eight zero octets': (payload) => [raw(payload, 8)],
};

function raw(payload: Payload, octets: number): Payload {
  const type = wireType[payload.kind] ?? 0;
  return { kind: 'Unknown', type, critical: false, data: new Uint8Array(octets) };
}

function spoil(kind: string, how: string): Tampering {
  return (payloads) =>
    payloads.flatMap((payload) =>
      payload.kind === kind ? (spoilings[how]?.(payload) ?? []) : [payload],
    );
}

function replace(kind: string, ...by: readonly Payload[]): Tampering {
  return (payloads) => payloads.flatMap((payload) => (payload.kind === kind ? by : [payload]));
}

const reverse: Tampering = (payloads) => [...payloads].reverse();

test('SEC-02: IKE_SA_INIT with a payload missing, doubled, empty or mangled makes no keys', async () => {
  await using attack = await siege();
  for (const kind of ['SA', 'KE', 'Nonce']) {
    for (const how of Object.keys(spoilings)) {
      const answer = await attack.puppet().init(spoil(kind, how));
      const kinds = answer?.payloads.map((payload) => payload.kind) ?? [];
      expect(
        kinds.filter((one) => one !== 'Notify'),
        `${kind} ${how}`,
      ).toEqual([]);
    }
  }
  expect(attack.gateway.established).toEqual([]);
  await attack.expectAlive();
});

test('SEC-02: IKE_AUTH with a payload missing, doubled, empty or mangled', async () => {
  await using attack = await siege();
  const { gateway } = attack;
  for (const kind of ['IDi', 'AUTH', 'SA', 'TSi', 'TSr']) {
    for (const how of Object.keys(spoilings)) {
      const puppet = attack.puppet();
      await puppet.init();
      await puppet.auth(spoil(kind, how));
      // Without IDi or AUTH nobody is authenticated; what concerns the CHILD_SA alone may leave an IKE_SA.
      if (kind === 'IDi' || kind === 'AUTH') {
        expect(gateway.established, `${kind} ${how}`).toEqual([]);
      }
      expect(gateway.children, `${kind} ${how}`).toEqual([]);
      expect(gateway.kernel.empty, `${kind} ${how}`).toBe(true);
    }
  }
  await attack.expectAlive();
});

test('SEC-02: payloads in another order are understood', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  expect(await puppet.init(reverse)).toBeDefined();
  await puppet.auth(reverse);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-02: no payload at all, in every exchange', async () => {
  await using attack = await siege();
  expect(await attack.puppet().init(() => [])).toBeUndefined();
  const puppet = attack.puppet();
  await puppet.init();
  expect(notifiesIn(await puppet.auth(() => []))).not.toEqual([]);
  expect(attack.gateway.established).toEqual([]);
  await attack.expectAlive();
});

const p256 = (fill: number): Uint8Array => new Uint8Array(64).fill(fill);
const modp = (last: number): Uint8Array => {
  const value = new Uint8Array(256);
  value[255] = last;
  return value;
};

test.each([
  ['x25519', 31, 'empty', new Uint8Array()],
  ['x25519', 31, 'zero', new Uint8Array(32)],
  ['x25519', 31, 'one, of low order', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))],
  ['x25519', 31, 'too short', new Uint8Array(31).fill(9)],
  ['x25519', 31, 'too long', new Uint8Array(33).fill(9)],
  ['ecp256', 19, 'the point at infinity', p256(0)],
  ['ecp256', 19, 'off the curve', p256(1)],
  ['ecp256', 19, 'with coordinates beyond the field', p256(0xff)],
  ['ecp256', 19, 'with a point format octet', new Uint8Array(65).fill(4)],
  ['modp2048', 14, 'zero', modp(0)],
  ['modp2048', 14, 'one', modp(1)],
  ['modp2048', 14, 'beyond p', new Uint8Array(256).fill(0xff)],
  ['modp2048', 14, 'too short', new Uint8Array(255).fill(7)],
  ['modp2048', 14, 'too long', new Uint8Array(257).fill(7)],
  ['x448', 32, 'zero', new Uint8Array(56)],
  ['x448', 32, 'too short', new Uint8Array(32).fill(9)],
])('SEC-06: a KE value for %s (%i) that is %s is refused', async (keyword, method, _what, data) => {
  await using attack = await siege({
    carolIke: 'aes128gcm16-prfsha256-x25519-ecp256-modp2048-x448',
  });
  const proposals = parseProposals('ike', [`aes128gcm16-prfsha256-${keyword}`], simCrypto());
  const answer = await attack
    .puppet()
    .init((payloads) => [
      { kind: 'SA', proposals: proposals.map((proposal) => ({ ...proposal, number: 1 })) },
      { kind: 'KE', method, data },
      ...payloads.filter((payload) => payload.kind === 'Nonce'),
    ]);
  expect(answer?.payloads.filter((payload) => payload.kind === 'KE') ?? []).toEqual([]);
  if (answer !== undefined) expect(notifiesIn(answer)).toEqual([NotifyType.INVALID_SYNTAX]);
  expect(attack.gateway.sas.filter((sa) => sa.state !== 'CREATED')).toEqual([]);
  await attack.expectAlive();
});

test('SEC-05: proposals without the transforms an IKE_SA needs are refused', async () => {
  await using attack = await siege();
  const [whole] = parseProposals('ike', ['aes128gcm16-prfsha256-x25519'], simCrypto());
  if (whole === undefined) throw new TypeError('no proposal');
  const offers = [
    [],
    ...[1, 2, 4].map((type) => whole.transforms.filter((transform) => transform.type !== type)),
    whole.transforms.map((transform) => (transform.type === 4 ? { type: 4, id: 0 } : transform)),
    whole.transforms.map(({ type, id }) => ({ type, id })),
    whole.transforms.map((transform) =>
      transform.type === 1 ? { ...transform, keyLength: 129 } : transform,
    ),
    whole.transforms.map((transform) => ({ ...transform, id: 65535 })),
  ];
  for (const [i, transforms] of offers.entries()) {
    const answer = await attack
      .puppet()
      .init(replace('SA', { kind: 'SA', proposals: [{ ...whole, number: 1, transforms }] }));
    const kinds = answer?.payloads.map((payload) => payload.kind) ?? [];
    expect(
      kinds.filter((kind) => kind !== 'Notify'),
      `offer ${i}`,
    ).toEqual([]);
  }
  await attack.expectAlive();
});

test.each([0, 1, 255, 4096, 4097, 9000, 60_000])(
  'SEC-07: an identity of %i octets',
  async (length) => {
    await using attack = await siege();
    for (const type of [1, 2, 3, 5, 9, 11]) {
      const puppet = attack.puppet();
      await puppet.init();
      puppet.identity = { type, data: new Uint8Array(length).fill(0x61) };
      puppet.secret = 'not the secret';
      const answer = await puppet.auth();
      if (answer !== undefined) {
        const [only] = notifiesIn(answer);
        expect([NotifyType.AUTHENTICATION_FAILED, NotifyType.INVALID_SYNTAX]).toContain(only);
      }
      expect(attack.gateway.established).toEqual([]);
    }
    for (const line of attack.gateway.lines) expect(line.length).toBeLessThan(20_000);
    await attack.expectAlive();
  },
);

test('SEC-08: what a peer calls itself cannot forge lines of the log', async () => {
  await using attack = await siege();
  const names = ['a\nIKE_SA gw[1] established', 'b\r\n', '\u001b[2J', 'c\u0000d', '%s%n', '\ud800'];
  for (const name of names) {
    const puppet = attack.puppet();
    await puppet.init();
    puppet.identity = { type: 2, data: new TextEncoder().encode(name) };
    await puppet.auth();
  }
  for (const line of attack.gateway.lines) {
    expect(/^[^\p{Cc}]*$/u.test(line), JSON.stringify(line)).toBe(true);
  }
  await attack.expectAlive();
});

test.each([
  [
    'AUTH method 0',
    (payloads) => payloads.map((one) => (one.kind === 'AUTH' ? { ...one, method: 0 } : one)),
  ],
  [
    'AUTH method 255',
    (payloads) => payloads.map((one) => (one.kind === 'AUTH' ? { ...one, method: 255 } : one)),
  ],
  [
    'AUTH method 13 (null)',
    (payloads) => payloads.map((one) => (one.kind === 'AUTH' ? { ...one, method: 13 } : one)),
  ],
  [
    'an empty AUTH value',
    (payloads) =>
      payloads.map((one) => (one.kind === 'AUTH' ? { ...one, data: new Uint8Array() } : one)),
  ],
  [
    'a shortened AUTH value',
    (payloads) =>
      payloads.map((one) => (one.kind === 'AUTH' ? { ...one, data: one.data.subarray(1) } : one)),
  ],
  [
    'a lengthened AUTH value',
    (payloads) =>
      payloads.map((one) =>
        one.kind === 'AUTH' ? { ...one, data: Uint8Array.of(...one.data, 0) } : one,
      ),
  ],
  [
    'identity type 0',
    (payloads) =>
      payloads.map((one) =>
        one.kind === 'IDi' ? { ...one, identity: { ...one.identity, type: 0 } } : one,
      ),
  ],
  [
    'identity type 13 (null)',
    (payloads) =>
      payloads.map((one) =>
        one.kind === 'IDi' ? { ...one, identity: { type: 13, data: new Uint8Array() } } : one,
      ),
  ],
  [
    'another identity than was signed',
    (payloads) =>
      payloads.map((one) =>
        one.kind === 'IDi'
          ? {
              ...one,
              identity: { ...one.identity, data: new TextEncoder().encode('noon.example.org') },
            }
          : one,
      ),
  ],
  [
    'an IDr that is not ours',
    (payloads) => [
      ...payloads,
      { kind: 'IDr', identity: { type: 2, data: new TextEncoder().encode('sun.example.org') } },
    ],
  ],
] as readonly (readonly [string, Tampering])[])(
  'SEC-27: %s authenticates nobody',
  async (_what, tamper) => {
    await using attack = await siege();
    const puppet = attack.puppet();
    await puppet.init();
    const [only, ...others] = notifiesIn(await puppet.auth(tamper));
    expect([NotifyType.AUTHENTICATION_FAILED, NotifyType.INVALID_SYNTAX]).toContain(only);
    expect(others).toEqual([]);
    expect(attack.gateway.established).toEqual([]);
    expect(attack.gateway.kernel.empty).toBe(true);
    await attack.expectAlive();
  },
);

test('SEC-60: odd DELETE payloads close nothing but what they name', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init();
  await puppet.auth();
  expect(attack.gateway.children).toHaveLength(1);
  const spi = Uint8Array.of(1, 2, 3, 4);
  for (const protocol of [0, 2, 3, 4, 255]) {
    for (const spis of [[], [spi], Array.from({ length: 500 }, () => spi)]) {
      await puppet.request(ExchangeType.INFORMATIONAL, [
        { kind: 'Delete', protocol, spiSize: 4, spis },
      ]);
    }
    for (const spiSize of [0, 3, 255]) {
      const data = Uint8Array.of(protocol, spiSize, 0xff, 0xff, 1, 2, 3);
      await puppet.request(ExchangeType.INFORMATIONAL, [
        { kind: 'Unknown', type: PayloadType.DELETE, critical: false, data },
      ]);
    }
  }
  expect(attack.gateway.children).toHaveLength(1);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-11: ten thousand tiny payloads, and unknown critical ones', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  const tiny: Payload = { kind: 'Unknown', type: 200, critical: false, data: new Uint8Array() };
  expect(
    await puppet.init((payloads) => [...payloads, ...Array.from({ length: 2400 }, () => tiny)]),
  ).toBeUndefined();
  const honest = attack.puppet();
  await honest.init();
  const refused = await honest.auth((payloads) => [...payloads, { ...tiny, critical: true }]);
  expect(notifiesIn(refused)).toEqual([NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD]);
  expect(attack.gateway.established).toEqual([]);
  const other = attack.puppet();
  await other.init();
  await other.auth((payloads) => [tiny, ...payloads, tiny]);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});
