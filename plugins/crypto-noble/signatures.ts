import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';
import type {
  EcdsaCurve,
  PublicKey,
  SignatureHash,
  SignatureScheme,
  SignatureVerifier,
} from '../../daemon/contracts/signatures.ts';
import { KnownKeys } from '../../daemon/proto/keys/known-keys.ts';
import type { DecodedSpki } from '../../daemon/proto/keys/spki.ts';
import { strictSignature } from '../../daemon/proto/keys/strict-signature.ts';
import { equalBytes } from '../../daemon/util/bytes.ts';
import { isPssBlock, openRsa, pkcs1Block } from './rsa.ts';

/** Verification in plain JavaScript: RSA, ECDSA and EdDSA on the calling thread, milliseconds each. No ML-DSA. */
export class NobleSignatureVerifier implements SignatureVerifier {
  readonly #keys = new KnownKeys<undefined>(sha1, () => undefined);

  publicKey(spki: Uint8Array): PublicKey | undefined {
    const key = this.#keys.read(spki);
    return key?.type.kind === 'ml-dsa' ? undefined : key;
  }

  async verify(
    key: PublicKey,
    scheme: SignatureScheme,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean> {
    try {
      const decoded = this.#keys.use(key)?.decoded;
      const strict = decoded && strictSignature(decoded, scheme, signature);
      return strict !== undefined && isRight(decoded, scheme, message, strict);
    } catch {
      return false;
    }
  }
}

function isRight(
  key: DecodedSpki | undefined,
  scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (key?.kind) {
    case 'rsa': {
      if (scheme.kind !== 'rsa-pkcs1' && scheme.kind !== 'rsa-pss') return false;
      const digest = HASHES[scheme.hash];
      const block = openRsa(key, signature);
      if (block === undefined) return false;
      if (scheme.kind === 'rsa-pss')
        return isPssBlock(key.bits, block, digest, digest(message), scheme.saltOctets);
      const expected = pkcs1Block(key.modulus.length, scheme.hash, digest(message));
      return expected !== undefined && equalBytes(block, expected);
    }
    case 'ecdsa': {
      if (scheme.kind !== 'ecdsa') return false;
      return CURVES[key.curve].verify(signature, HASHES[scheme.hash](message), key.keyBits, {
        prehash: false,
        lowS: false,
        format: 'compact',
      });
    }
    case 'ed25519':
      return ed25519.verify(signature, message, key.point, { zip215: false });
    case 'ed448':
      return ed448.verify(signature, message, key.point, { zip215: false });
    default:
      return false;
  }
}

const CURVES: Readonly<Record<EcdsaCurve, typeof p256>> = {
  p256,
  p384,
  p521,
  brainpoolP256r1,
  brainpoolP384r1,
  brainpoolP512r1,
};

const HASHES: Readonly<Record<SignatureHash, (octets: Uint8Array) => Uint8Array>> = {
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha3-224': sha3_224,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
};
