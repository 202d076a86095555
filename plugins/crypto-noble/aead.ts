import { ctr, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { AeadAlgorithm } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';
import { constantTimeEqual } from '../../daemon/util/constant-time.ts';

const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

interface AeadPrimitive {
  /** Ciphertext and the whole tag of 16 octets. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Decrypts without verifying. */
  decrypt(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  /** Plaintext, or an exception if the tag of 16 octets is wrong. */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

const AES_GCM: AeadPrimitive = {
  seal: (key, nonce, aad, plaintext) => gcm(key, nonce, aad).encrypt(plaintext),
  open: (key, nonce, aad, sealed) => gcm(key, nonce, aad).decrypt(sealed),
  // Counter 1 masks the tag, the text starts at 2: NIST SP 800-38D section 7.1.
  decrypt: (key, nonce, ciphertext) =>
    ctr(key, concatBytes(nonce, Uint8Array.of(0, 0, 0, 2))).decrypt(ciphertext),
};

const CHACHA20_POLY1305: AeadPrimitive = {
  seal: (key, nonce, aad, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
  open: (key, nonce, aad, sealed) => chacha20poly1305(key, nonce, aad).decrypt(sealed),
  decrypt: () => {
    throw new TypeError('ChaCha20-Poly1305 has no shorter ICVs');
  },
};

function aead(
  id: number,
  keyBits: number,
  icvOctets: number,
  primitive: AeadPrimitive,
): AeadAlgorithm {
  return {
    id,
    keyBits,
    saltOctets: 4,
    ivOctets: 8,
    icvOctets,
    create(key) {
      if (key.length * 8 !== keyBits)
        throw new TypeError(`key of ${key.length} octets, not ${keyBits / 8}`);
      const own = key.slice();
      return {
        seal(nonce, aad, plaintext) {
          checkNonce(nonce);
          const sealed = primitive.seal(own, nonce, aad, plaintext);
          return sealed.slice(0, plaintext.length + icvOctets);
        },
        open(nonce, aad, sealed) {
          checkNonce(nonce);
          if (sealed.length < icvOctets) return undefined;
          return icvOctets === TAG_OCTETS
            ? openWhole(primitive, own, nonce, aad, sealed)
            : openTruncated(primitive, own, nonce, aad, sealed, icvOctets);
        },
        [Symbol.dispose]() {
          own.fill(0);
        },
      };
    },
  };
}

function openWhole(
  primitive: AeadPrimitive,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  try {
    return primitive.open(key, nonce, aad, sealed);
  } catch {
    return undefined;
  }
}

// The library verifies whole tags only: the text is sealed again and what there is of the tag compared.
function openTruncated(
  primitive: AeadPrimitive,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  icvOctets: number,
): Uint8Array | undefined {
  const length = sealed.length - icvOctets;
  const plaintext = primitive.decrypt(key, nonce, sealed.subarray(0, length));
  const again = primitive.seal(key, nonce, aad, plaintext);
  const expected = again.subarray(length, length + icvOctets);
  if (constantTimeEqual(expected, sealed.subarray(length))) return plaintext;
  plaintext.fill(0);
  return undefined;
}

function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_OCTETS)
    throw new TypeError(`nonce of ${nonce.length} octets, not ${NONCE_OCTETS}`);
}

function gcmOf(id: number, icvOctets: number): AeadAlgorithm[] {
  return [128, 192, 256].map((keyBits) => aead(id, keyBits, icvOctets, AES_GCM));
}

/** AES-GCM with ICVs of 16, 12 and 8 octets (RFC 5282) and ChaCha20-Poly1305 (RFC 7634). */
export const nobleAeads: readonly AeadAlgorithm[] = [
  ...gcmOf(EncryptionId.AES_GCM_16, 16),
  aead(EncryptionId.CHACHA20_POLY1305, 256, 16, CHACHA20_POLY1305),
  ...gcmOf(EncryptionId.AES_GCM_8, 8),
  ...gcmOf(EncryptionId.AES_GCM_12, 12),
];
