import { describe, expect, test } from 'vitest';
import type {
  PublicKey,
  SignatureHash,
  SignatureScheme,
  SignatureVerifier,
} from '../../../daemon/contracts/signatures.ts';
import { ecdsaNumbers } from '../../../daemon/proto/keys/ecdsa-signature.ts';
import { NobleSignatureVerifier } from '../../../plugins/crypto-noble/signatures.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { octetsOf } from '../../support/hex.ts';
import { hasSharedData } from '../../support/shared-data.ts';
import {
  count,
  emptyTally,
  type WycheproofCase,
  type WycheproofTally,
  wycheproofCases,
} from '../../support/wycheproof.ts';

// A DigestInfo without NULL: PKCS#1 v1.5 is compared with the one encoding that is right.
const NO_NULL = 'refused: the parameters are missing';
const OTHER_MGF = 'outside: MGF1 with another hash, which RFC 7427 implementations do not use';
const WITH_CONTEXT = 'outside: a context string, which is empty in IKEv2';
const SMALL_KEY = 'refused: the key is not of a size or form that is allowed';

const rsa = [2048, 3072, 4096].flatMap((bits) =>
  [256, 384, 512].map((hash) => `rsa_signature_${bits}_sha${hash}_test.json`),
);
const pss = [
  'rsa_pss_2048_sha256_mgf1_32_test.json',
  'rsa_pss_2048_sha384_mgf1_48_test.json',
  'rsa_pss_3072_sha256_mgf1_32_test.json',
  'rsa_pss_4096_sha256_mgf1_32_test.json',
  'rsa_pss_4096_sha384_mgf1_48_test.json',
  'rsa_pss_4096_sha512_mgf1_32_test.json',
  'rsa_pss_4096_sha512_mgf1_64_test.json',
];
const ecdsa = [
  'ecdsa_secp256r1_sha256_test.json',
  'ecdsa_secp256r1_sha512_test.json',
  'ecdsa_secp384r1_sha256_test.json',
  'ecdsa_secp384r1_sha384_test.json',
  'ecdsa_secp384r1_sha512_test.json',
  'ecdsa_secp521r1_sha512_test.json',
  'ecdsa_brainpoolP256r1_sha256_test.json',
  'ecdsa_brainpoolP384r1_sha384_test.json',
  'ecdsa_brainpoolP512r1_sha512_test.json',
];

// Plain JavaScript needs seconds for the large curves.
const options = { timeout: 300_000 };

describe.skipIf(!hasSharedData('wycheproof'))('Wycheproof signatures', options, () => {
  describe.each([
    ['crypto-node', new NodeSignatureVerifier()],
    ['crypto-noble', new NobleSignatureVerifier()],
  ])('through %s', (name, verifier) => {
    test.each(rsa)('SEC-30: %s', async (file) => {
      const tally = await run(verifier, file, (one) => ({ kind: 'rsa-pkcs1', hash: hashOf(one) }));
      expect(tally.failed).toEqual([]);
      expect(tally.outside).toEqual({});
      expect(tally.acceptable).toEqual({ [NO_NULL]: 1 });
    });

    test.each([...pss, 'rsa_pss_misc_test.json'])('%s', async (file) => {
      const tally = await run(verifier, file, (one) => {
        if (one.group('sha') !== one.group('mgfSha')) return OTHER_MGF;
        return { kind: 'rsa-pss', hash: hashOf(one), saltOctets: Number(one.group('sLen')) };
      });
      expect(tally.failed).toEqual([]);
      expect(tally.outside).toEqual(file.includes('misc') ? { [OTHER_MGF]: 120 } : {});
    });

    test.each(ecdsa)('SEC-29: %s, DER and r | s', async (file) => {
      const tally = await run(verifier, file, (one) => ({
        kind: 'ecdsa',
        hash: hashOf(one),
        encoding: 'der',
      }));
      expect(tally.failed).toEqual([]);
      expect(tally.outside).toEqual({});
      expect(tally.passed).toBeGreaterThan(450);
      expect(await rawForms(verifier, file)).toEqual([]);
    });

    test.each([
      ['ed25519_test.json', 'ed25519'],
      ['ed448_test.json', 'ed448'],
    ] as const)('SEC-29: %s', async (file, kind) => {
      const tally = await run(verifier, file, () => ({ kind }));
      expect(tally.failed).toEqual([]);
      expect(tally.outside).toEqual({});
    });

    test.each([44, 65, 87])('ML-DSA-%i', async (level) => {
      const file = `mldsa_${level}_verify_test.json`;
      if (name === 'crypto-noble') {
        const [first] = wycheproofCases(file);
        expect(verifier.publicKey(octetsOf(first?.group('publicKeyDer') ?? ''))).toBeUndefined();
        return;
      }
      const tally = await run(verifier, file, (one) =>
        one.octets('ctx').length > 0 ? WITH_CONTEXT : { kind: 'ml-dsa' },
      );
      expect(tally.failed).toEqual([]);
      expect(tally.passed).toBeGreaterThan(150);
    });
  });
});

