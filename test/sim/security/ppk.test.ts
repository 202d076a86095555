import { describe, expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { Secret } from '../../../daemon/util/secret.ts';
import { notifiesIn, type Tampering } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';

const ID = 'the-ppk';

async function withPpk(required: boolean): Promise<Siege> {
  const attack = await siege({
    carolConnection: { ppkRequired: required, ppkId: parseIdentity(ID, { allowRegex: true }) },
    moonConnection: { ppkRequired: required, ppkId: parseIdentity(ID, { allowRegex: true }) },
  });
  for (const host of [attack.client, attack.gateway]) {
    host.daemon.sharedKeys.load({
      type: 'ppk',
      data: new Secret(utf8('octets that no quantum computer finds')),
      owners: [parseIdentity(ID, { allowRegex: true })],
    });
  }
  return attack;
}

const announcing: Tampering = (payloads) => [...payloads, notify(NotifyType.USE_PPK)];
const adding =
  (...more: readonly Payload[]): Tampering =>
  (payloads) => [...payloads, ...more];
const ppkId = (...octets: readonly number[]): Payload =>
  notify(NotifyType.PPK_IDENTITY, Uint8Array.from(octets));
const named = (text: string): Payload => ppkId(2, ...utf8(text));

/** The data of the AUTH payload that an attacker without the PPK can make. */
const itsProof: Tampering = (payloads) =>
  payloads.flatMap((payload): readonly Payload[] =>
    payload.kind === 'AUTH' ? [payload, notify(NotifyType.NO_PPK_AUTH, payload.data)] : [payload],
  );

describe('SEC-20: a PPK that a peer does not know cannot be left out', () => {
  test.each<[string, Tampering, Tampering]>([
    ['no word of PPKs', (payloads) => payloads, (payloads) => payloads],
    ['USE_PPK, and then none', announcing, (payloads) => payloads],
    ['none, and then a PPK_ID', (payloads) => payloads, adding(named(ID))],
    ['the PPK_ID with a proof without it', announcing, adding(named(ID))],
    [
      'the PPK_ID with N(NO_PPK_AUTH)',
      announcing,
      (payloads) => [...itsProof(payloads), named(ID)],
    ],
    ['N(NO_PPK_AUTH) and no PPK_ID', announcing, (payloads) => itsProof(payloads)],
    [
      'an unknown PPK_ID with N(NO_PPK_AUTH)',
      announcing,
      (payloads) => [...itsProof(payloads), named('another')],
    ],
    ['two PPK_IDs', announcing, adding(named('another'), named(ID))],
  ])('%s: refused where it is required', async (_, first, second) => {
    await using attack = await withPpk(true);
    const puppet = attack.puppet();
    await puppet.init(first);
    expect(notifiesIn(await puppet.auth(second))).toEqual([NotifyType.AUTHENTICATION_FAILED]);
    expect(attack.gateway.sas).toEqual([]);
    await attack.expectAlive();
  });

  test('whoever names a known one has to prove with it, also where it is not required', async () => {
    await using attack = await withPpk(false);
    const puppet = attack.puppet();
    await puppet.init(announcing);
    const answer = await puppet.auth((payloads) => [...itsProof(payloads), named(ID)]);
    expect(notifiesIn(answer)).toEqual([NotifyType.AUTHENTICATION_FAILED]);
    await attack.expectAlive();
  });
});

describe('SEC-20: PPK_IDs that are none', () => {
  test.each<[string, Payload]>([
    ['empty', ppkId()],
    ['without octets', ppkId(2)],
    ['opaque, which nobody here has', ppkId(1, ...utf8(ID))],
    ['of an unknown type', ppkId(255, ...utf8(ID))],
    ['a pattern', named('*')],
    ['everybody', named('%any')],
    ['an expression', named('fqdn:^.*$')],
    ['not text', ppkId(2, 0, 255, 10, 13, 27)],
    ['huge', ppkId(2, ...new Uint8Array(1100).fill(0x61))],
  ])('%s: AUTHENTICATION_FAILED, and nothing else happens', async (_, payload) => {
    await using attack = await withPpk(true);
    const puppet = attack.puppet();
    await puppet.init(announcing);
    expect(notifiesIn(await puppet.auth(adding(payload)))).toEqual([
      NotifyType.AUTHENTICATION_FAILED,
    ]);
    expect(attack.gateway.lines.join('\n')).not.toContain('using PPK');
    expect(attack.gateway.lines.every((line) => /^[\x20-\x7e]*$/.test(line))).toBe(true);
    await attack.expectAlive();
  });
});

describe('SEC-20: a PPK that comes with IKE_INTERMEDIATE (RFC 9867)', () => {
  const early: Tampering = (payloads) => [
    ...payloads,
    notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED),
    notify(NotifyType.USE_PPK_INT),
  ];
  const key = (...octets: readonly number[]): Payload =>
    notify(NotifyType.PPK_IDENTITY_KEY, Uint8Array.from(octets));
  const wrong = key(2, ...utf8(ID), ...new Uint8Array(8));

  const tries: readonly (readonly [string, readonly Payload[] | undefined])[] = [
    ['no IKE_INTERMEDIATE at all', undefined],
    ['none in it', []],
    ['a wrong confirmation', [wrong]],
    ['no confirmation', [key(2, ...utf8(ID))]],
    ['nothing but a confirmation', [key(...new Uint8Array(8))]],
    ['empty', [key()]],
    ['an unknown type', [key(9, ...utf8(ID), ...new Uint8Array(8))]],
    ['a huge one', [key(2, ...new Uint8Array(1100).fill(0x61))]],
    ['a thousand', Array.from({ length: 1000 }, () => wrong)],
  ];

  test.each(tries)('%s: refused where it is required', async (_, payloads) => {
    await using attack = await withPpk(true);
    const puppet = attack.puppet();
    await puppet.init(early);
    if (payloads !== undefined) {
      const answer = await puppet.intermediateAlone(payloads);
      expect(notifiesIn(answer)).toEqual([]);
      // what is said of a thousand is said of a few
      expect(
        attack.gateway.lines.filter((line) => line.includes('is not the one')).length,
      ).toBeLessThan(9);
    }
    expect(notifiesIn(await puppet.auth())).toEqual([NotifyType.AUTHENTICATION_FAILED]);
    expect(attack.gateway.sas).toEqual([]);
    await attack.expectAlive();
  });

  test('nor can it be named in IKE_AUTH then', async () => {
    await using attack = await withPpk(true);
    const puppet = attack.puppet();
    await puppet.init((payloads) => announcing(early(payloads)));
    const answer = await puppet.auth((payloads) => [...itsProof(payloads), named(ID)]);
    expect(notifiesIn(answer)).toEqual([NotifyType.AUTHENTICATION_FAILED]);
    await attack.expectAlive();
  });

  test('there is one IKE_INTERMEDIATE for it, and no further one', async () => {
    await using attack = await withPpk(false);
    const puppet = attack.puppet();
    await puppet.init(early);
    expect(await puppet.intermediateAlone([wrong])).toBeDefined();
    expect(await puppet.intermediateAlone([wrong])).toBeUndefined();
    await attack.expectAlive();
  });

  test('without USE_PPK_INT there is none', async () => {
    await using attack = await withPpk(false);
    const puppet = attack.puppet();
    await puppet.init(announcing);
    expect(await puppet.intermediateAlone([wrong])).toBeUndefined();
    await attack.expectAlive();
  });
});
