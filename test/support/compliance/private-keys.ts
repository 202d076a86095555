import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  PrivateKeyHandle,
  PrivateKeyInput,
  PrivateKeys,
  SignatureScheme,
} from '../../../daemon/contracts/signatures.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { keyPair, pkcs8Of, spkiOf, type TestKeyKind } from '../private-keys.ts';

const { signatures } = createCrypto([nodeCryptoProvider()]);
const message = utf8('what an initiator signs');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const small = generateKeyPairSync('rsa', { modulusLength: 1024 });

const SCHEMES: readonly (readonly [TestKeyKind, readonly SignatureScheme[]])[] = [
  [
    'rsa2048',
    [
      ...(['sha1', 'sha256', 'sha384', 'sha512'] as const).map(
        (hash) => ({ kind: 'rsa-pkcs1', hash }) as const,
      ),
      { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 },
      { kind: 'rsa-pss', hash: 'sha512', saltOctets: 64 },
      { kind: 'rsa-pss', hash: 'sha256', saltOctets: 0 },
    ],
  ],
  ...(
    ['p256', 'p384', 'p521', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'] as const
  ).map(
    (curve) =>
      [
        curve,
        [
          { kind: 'ecdsa', hash: 'sha256', encoding: 'der' },
          { kind: 'ecdsa', hash: 'sha512', encoding: 'raw' },
        ],
      ] as const,
  ),
  ['ed25519', [{ kind: 'ed25519' }]],
  ['ed448', [{ kind: 'ed448' }]],
  ['ml-dsa-44', [{ kind: 'ml-dsa' }]],
  ['ml-dsa-65', [{ kind: 'ml-dsa' }]],
  ['ml-dsa-87', [{ kind: 'ml-dsa' }]],
];

/** The tests that every keeper of private keys passes. */
export function privateKeysCompliance(name: string, open: () => PrivateKeys): void {
  describe(`${name}: what every keeper of private keys promises`, () => {
    let keys: PrivateKeys;
    beforeEach(() => {
      keys = open();
    });
    afterEach(() => keys[Symbol.asyncDispose]());

    const load = async (input: Partial<PrivateKeyInput> = {}): Promise<PrivateKeyHandle> => {
      const data = pkcs8Of(rsa.privateKey);
      const loaded = await keys.load({ data, origin: 'vici', ...input });
      if (!loaded.ok) throw new Error(loaded.reason);
      return loaded.key;
    };

    test.each(SCHEMES)('signs with %s what its public key verifies', async (kind, schemes) => {
      const { privateKey, publicKey } = keyPair(kind);
      const handle = await load({ data: pkcs8Of(privateKey) });
      expect(handle.publicKey.spki).toEqual(spkiOf(publicKey));
      for (const scheme of schemes) {
        const signature = await keys.sign(handle.publicKey.keyId, scheme, message);
        expect(await signatures.verify(handle.publicKey, scheme, message, signature)).toBe(true);
        expect(signature).toBeInstanceOf(Uint8Array);
        expect(Buffer.isBuffer(signature)).toBe(false);
      }
    });

    test('wipes what it was given', async () => {
      const data = pkcs8Of(rsa.privateKey);
      const passphrase = utf8('a passphrase');
      await load({ data, passphrase });
      expect(data.every((octet) => octet === 0)).toBe(true);
      expect(passphrase.every((octet) => octet === 0)).toBe(true);
    });

    test('wipes what it refused', async () => {
      const data = pkcs8Of(rsa.privateKey).subarray(1);
      expect(await keys.load({ data, origin: 'vici' })).toMatchObject({ ok: false });
      expect(data.every((octet) => octet === 0)).toBe(true);
      expect(keys.list()).toEqual([]);
    });

    test('finds, lists and unloads', async () => {
      const handle = await load();
      const { keyId } = handle.publicKey;
      expect(keys.find(keyId)).toEqual(handle);
      expect(keys.list()).toEqual([handle]);
      expect(await keys.unload('00'.repeat(20), 'vici')).toBe(false);
      expect(await keys.unload(keyId, 'vici')).toBe(true);
      expect(await keys.unload(keyId, 'vici')).toBe(false);
      expect(keys.find(keyId)).toBeUndefined();
      expect(keys.list()).toEqual([]);
      const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      await expect(keys.sign(keyId, scheme, message)).rejects.toThrow(keyId);
    });

    test('the same key again is the same key, with all its origins', async () => {
      const { keyId } = (await load()).publicKey;
      expect((await load({ origin: 'file' })).origins).toEqual(['vici', 'file']);
      await load({ origin: 'file' });
      expect(keys.list()).toHaveLength(1);
      await keys.clear('vici');
      expect(keys.find(keyId)?.origins).toEqual(['file']);
      expect(await keys.unload(keyId, 'vici')).toBe(false);
      const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      await keys.sign(keyId, scheme, message);
      await keys.clear('file');
      expect(keys.list()).toEqual([]);
      await expect(keys.sign(keyId, scheme, message)).rejects.toThrow();
    });

    test('refuses a key of another kind, and keeps what it has', async () => {
      const handle = await load();
      const data = pkcs8Of(keyPair('p256').privateKey);
      const refused = await keys.load({ data, origin: 'vici', kind: 'rsa' });
      expect(refused).toEqual({ ok: false, reason: 'found a key of kind ecdsa, expected rsa' });
      expect(keys.list()).toEqual([handle]);
    });

    test.each<readonly [string, SignatureScheme]>([
      ['ECDSA', { kind: 'ecdsa', hash: 'sha256', encoding: 'der' }],
      ['Ed25519', { kind: 'ed25519' }],
      ['ML-DSA', { kind: 'ml-dsa' }],
      ['more salt than fits', { kind: 'rsa-pss', hash: 'sha512', saltOctets: 200 }],
    ])('an RSA key does not sign by %s', async (_, scheme) => {
      const { keyId } = (await load()).publicKey;
      await expect(keys.sign(keyId, scheme, message)).rejects.toThrow(/cannot sign by/);
    });

    test('an RSA key too small for PSS says so', async () => {
      const { keyId } = (await load({ data: pkcs8Of(small.privateKey) })).publicKey;
      const scheme = { kind: 'rsa-pss', hash: 'sha512', saltOctets: 64 } as const;
      await expect(keys.sign(keyId, scheme, message)).rejects.toThrow('a key of 1024 bits cannot');
    });

    test('many signatures at once', async () => {
      const { publicKey } = await load();
      const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      const messages = Array.from({ length: 1000 }, (_, n) => utf8(`message ${n}`));
      const made = await Promise.all(messages.map((m) => keys.sign(publicKey.keyId, scheme, m)));
      const right = await Promise.all(
        made.map((signature, n) =>
          signatures.verify(publicKey, scheme, messages[n] ?? message, signature),
        ),
      );
      expect(right.every((one) => one)).toBe(true);
    });

    test('a message of 64 KiB is signed, a larger one than IKE has is not', async () => {
      const { publicKey } = await load();
      const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      const large = new Uint8Array(65_536).fill(7);
      const signature = await keys.sign(publicKey.keyId, scheme, large);
      expect(await signatures.verify(publicKey, scheme, large, signature)).toBe(true);
      await expect(keys.sign(publicKey.keyId, scheme, new Uint8Array(1 << 20))).rejects.toThrow(
        /1048576 octets/,
      );
      await keys.sign(publicKey.keyId, scheme, message);
    });
  });
}
