import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
} from 'node:crypto';
import type { AeadAlgorithm } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

const NONCE_OCTETS = 12;

// The types of Node know AEAD names as literals; all used here behave alike.
type AeadName = CipherGCMTypes | 'chacha20-poly1305';

function aead(id: number, keyBits: number, name: AeadName, icvOctets: number): AeadAlgorithm {
  const options = { authTagLength: icvOctets };
  return {
    id,
    keyBits,
    saltOctets: 4,
    ivOctets: 8,
    icvOctets,
    create(key) {
      if (key.length * 8 !== keyBits)
        throw new TypeError(`${name} key of ${key.length} octets, not ${keyBits / 8}`);
      // A KeyObject saves 12 us a call. It copies the key to memory of the runtime, which wipes it when collected.
      const secret = createSecretKey(key);
      return {
        seal(nonce, aad, plaintext) {
          checkNonce(nonce);
          const cipher = createCipheriv(name as CipherGCMTypes, secret, nonce, options);
          cipher.setAAD(aad);
          const text = cipher.update(plaintext);
          cipher.final();
          const sealed = new Uint8Array(text.length + icvOctets);
          sealed.set(text);
          sealed.set(cipher.getAuthTag(), text.length);
          return sealed;
        },
        open(nonce, aad, sealed) {
          checkNonce(nonce);
          const length = sealed.length - icvOctets;
          if (length < 0) return undefined;
          const decipher = createDecipheriv(name as CipherGCMTypes, secret, nonce, options);
          decipher.setAuthTag(sealed.subarray(length));
          decipher.setAAD(aad);
          const text = decipher.update(sealed.subarray(0, length));
          try {
            decipher.final();
          } catch {
            text.fill(0);
            return undefined;
          }
          return plain(text);
        },
        [Symbol.dispose]() {},
      };
    },
  };
}

function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_OCTETS)
    throw new TypeError(`nonce of ${nonce.length} octets, not ${NONCE_OCTETS}`);
}

function gcm(id: number, icvOctets: number): AeadAlgorithm[] {
  return [
    aead(id, 128, 'aes-128-gcm', icvOctets),
    aead(id, 192, 'aes-192-gcm', icvOctets),
    aead(id, 256, 'aes-256-gcm', icvOctets),
  ];
}

/** AES-GCM with ICVs of 16, 12 and 8 octets (RFC 5282) and ChaCha20-Poly1305 (RFC 7634). */
export const nodeAeads: readonly AeadAlgorithm[] = [
  ...gcm(EncryptionId.AES_GCM_16, 16),
  aead(EncryptionId.CHACHA20_POLY1305, 256, 'chacha20-poly1305', 16),
  ...gcm(EncryptionId.AES_GCM_8, 8),
  ...gcm(EncryptionId.AES_GCM_12, 12),
];
