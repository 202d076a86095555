import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { HashName } from '../../daemon/contracts/crypto.ts';
import type { KeyType, PublicKey } from '../../daemon/contracts/signatures.ts';
import type { DecodeTools } from '../../daemon/credentials/x509/tools.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';

/** Decoding tools made of OpenSSL: an oracle of its own for tests of the decoders. */
export const decodeTools: DecodeTools = { publicKey, hash };

function hash(name: HashName, ...chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    createHash(name)
      .update(concatBytes(...chunks))
      .digest(),
  );
}

function publicKey(spki: Uint8Array): PublicKey | undefined {
  const key = keyObject(spki);
  const type = key === undefined ? undefined : typeOf(key);
  if (type === undefined) return undefined;
  const bits = subjectPublicKey(spki);
  return { type, spki, keyId: createHash('sha1').update(bits).digest('hex') };
}

function keyObject(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function typeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyType | undefined {
  switch (asymmetricKeyType) {
    case 'rsa':
      return { kind: 'rsa', bits: asymmetricKeyDetails?.modulusLength ?? 0 };
    case 'ec':
      return asymmetricKeyDetails?.namedCurve === 'prime256v1'
        ? { kind: 'ecdsa', curve: 'p256', bits: 256 }
        : undefined;
    case 'ed25519':
      return { kind: 'ed25519', bits: 256 };
    default:
      return undefined;
  }
}

// The BIT STRING is the last element: its contents begin where the algorithm ends.
function subjectPublicKey(spki: Uint8Array): Uint8Array {
  const header = (at: number): readonly [start: number, length: number] => {
    const first = spki[at + 1] ?? 0;
    if (first < 0x80) return [at + 2, first];
    const count = first & 0x7f;
    const length = spki
      .subarray(at + 2, at + 2 + count)
      .reduce((sum, octet) => sum * 256 + octet, 0);
    return [at + 2 + count, length];
  };
  const [inside] = header(0);
  const [algorithm, algorithmOctets] = header(inside);
  const [bits, octets] = header(algorithm + algorithmOctets);
  return spki.subarray(bits + 1, bits + octets);
}
