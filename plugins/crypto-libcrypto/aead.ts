import type { AeadAlgorithm, AeadContext } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { LibcryptoCipher, LibcryptoStatus } from '../../native/libcrypto.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';
import { KeptKey } from './kept-key.ts';

const NONCE_OCTETS = 12;

/** What all keys of one algorithm have in common. */
interface AeadKind {
  readonly calls: Calls;
  readonly cipher: number;
  readonly keyOctets: number;
  readonly icvOctets: number;
}

function aead(id: number, kind: AeadKind): AeadAlgorithm {
  return {
    id,
    keyBits: kind.keyOctets * 8,
    saltOctets: 4,
    ivOctets: 8,
    icvOctets: kind.icvOctets,
    create(key) {
      if (key.length !== kind.keyOctets)
        throw new TypeError(`AEAD key of ${key.length} octets, not ${kind.keyOctets}`);
      return new LibcryptoAead(kind, key);
    },
  };
}

/** A key, which goes to libcrypto with every message: its schedule takes less time than a context of its own would cost. */
class LibcryptoAead extends KeptKey implements AeadContext {
  readonly #kind: AeadKind;

  constructor(kind: AeadKind, key: Uint8Array) {
    super(kind.calls.keys, key);
    this.#kind = kind;
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkNonce(nonce);
    const { calls, cipher, icvOctets } = this.#kind;
    const start = this.#write(nonce, aad, plaintext);
    demandDone(calls.addon.seal(cipher, icvOctets, aad.length, plaintext.length));
    return calls.octets.slice(start, start + plaintext.length + icvOctets);
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    const { calls, cipher, icvOctets } = this.#kind;
    const length = sealed.length - icvOctets;
    if (length < 0) return undefined;
    const start = this.#write(nonce, aad, sealed);
    const status = calls.addon.open(cipher, icvOctets, aad.length, length);
    if (status === LibcryptoStatus.REFUSED) return undefined;
    demandDone(status);
    return takeSecret(calls.octets, start, start + length);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#kind.calls.addon.forget(this.#kind.cipher);
  }

  /** Key, nonce, associated data and text, one after the other; where the text begins. */
  #write(nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): number {
    const { calls, keyOctets } = this.#kind;
    const { octets } = calls;
    const start = keyOctets + NONCE_OCTETS + aad.length;
    this.copyKeyTo(octets);
    octets.set(nonce, keyOctets);
    octets.set(aad, keyOctets + NONCE_OCTETS);
    octets.set(text, start);
    return start;
  }
}

function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_OCTETS)
    throw new TypeError(`nonce of ${nonce.length} octets, not ${NONCE_OCTETS}`);
}

/** AES-GCM with ICVs of 16, 12 and 8 octets (RFC 5282) and ChaCha20-Poly1305 (RFC 7634). */
export function libcryptoAeads(calls: Calls): readonly AeadAlgorithm[] {
  const { AES_128_GCM, AES_192_GCM, AES_256_GCM, CHACHA20_POLY1305 } = LibcryptoCipher;
  const gcm = (id: number, icvOctets: number): AeadAlgorithm[] => [
    aead(id, { calls, cipher: AES_128_GCM, keyOctets: 16, icvOctets }),
    aead(id, { calls, cipher: AES_192_GCM, keyOctets: 24, icvOctets }),
    aead(id, { calls, cipher: AES_256_GCM, keyOctets: 32, icvOctets }),
  ];
  const chacha = { calls, cipher: CHACHA20_POLY1305, keyOctets: 32, icvOctets: 16 };
  return [
    ...gcm(EncryptionId.AES_GCM_16, 16),
    aead(EncryptionId.CHACHA20_POLY1305, chacha),
    ...gcm(EncryptionId.AES_GCM_8, 8),
    ...gcm(EncryptionId.AES_GCM_12, 12),
  ];
}