const HASHES: ReadonlyMap<string, SignatureHash> = new Map([
  ['SHA-1', 'sha1'],
  ['SHA-224', 'sha224'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

function hashOf(one: WycheproofCase): SignatureHash {
  const hash = HASHES.get(one.group('sha'));
  if (hash === undefined) throw new Error(`no hash ${one.group('sha')}`);
  return hash;
}

function keyOf(verifier: SignatureVerifier, one: WycheproofCase): PublicKey | undefined {
  return verifier.publicKey(octetsOf(one.group('publicKeyDer')));
}

async function run(
  verifier: SignatureVerifier,
  file: string,
  schemeOf: (one: WycheproofCase) => SignatureScheme | string,
): Promise<WycheproofTally> {
  const tally = emptyTally();
  for (const one of wycheproofCases(file)) {
    const scheme = schemeOf(one);
    if (typeof scheme === 'string') {
      count(tally.outside, scheme);
      continue;
    }
    const key = keyOf(verifier, one);
    if (key === undefined && one.result !== 'invalid') {
      count(tally.outside, SMALL_KEY);
      continue;
    }
    const right =
      key !== undefined &&
      (await verifier.verify(key, scheme, one.octets('msg'), one.octets('sig')));
    if (one.result === 'acceptable') {
      const missing = one.flags.includes('MissingNull') && !right;
      count(tally.acceptable, missing ? NO_NULL : `${right} ${one.flags.join()}`);
    } else if (right === (one.result === 'valid')) tally.passed++;
    else tally.failed.push(one.id);
  }
  return tally;
}

/** Valid signatures as r | s of RFC 4754, and what may not be one; what went wrong. */
async function rawForms(verifier: SignatureVerifier, file: string): Promise<string[]> {
  const wrong: string[] = [];
  let tried = 0;
  for (const one of wycheproofCases(file)) {
    if (one.result !== 'valid' || one.id % 10 !== 0) continue;
    const key = keyOf(verifier, one);
    if (key?.type.kind !== 'ecdsa') continue;
    const raw = ecdsaNumbers(key.type.curve, 'der', one.octets('sig'));
    if (raw === undefined) throw new Error('not a signature');
    const scheme = { kind: 'ecdsa', hash: hashOf(one), encoding: 'raw' } as const;
    const message = one.octets('msg');
    tried++;
    if (!(await verifier.verify(key, scheme, message, raw))) wrong.push(`${one.id} as it is`);
    const half = raw.length / 2;
    const forms = {
      longer: Uint8Array.of(...raw, 0),
      padded: Uint8Array.of(0, ...raw.subarray(0, half), 0, ...raw.subarray(half)),
      shorter: raw.subarray(1),
      der: one.octets('sig'),
      'r = 0': Uint8Array.of(...new Uint8Array(half), ...raw.subarray(half)),
      's = 0': Uint8Array.of(...raw.subarray(0, half), ...new Uint8Array(half)),
    };
    for (const [form, signature] of Object.entries(forms))
      if (await verifier.verify(key, scheme, message, signature)) wrong.push(`${one.id} ${form}`);
  }
  if (tried < 10) wrong.push(`only ${tried} tried`);
  return wrong;
}
