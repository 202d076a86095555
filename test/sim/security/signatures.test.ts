import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { algorithmOfScheme } from '../../../daemon/crypto/signature-algorithms.ts';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ConfigAttributeType, ConfigType } from '../../../daemon/proto/iana/config-attributes.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { byKey, enrol, trust } from '../enrol.ts';
import { expectNothingLeased, openPool, POOL } from '../leasing.ts';
import type { PairSetup } from '../pair.ts';
import { type Issued, TestCa } from '../pki.ts';
import { notifiesIn, type Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: false });
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';
const ca = new TestCa('CA');

/** A gateway that takes certificates of one CA, an honest client with one, and what an attacker may hold. */
async function besieged(setup: PairSetup = {}): Promise<Siege> {
  const attack = await siege({
    ...setup,
    moonConnection: { local: [byKey({ id: id(MOON) })], remote: [byKey({ id: id(CAROL) })] },
    carolConnection: {
      local: [byKey({ id: id(CAROL) })],
      remote: [byKey({ id: id(MOON) })],
      ...setup.carolConnection,
    },
  });
  await enrol(attack.client, ca.issue('moon', { dns: [MOON] }));
  await enrol(attack.gateway, ca.issue('carol', { dns: [CAROL] }));
  trust(attack.client, ca);
  trust(attack.gateway, ca);
  return attack;
}

const HASHES = notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, Uint8Array.of(0, 2, 0, 3, 0, 4, 0, 5));

const ADDRESS_REQUEST: Payload = {
  kind: 'CP',
  type: ConfigType.CFG_REQUEST,
  attributes: [{ type: ConfigAttributeType.INTERNAL_IP4_ADDRESS, value: new Uint8Array() }],
};

async function begin(attack: Siege, announces = true): Promise<Puppet> {
  const puppet = attack.puppet();
  await puppet.init((payloads) => (announces ? [...payloads, HASHES] : payloads));
  return puppet;
}

const ECDSA = algorithmOfScheme({ kind: 'ecdsa', hash: 'sha256', encoding: 'der' });
const RSA = algorithmOfScheme({ kind: 'rsa-pkcs1', hash: 'sha256' });

/** The AUTH payload of RFC 7427. */
function digital(algorithm: Uint8Array | undefined, signature: Uint8Array): Payload {
  const identifier = algorithm ?? new Uint8Array();
  const data = concatBytes(Uint8Array.of(identifier.length), identifier, signature);
  return { kind: 'AUTH', method: 14, data };
}

function signature(puppet: Puppet, { keys }: Issued, octets = puppet.octetsToSign()): Uint8Array {
  return Uint8Array.from(sign('sha256', octets, keys.privateKey));
}

/** IKE_AUTH with a certificate and an AUTH payload. */
function attempt(puppet: Puppet, certificate: Issued | undefined, auth: Payload) {
  const cert: readonly Payload[] =
    certificate === undefined ? [] : [{ kind: 'CERT', encoding: 4, data: certificate.certificate }];
  return puppet.request(ExchangeType.IKE_AUTH, [...cert, ...puppet.authPayloads(undefined, auth)]);
}

const FAILED = [NotifyType.AUTHENTICATION_FAILED];

