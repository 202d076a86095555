import { constants, type KeyObject, sign } from 'node:crypto';
import type { KeyType, SignatureScheme } from '../contracts/signatures.ts';
import { KeyError } from './key-error.ts';

/**
 * A signature, made in a thread of libuv unless that costs as much as the signature. Throws or rejects with {@link KeyError} if the scheme is none
 * for the type of the key, or the key is too small for the hash.
 */
export function signWith(
  key: KeyObject,
  type: KeyType,
  scheme: SignatureScheme,
  message: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  if (!isFor(scheme, type))
    throw new KeyError(`a key of kind ${type.kind} cannot sign by ${scheme.kind}`);
  const digest = 'hash' in scheme ? scheme.hash : null;
  const input = { key, ...parametersOf(scheme) };
  const unable = (): KeyError =>
    new KeyError(`a key of ${type.bits} bits cannot sign by ${described(scheme)}`);
  try {
    if (isCheap(type)) return sign(digest, message, input);
  } catch {
    throw unable();
  }
  return new Promise<Uint8Array>((resolve, reject) => {
    sign(digest, message, input, (error, octets) => {
      if (error === null) resolve(octets);
      else reject(error);
    });
  }).catch(() => {
    throw unable();
  });
}

/** P-256 and Ed25519 take 50 microseconds; the way to a thread and back takes 30. */
function isCheap(type: KeyType): boolean {
  return type.kind === 'ed25519' || (type.kind === 'ecdsa' && type.curve === 'p256');
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
