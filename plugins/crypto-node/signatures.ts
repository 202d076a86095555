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

/**
 * Verification by OpenSSL in the threads of libuv. Forms are judged by our own code before; what is left to OpenSSL is arithmetic and,
 * for PKCS#1 v1.5, the comparison with the DigestInfo it encodes itself (since 1.1.0 it parses none).
 */
export class NodeSignatureVerifier implements SignatureVerifier {
  readonly #keys = new KnownKeys<KeyObject>((octets) => hash('sha1', octets, 'buffer'), importKey);

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

  async verify(
    key: PublicKey,
    scheme: SignatureScheme,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean> {
    try {
      const used = this.#keys.use(key);
      const strict = used && strictSignature(used.decoded, scheme, signature);
      if (used === undefined || strict === undefined) return false;
      const digest = 'hash' in scheme ? scheme.hash : null;
      const input = { key: used.imported, ...parametersOf(scheme) };
      if (isCheap(used.decoded)) return verify(digest, message, input, strict);
      return await new Promise<boolean>((resolve) =>
        verify(digest, message, input, strict, (error, right) => resolve(!error && right)),
      );
    } catch {
      return false;
    }
  }
}

/**
 * Whether the work is less than twice what a thread costs: RSA of usual size and exponent. Measured on Node 24: 2048 bits 21 microseconds here and
 * 40 in a thread, half of them here.
 */
function isCheap(key: DecodedSpki): boolean {
  return key.kind === 'rsa' && key.bits <= 3072 && key.exponent <= 65537n;
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
