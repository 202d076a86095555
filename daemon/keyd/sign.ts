import { constants, type KeyObject, sign } from 'node:crypto';
import type { KeyType, SignatureScheme } from '../contracts/signatures.ts';
import { KeyError } from './key-error.ts';

/**
 * A signature, made in a thread of libuv. Rejects with {@link KeyError} if the scheme is none for the type of the key, or the key is too
 * small for the hash.
 */
export async function signWith(
  key: KeyObject,
  type: KeyType,
  scheme: SignatureScheme,
  message: Uint8Array,
): Promise<Uint8Array> {
  if (!isFor(scheme, type))
    throw new KeyError(`a key of kind ${type.kind} cannot sign by ${scheme.kind}`);
  const digest = 'hash' in scheme ? scheme.hash : null;
  const signature = await new Promise<Uint8Array>((resolve, reject) => {
    sign(digest, message, { key, ...parametersOf(scheme) }, (error, octets) => {
      if (error === null) resolve(octets);
      else reject(new KeyError(`a key of ${type.bits} bits cannot sign by ${described(scheme)}`));
    });
  });
  return new Uint8Array(signature);
}

function isFor(scheme: SignatureScheme, { kind }: KeyType): boolean {
  return kind === 'rsa'
    ? scheme.kind === 'rsa-pkcs1' || scheme.kind === 'rsa-pss'
    : scheme.kind === kind;
}

function parametersOf(scheme: SignatureScheme): {
  readonly padding?: number;
  readonly saltLength?: number;
  readonly dsaEncoding?: 'der' | 'ieee-p1363';
} {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'rsa-pss':
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltOctets };
    case 'ecdsa':
      return { dsaEncoding: scheme.encoding === 'der' ? 'der' : 'ieee-p1363' };
    default:
      return {};
  }
}

function described(scheme: SignatureScheme): string {
  return 'hash' in scheme ? `${scheme.kind} with ${scheme.hash}` : scheme.kind;
}
