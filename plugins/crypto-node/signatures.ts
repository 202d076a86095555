import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type {
  PublicKey,
  SignatureScheme,
  SignatureVerifier,
} from '../../daemon/contracts/signatures.ts';
import { KnownKeys } from '../../daemon/proto/keys/known-keys.ts';
import type { DecodedSpki } from '../../daemon/proto/keys/spki.ts';
import { strictSignature } from '../../daemon/proto/keys/strict-signature.ts';
import { plain } from './plain.ts';

/** Verifications on the calling thread until the event loop has had its turn: a crowd of certificates must not hold it up. */
const INLINE = 8;

/**
 * Verification by OpenSSL, in the threads of libuv unless it is cheap. Forms are judged by our own code before; what is left to OpenSSL is arithmetic and,
 * for PKCS#1 v1.5, the comparison with the DigestInfo it encodes itself (since 1.1.0 it parses none).
 */
export class NodeSignatureVerifier implements SignatureVerifier {
  readonly #keys = new KnownKeys<KeyObject>((octets) => hash('sha1', octets, 'buffer'), importKey);
  /** Done on the calling thread in this turn of the event loop. */
  #inline = 0;

  publicKey(spki: Uint8Array): PublicKey | undefined {
    const key = this.#keys.read(spki);
    if (key?.type.kind !== 'ml-dsa') return key;
    try {
      this.#keys.use(key); // fails where OpenSSL is older than 3.5
      return key;
    } catch {
      return undefined;
    }
  }

  verify(
    key: PublicKey,
    scheme: SignatureScheme,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean | Promise<boolean> {
    try {
      const used = this.#keys.use(key);
      const strict = used && strictSignature(used.decoded, scheme, signature);
      if (used === undefined || strict === undefined) return false;
      const digest = 'hash' in scheme ? scheme.hash : null;
      const input = { key: used.imported, ...parametersOf(scheme) };
      if (isCheap(used.decoded) && this.#mayInline()) return verify(digest, message, input, strict);
      return new Promise<boolean>((resolve) =>
        verify(digest, message, input, strict, (error, right) => resolve(!error && right)),
      ).catch(() => false);
    } catch {
      return false;
    }
  }

  #mayInline(): boolean {
    if (this.#inline === 0)
      setImmediate(() => {
        this.#inline = 0;
      });
    if (this.#inline === INLINE) return false;
    this.#inline++;
    return true;
  }
}

/**
 * Whether the work is not more than that of the key exchange which came before, and which is done here too: RSA of usual size and exponent, P-256, Ed25519.
 * Measured on Node 24: RSA of 2048 bits takes 21 microseconds here and 40 in a thread, half of them here; P-256 65 and 100, Ed25519 75 and 110.
 */
function isCheap(key: DecodedSpki): boolean {
  if (key.kind === 'rsa') return key.bits <= 3072 && key.exponent <= 65537n;
  return key.kind === 'ed25519' || (key.kind === 'ecdsa' && key.curve === 'p256');
}

function parametersOf(scheme: SignatureScheme): {
  readonly padding?: number;
  readonly saltLength?: number;
  readonly dsaEncoding?: 'ieee-p1363';
} {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'rsa-pss':
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltOctets };
    case 'ecdsa':
      return { dsaEncoding: 'ieee-p1363' };
    default:
      return {};
  }
}

// PKCS#1 takes 3 microseconds, the same key as SPKI a hundred.
function importKey(key: DecodedSpki, spki: Uint8Array): KeyObject {
  const rsa = key.kind === 'rsa';
  const { buffer, byteOffset, length } = plain(rsa ? key.keyBits : spki);
  return createPublicKey({
    key: Buffer.from(buffer, byteOffset, length),
    format: 'der',
    type: rsa ? 'pkcs1' : 'spki',
  });
}
