import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import type { AeadAlgorithm, AeadContext } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

const NONCE_OCTETS = 12;

// The types of Node know AEAD names as literals; all used here behave alike.
type AeadName = CipherGCMTypes | 'chacha20-poly1305';

function aead(id: number, keyBits: number, name: AeadName, icvOctets: number): AeadAlgorithm {
  const kind: AeadKind = {
    name: name as CipherGCMTypes,
    icvOctets,
    options: { authTagLength: icvOctets },
  };
  return {
    id,
    keyBits,
    saltOctets: 4,
    ivOctets: 8,
    icvOctets,
    create(key) {
      if (key.length * 8 !== keyBits)
        throw new TypeError(`${name} key of ${key.length} octets, not ${keyBits / 8}`);
      return new NodeAead(kind, key);
    },
  };
}

/** What all keys of one algorithm have in common. */
interface AeadKind {
  readonly name: CipherGCMTypes;
  readonly icvOctets: number;
  readonly options: { readonly authTagLength: number };
}

/** Two of these live as long as each IKE_SA: no closures. */
class NodeAead implements AeadContext {
  readonly #kind: AeadKind;
  // A KeyObject saves 12 us a call. It copies the key to memory of the runtime, which wipes it when collected.
  readonly #key: KeyObject;

  constructor(kind: AeadKind, key: Uint8Array) {
    this.#kind = kind;
    this.#key = createSecretKey(key);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkNonce(nonce);
    const { name, icvOctets, options } = this.#kind;
    const cipher = createCipheriv(name, this.#key, nonce, options);
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    const text = cipher.update(plaintext);
    cipher.final();
    const sealed = new Uint8Array(text.length + icvOctets);
    sealed.set(text);
    sealed.set(cipher.getAuthTag(), text.length);
    return sealed;
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    const { name, icvOctets, options } = this.#kind;
    const length = sealed.length - icvOctets;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(name, this.#key, nonce, options);
    decipher.setAuthTag(sealed.subarray(length));
    decipher.setAAD(aad, { plaintextLength: length });
    const text = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      text.fill(0);
      return undefined;
    }
    return plain(text);
  }

  [Symbol.dispose](): void {}
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
