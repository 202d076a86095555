import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { KeyKeeper } from '../../daemon/keyd/keeper.ts';
import { KeyError } from '../../daemon/keyd/key-error.ts';
import { decodeRequest } from '../../daemon/keyd/protocol.ts';
import { decodeSpki } from '../../daemon/proto/keys/spki.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { mutate, seeded } from '../support/mutate.ts';
import { keyPair, pkcs8Of, spkiOf, type TestKeyKind } from '../support/private-keys.ts';
import { sealGcm } from '../support/seal-gcm.ts';

const KINDS: readonly TestKeyKind[] = [
  'rsa2048',
  'p256',
  'brainpoolP384r1',
  'ed25519',
  'ed448',
  'ml-dsa-44',
];
const pairs = KINDS.map(keyPair);

function openssl(input: string, ...args: readonly string[]): Uint8Array {
  return new Uint8Array(
    execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] }),
  );
}

const ecPem = pairs[1]?.privateKey.export({ type: 'sec1', format: 'pem' }).toString() ?? '';
const rsaPem = pairs[0]?.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString() ?? '';
const CORPUS: readonly Uint8Array[] = [
  ...pairs.map(({ privateKey }) => pkcs8Of(privateKey)),
  utf8(ecPem),
  utf8(rsaPem),
  openssl(rsaPem, 'rsa', '-outform', 'DER', '-traditional'),
  openssl(ecPem, 'pkcs8', '-topk8', '-outform', 'DER', '-passout', 'pass:x', '-iter', '10'),
  openssl(
    ecPem,
    'pkcs8',
    '-topk8',
    '-outform',
    'DER',
    '-passout',
    'pass:x',
    '-scrypt',
    '-scrypt_N',
    '16',
  ),
  openssl(ecPem, 'ec', '-aes128', '-passout', 'pass:x'),
  sealGcm(pkcs8Of(keyPair('p256').privateKey), 'x'),
];

// Work is bounded by what a key may ask for: the longest single attempt, generously.
const LONGEST = 15_000;

test.each([1, 2, 3])('a spoiled private key is a key or a sentence, seed %i', async (seed) => {
  const below = seeded(seed);
  const keeper = new KeyKeeper();
  let refused = 0;
  let slowest = 0;
  for (let i = 0; i < 3000; i++) {
    const data = mutate(CORPUS[below(CORPUS.length)] ?? new Uint8Array(), below);
    const began = performance.now();
    try {
      const { keyId } = await keeper.load({
        data,
        origin: 'vici',
        kind: undefined,
        passphrase: utf8('x'),
      });
      keeper.unload(keyId, 'vici');
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      expect(error.message).toMatch(/^found [ -~]+$/);
      expect(error.message.length).toBeLessThan(400);
      refused++;
    }
    expect(data.every((octet) => octet === 0)).toBe(true);
    slowest = Math.max(slowest, performance.now() - began);
  }
  expect(refused).toBeGreaterThan(1500);
  expect(slowest).toBeLessThan(LONGEST);
});

test.each([1, 2, 3])(
  'a spoiled public key is a key or nothing, and verifies nothing, seed %i',
  async (seed) => {
    const below = seeded(seed);
    const verifier = new NodeSignatureVerifier();
    const signature = new Uint8Array(64).fill(7);
    let taken = 0;
    for (let i = 0; i < 20_000; i++) {
      const { publicKey } = pairs[below(pairs.length)] ?? keyPair('p256');
      const key = verifier.publicKey(mutate(spkiOf(publicKey), below));
      if (key === undefined) continue;
      taken++;
      expect(await verifier.verify(key, { kind: 'ed25519' }, signature, signature)).toBe(false);
      const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      expect(await verifier.verify(key, scheme, signature, new Uint8Array(256))).toBe(false);
    }
    expect(taken).toBeGreaterThan(100);
  },
);

test('any octets are a request or none', () => {
  const below = seeded(9);
  for (let i = 0; i < 50_000; i++) {
    const body = Uint8Array.from({ length: below(64) }, () => below(256));
    decodeRequest({ type: below(6), id: 0, body });
    decodeSpki(body);
  }
});