describe('AUTH payloads with signatures', () => {
  const own = ca.issue('moon', { dns: [MOON] });

  test('an honest one is accepted: the attempts below fail for their own reasons', async () => {
    await using attack = await besieged();
    const puppet = await begin(attack);
    await attempt(puppet, own, digital(ECDSA, signature(puppet, own)));
    expect(attack.gateway.established).toHaveLength(1);
  });

  const forged: readonly (readonly [name: string, make: (puppet: Puppet) => Payload])[] = [
    ['empty', () => digital(ECDSA, new Uint8Array())],
    ['zero', () => digital(ECDSA, new Uint8Array(72))],
    ['r and s zero', () => digital(ECDSA, Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0))],
    ['one bit changed', (puppet) => digital(ECDSA, flipped(signature(puppet, own)))],
    [
      'an octet more',
      (puppet) => digital(ECDSA, concatBytes(signature(puppet, own), Uint8Array.of(0))),
    ],
    [
      'over other octets',
      (puppet) => digital(ECDSA, signature(puppet, own, Uint8Array.of(1, 2, 3))),
    ],
    [
      'with the key of somebody else',
      (puppet) => digital(ECDSA, signature(puppet, ca.issue('eve', { dns: [MOON] }))),
    ],
    ['of another algorithm than it says', (puppet) => digital(RSA, signature(puppet, own))],
    [
      'SEC-32: of an unknown algorithm',
      (puppet) => digital(Uint8Array.of(0x30, 5, 6, 3, 0x2a, 3, 4), signature(puppet, own)),
    ],
    [
      'SEC-32: with parameters that do not belong there',
      (puppet) => digital(withNull(ECDSA), signature(puppet, own)),
    ],
    [
      'SEC-32: of a hash that was not announced',
      (puppet) =>
        digital(
          algorithmOfScheme({ kind: 'ecdsa', hash: 'sha1', encoding: 'der' }),
          Uint8Array.from(sign('sha1', puppet.octetsToSign(), own.keys.privateKey)),
        ),
    ],
    [
      'an identifier longer than the payload',
      () => ({ kind: 'AUTH', method: 14, data: Uint8Array.of(200, 1, 2) }),
    ],
    ['without an identifier', (puppet) => digital(undefined, signature(puppet, own))],
    [
      'as the method of another curve',
      (puppet) => ({ kind: 'AUTH', method: 10, data: raw(puppet, own) }),
    ],
    ['as RSA', (puppet) => ({ kind: 'AUTH', method: 1, data: signature(puppet, own) })],
    ['of a method nobody knows', () => ({ kind: 'AUTH', method: 200, data: new Uint8Array(64) })],
    ['of EAP and of passwords', () => ({ kind: 'AUTH', method: 12, data: new Uint8Array(64) })],
    ['SEC-40: a shared key instead', (puppet) => puppet.pskAuth()],
  ];
  test.each(forged)('SEC-28, SEC-29: %s: refused, and nothing is left', async (_name, make) => {
    await using attack = await besieged();
    const puppet = await begin(attack);
    expect(notifiesIn(await attempt(puppet, own, make(puppet)))).toEqual(FAILED);
    expect(attack.gateway.sas).toEqual([]);
    await attack.expectAlive();
  });

  test('SEC-32: RFC 7427 is not used where it was not announced', async () => {
    await using attack = await besieged({ carolOptions: { signature_authentication: false } });
    const puppet = await begin(attack);
    const answer = await attempt(puppet, own, digital(ECDSA, signature(puppet, own)));
    expect(notifiesIn(answer)).toEqual(FAILED);
    expect(attack.gateway.lines).toContain(
      'peer used a digital signature (RFC 7427), which we did not announce',
    );
    await attack.expectAlive();
  });

  test('SEC-36: our own AUTH payload sent back proves nothing', async () => {
    await using attack = await besieged();
    const honest = await begin(attack);
    const answer = await attempt(honest, own, digital(ECDSA, signature(honest, own)));
    const [reflected] = (answer?.payloads ?? []).filter(({ kind }) => kind === 'AUTH');
    const theirs = (answer?.payloads ?? []).filter(({ kind }) => kind === 'CERT');
    expect(reflected).toBeDefined();
    const mirror = await begin(attack);
    mirror.identity = id(CAROL);
    const request = mirror.authPayloads(undefined, reflected);
    const second = await mirror.request(ExchangeType.IKE_AUTH, [...theirs, ...request]);
    expect(notifiesIn(second)).toEqual(FAILED);
    await attack.expectAlive();
  });

  test('SEC-56: garbage in CERT payloads is left out, of every encoding', async () => {
    await using attack = await besieged();
    for (const encoding of [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 201]) {
      const puppet = await begin(attack);
      const garbage: Payload = { kind: 'CERT', encoding, data: new Uint8Array(300).fill(0x30) };
      const auth = digital(ECDSA, signature(puppet, own));
      const answer = await puppet.request(ExchangeType.IKE_AUTH, [
        garbage,
        ...puppet.authPayloads(undefined, auth),
      ]);
      expect(notifiesIn(answer), `${encoding}`).toEqual(FAILED);
    }
    await attack.expectAlive();
  });

  test('SEC-34: AUTH NULL and ID_NULL, each alone and together', async () => {
    for (const [type, method] of [
      [13, 13],
      [13, 14],
      [2, 13],
      [13, 2],
    ] as const) {
      await using attack = await besieged();
      const puppet = await begin(attack);
      if (type === 13) puppet.identity = { type, data: new Uint8Array() };
      const auth: Payload =
        method === 14
          ? digital(ECDSA, signature(puppet, own))
          : { kind: 'AUTH', method, data: new Uint8Array(32) };
      expect(notifiesIn(await attempt(puppet, own, auth)), `${type} ${method}`).toEqual(FAILED);
      await attack.expectAlive();
    }
  });

  test('SEC-20, SEC-33: between two rounds nothing else is answered, and nothing is there', async () => {
    for (const exchange of [
      ExchangeType.INFORMATIONAL,
      ExchangeType.CREATE_CHILD_SA,
      ExchangeType.IKE_FOLLOWUP_KE,
      ExchangeType.IKE_INTERMEDIATE,
    ]) {
      await using attack = await besieged({
        carolConnection: {
          remote: [byKey({ id: id(MOON) }), byKey({ id: id(MOON) })],
          pools: [POOL],
        },
      });
      openPool(attack.gateway);
      const puppet = await begin(attack);
      const answer = await puppet.request(ExchangeType.IKE_AUTH, [
        { kind: 'CERT', encoding: 4, data: own.certificate },
        ...puppet.authPayloads(undefined, digital(ECDSA, signature(puppet, own))),
        ADDRESS_REQUEST,
        notify(NotifyType.MULTIPLE_AUTH_SUPPORTED),
        notify(NotifyType.ANOTHER_AUTH_FOLLOWS),
      ]);
      expect(answer?.payloads.map(({ kind }) => kind)).toEqual(['IDr', 'AUTH']);
      expect(await puppet.request(exchange, [])).toBeUndefined();
      expect(attack.gateway.established).toEqual([]);
      expect(attack.gateway.children).toEqual([]);
      expectNothingLeased(attack.gateway);
      // The second round is that of somebody else.
      const eve = ca.issue('eve', { dns: ['eve.example.org'] });
      puppet.identity = id('eve.example.org');
      const [idi, auth] = puppet.authPayloads(undefined, digital(ECDSA, signature(puppet, eve)));
      const second = await puppet.request(ExchangeType.IKE_AUTH, [
        ...(idi === undefined || auth === undefined ? [] : [idi, auth]),
        { kind: 'CERT', encoding: 4, data: eve.certificate },
      ]);
      expect(notifiesIn(second)).toEqual(FAILED);
      expect(attack.gateway.sas).toEqual([]);
      expectNothingLeased(attack.gateway);
    }
  });

  test('a retransmission during the work is not processed twice', async () => {
    await using attack = await besieged();
    const puppet = await begin(attack);
    const auth = digital(ECDSA, signature(puppet, own));
    const cert: Payload = { kind: 'CERT', encoding: 4, data: own.certificate };
    const octets = puppet.encode(ExchangeType.IKE_AUTH, [
      cert,
      ...puppet.authPayloads(undefined, auth),
    ]);
    const answers = (await Promise.all([puppet.raw(octets), puppet.raw(octets)])).flat();
    expect(attack.gateway.established).toHaveLength(1);
    expect(attack.gateway.children).toHaveLength(1);
    const different = new Set(answers.map((answer) => answer.join()));
    expect(different.size).toBe(1);
  });
});

function flipped(octets: Uint8Array): Uint8Array {
  const copy = octets.slice();
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

/** The same identifier with NULL as parameters. */
function withNull(algorithm: Uint8Array | undefined): Uint8Array {
  const octets = algorithm ?? new Uint8Array();
  return concatBytes(
    Uint8Array.of(0x30, (octets[1] ?? 0) + 2),
    octets.subarray(2),
    Uint8Array.of(5, 0),
  );
}

function raw(puppet: Puppet, { keys }: Issued): Uint8Array {
  const key = { key: keys.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return Uint8Array.from(sign('sha256', puppet.octetsToSign(), key));
}
