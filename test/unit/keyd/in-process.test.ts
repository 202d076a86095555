import { expect, test } from 'vitest';
import type { SignatureScheme } from '../../../daemon/contracts/signatures.ts';
import { InProcessKeys } from '../../../daemon/keyd/in-process.ts';
import { NobleSignatureVerifier } from '../../../plugins/crypto-noble/signatures.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { privateKeysCompliance } from '../../support/compliance/private-keys.ts';
import { largestRsa } from '../../support/largest-rsa.ts';
import { keyPair, pkcs8Of, spkiOf } from '../../support/private-keys.ts';

privateKeysCompliance('InProcessKeys', () => new InProcessKeys(new NodeSignatureVerifier()));

test('a key that the crypto plugin does not know is not kept', async () => {
  await using keys = new InProcessKeys(new NobleSignatureVerifier());
  const data = pkcs8Of(keyPair('ml-dsa-65').privateKey);
  expect(await keys.load({ data, origin: 'vici' })).toEqual({
    ok: false,
    reason: 'found a key of a kind that the crypto plugin in use does not know',
  });
  expect(keys.list()).toEqual([]);
});

test('a key of 16384 bits signs, and each plugin verifies that', async () => {
  const { privateKey, publicKey } = largestRsa();
  const node = new NodeSignatureVerifier();
  await using keys = new InProcessKeys(node);
  const loaded = await keys.load({ data: pkcs8Of(privateKey), origin: 'vici' });
  if (!loaded.ok) throw new TypeError(loaded.reason);
  const message = Uint8Array.of(1, 2, 3);
  const schemes: readonly SignatureScheme[] = [
    { kind: 'rsa-pkcs1', hash: 'sha512' },
    { kind: 'rsa-pss', hash: 'sha512', saltOctets: 64 },
  ];
  for (const scheme of schemes) {
    const signature = await keys.sign(loaded.key.publicKey.keyId, scheme, message);
    expect(signature).toHaveLength(2048);
    for (const verifier of [node, new NobleSignatureVerifier()]) {
      const key = verifier.publicKey(spkiOf(publicKey));
      if (key === undefined) throw new TypeError('the key is refused');
      expect(key.type).toMatchObject({ kind: 'rsa', bits: 16_384 });
      expect(await verifier.verify(key, scheme, message, signature)).toBe(true);
      const spoiled = signature.with(2047, (signature[2047] ?? 0) ^ 1);
      expect(await verifier.verify(key, scheme, message, spoiled)).toBe(false);
    }
  }
});
