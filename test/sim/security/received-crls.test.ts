import { sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { CertEncoding } from '../../../daemon/proto/iana/cert-encodings.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { newKey, TestAuthority, type TestHolder } from '../../support/revocation-pki.ts';
import { byKey } from '../enrol.ts';
import { notifiesIn } from '../puppet.ts';
import { CRL_URL, dns, equip, SERIALS, urls } from '../revocation-world.ts';
import { siege } from '../siege.ts';
import { VirtualClock } from '../virtual-clock.ts';

// CRLs in CERT payloads, RFC 7296 section 3.6: carol judges moon, who sends them along.

const NOW = new VirtualClock().wallClock();
const DAY = 24 * 3_600_000;
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';
const id = (text: string) => parseIdentity(text, { allowRegex: false });
const ED25519 = Uint8Array.of(0x30, 5, 6, 3, 0x2b, 0x65, 0x70);
const ca = TestAuthority.root('CA', NOW);
const moon = ca.issue('moon', SERIALS.moon, NOW, [dns(MOON), ...urls.crl]);
const carol = ca.issue('carol', SERIALS.carol, NOW, [dns(CAROL)]);

/** A CRL with these serial numbers, signed by its CA unless by somebody else. */
function crl(revoked: readonly number[], signer = ca.key): Uint8Array {
  const entries = revoked.map((serial) => ({ serial, at: NOW - DAY, reason: 1 }));
  return ca.crlDer({ thisUpdate: NOW - DAY, nextUpdate: NOW + DAY, entries }, signer);
}

function signedBy({ key }: TestHolder, octets: Uint8Array): Payload {
  const signature = Uint8Array.from(sign(null, octets, key.privateKey));
  const data = concatBytes(Uint8Array.of(ED25519.length), ED25519, signature);
  return { kind: 'AUTH', method: 14, data };
}

/** What carol answers to moon's certificate with these CRLs, what it says of them, and what it fetched. */
async function judged(revocation: 'strict' | 'relaxed', crls: readonly Uint8Array[]) {
  await using attack = await siege({
    carolConnection: {
      local: [byKey({ id: id(CAROL) })],
      remote: [byKey({ id: id(MOON), revocation })],
    },
  });
  attack.world.network.link = { ...attack.world.network.link, mtu: 9000 };
  const { gateway } = attack;
  await equip(gateway, carol, ca);
  const puppet = attack.puppet();
  const hashes = notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, Uint8Array.of(0, 5));
  await puppet.init((payloads) => [...payloads, hashes]);
  const cert = (encoding: number, data: Uint8Array): Payload => ({ kind: 'CERT', encoding, data });
  const answer = await puppet.request(ExchangeType.IKE_AUTH, [
    cert(CertEncoding.X509_SIGNATURE, moon.certificate.der),
    ...crls.map((data) => cert(CertEncoding.CRL, data)),
    ...puppet.authPayloads(undefined, signedBy(moon, puppet.octetsToSign())),
  ]);
  return {
    notifies: notifiesIn(answer),
    established: gateway.established.length,
    log: gateway.lines.join('\n'),
    fetched: gateway.fetcher.asked,
  };
}

const REFUSED = { notifies: [NotifyType.AUTHENTICATION_FAILED], established: 0 };

test('without one a strict gateway asks the server of the certificate, and refuses', async () => {
  const outcome = await judged('strict', []);
  expect(outcome).toMatchObject({ ...REFUSED, fetched: [CRL_URL] });
});

test('one that does not name the certificate is enough, nothing is fetched', async () => {
  const outcome = await judged('strict', [crl([99])]);
  expect(outcome).toMatchObject({ established: 1, fetched: [] });
});

test.each(['strict', 'relaxed'] as const)('one that revokes it decides: %s', async (policy) => {
  const outcome = await judged(policy, [crl([SERIALS.moon])]);
  expect(outcome).toMatchObject(REFUSED);
  expect(outcome.log).toMatch(/certificate was revoked on .*, reason: keyCompromise/);
});

test('SEC-55: one that the peer signed itself says nothing', async () => {
  for (const signer of [moon.key, newKey()]) {
    const outcome = await judged('strict', [crl([99], signer)]);
    expect(outcome).toMatchObject({ ...REFUSED, fetched: [CRL_URL] });
  }
});

test('SEC-56: eight CERT payloads are read, with nine the whole message is refused', async () => {
  const fill = (count: number) => Array.from({ length: count - 1 }, () => crl([99]));
  expect(await judged('strict', fill(8))).toMatchObject({ established: 1 });
  expect(await judged('strict', fill(9))).toMatchObject({
    notifies: [NotifyType.INVALID_SYNTAX],
    established: 0,
    fetched: [],
  });
});

test('SEC-55: nor does one hide behind it that the CA made', async () => {
  const outcome = await judged('relaxed', [crl([99], moon.key), crl([SERIALS.moon])]);
  expect(outcome).toMatchObject(REFUSED);
});
