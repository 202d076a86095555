import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { PrivateKeyHandle } from '../../../daemon/contracts/signatures.ts';
import { CertificateStore } from '../../../daemon/credentials/certificate-store.ts';
import { type OwnRequest, ownCredentials } from '../../../daemon/credentials/own-certificates.ts';
import type { Certificate } from '../../../daemon/credentials/x509/certificate.ts';
import { printDn } from '../../../daemon/proto/distinguished-name.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { type CertificateParts, der, nameOf } from '../../support/build-x509.ts';
import { caDer, certificateOf, leafDer, newSpki } from '../../support/test-certificates.ts';

const MOON = parseIdentity('moon', { allowRegex: false, path: 'id' });
const NOW = Date.UTC(2026, 0, 1);
const sha1 = (octets: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash('sha1').update(octets).digest());

const leaf = (issuer: string, parts: CertificateParts = {}): Certificate =>
  certificateOf(leafDer('moon', { issuer: nameOf(issuer), ...parts }));
const ca = (name: string, issuer = name, spki = newSpki()): Certificate =>
  certificateOf(caDer(name, { issuer: nameOf(issuer), spki }));
const valid = (from: string, to: string): CertificateParts => ({
  validity: der.seq(der.time(`${from}0101000000Z`), der.time(`${to}0101000000Z`)),
});
const nameText = ({ subject }: Certificate): string => printDn(subject) ?? '';
const hashOf = ({ publicKey }: Certificate): string =>
  toHex(sha1(publicKey?.spki ?? new Uint8Array()));

/** What is chosen of loaded certificates, all of whose keys are here unless said. */
function choose(
  loaded: readonly Certificate[],
  request: Partial<OwnRequest> = {},
  without: readonly Certificate[] = [],
) {
  const store = new CertificateStore();
  store.load(
    'vici',
    loaded.map((value) => ({
      credential: { type: 'X509', flag: value.basicConstraints?.ca ? 'CA' : 'NONE', value },
      trusted: true,
    })),
  );
  const missing = new Set(without.map(({ publicKey }) => publicKey?.keyId));
  const find = (keyId: string): PrivateKeyHandle | undefined =>
    missing.has(keyId)
      ? undefined
      : {
          publicKey: { keyId, spki: new Uint8Array(), type: { kind: 'ed25519', bits: 256 } },
          origins: ['vici'],
        };
  return ownCredentials(
    {
      identity: MOON,
      certificates: [],
      publicKeys: [],
      requestedCas: new Set(),
      now: NOW,
      ...request,
    },
    { certificates: store.snapshot(), keys: { find }, authorityHash: hashOf },
  );
}

describe('what we authenticate with', () => {
  test('is a certificate of our identity whose key is here, valid ones and the newest first', () => {
    const old = leaf('CA', valid('20', '30'));
    const fresh = leaf('CA', valid('25', '35'));
    const expired = leaf('CA', valid('24', '25'));
    const future = leaf('CA', valid('27', '35'));
    const foreign = leaf('CA', valid('25', '36'));
    const stranger = certificateOf(leafDer('sun'));
    const found = choose([old, expired, fresh, future, foreign, stranger], {}, [foreign]);
    expect(found.map(({ certificate }) => certificate)).toEqual([fresh, old, future, expired]);
  });

  test('comes from a CA that the peer asked for, if there is one', () => {
    const [north, south] = [ca('North'), ca('South')];
    const [a, b] = [leaf('North', valid('25', '35')), leaf('South', valid('20', '35'))];
    const all = [a, b, north, south];
    const first = (wanted: readonly Certificate[]) =>
      choose(all, { requestedCas: new Set(wanted.map(hashOf)) })[0]?.certificate;
    expect(first([])).toBe(a);
    expect(first([south])).toBe(b);
    expect(first([north, south])).toBe(a);
    expect(first([ca('Else')])).toBe(a);
    // Being valid counts more than being asked for.
    const expired = leaf('South', valid('20', '21'));
    expect(
      choose([a, expired, north, south], { requestedCas: new Set([hashOf(south)]) })[0]
        ?.certificate,
    ).toBe(a);
  });

  test('brings the CAs below the root along, nearest first', () => {
    const own = leaf('Low');
    const [low, middle, root] = [ca('Low', 'Middle'), ca('Middle', 'Root'), ca('Root')];
    expect(choose([own, root, middle, low])[0]?.chain.map(nameText)).toEqual([
      'CN=Low',
      'CN=Middle',
    ]);
    // Without the root the way as far as it is known.
    expect(choose([own, middle, low])[0]?.chain.map(nameText)).toEqual(['CN=Low', 'CN=Middle']);
    expect(choose([own])[0]?.chain).toEqual([]);
  });

  test('takes the way to the CA that was asked for where CAs are cross-signed', () => {
    const spki = newSpki();
    const own = leaf('Low');
    const [a, b] = [ca('A'), ca('B')];
    const [byA, byB] = [ca('Low', 'A', spki), ca('Low', 'B', spki)];
    const chain = (wanted: Certificate) => {
      const [best] = choose([own, byA, byB, a, b], { requestedCas: new Set([hashOf(wanted)]) });
      return best?.chain;
    };
    expect(chain(a)).toEqual([byA]);
    expect(chain(b)).toEqual([byB]);
  });

  test('ends where CAs sign each other in circles, and however many there are', () => {
    const own = leaf('X');
    const circle = [ca('X', 'Y'), ca('Y', 'X')];
    expect(choose([own, ...circle])[0]?.chain.map(nameText)).toEqual(['CN=X', 'CN=Y']);
    const many = Array.from(
      { length: 300 },
      (_, i) => [ca('X', 'Y'), ca('Y', 'X')][i % 2] ?? ca('X'),
    );
    const start = performance.now();
    expect(choose([own, ...many])[0]?.chain.length).toBeLessThanOrEqual(8);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('is what the connection names, and nothing else: certificates first, then raw keys', () => {
    const [loaded, named] = [leaf('CA', valid('25', '35')), leaf('CA', valid('20', '35'))];
    const raw = certificateOf(leafDer('raw')).publicKey;
    if (raw === undefined) throw new Error('a key');
    const both = choose([loaded], { certificates: [named], publicKeys: [raw] });
    expect(both.map(({ certificate, key }) => certificate ?? key.publicKey.keyId)).toEqual([
      named,
      raw.keyId,
    ]);
    expect(choose([loaded], { certificates: [named] }, [named])).toEqual([]);
    const sun = certificateOf(leafDer('sun'));
    expect(choose([loaded], { certificates: [sun] })).toEqual([]);
    expect(choose([loaded], { certificates: [sun], identity: undefined })).toHaveLength(1);
  });
});
