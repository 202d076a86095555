import type { IkeKeys } from '../../crypto/keymat.ts';
import { Secret } from '../../util/secret.ts';
import { ShapeError } from './shape.ts';

/** The keys that an established IKE_SA goes on with: SK_d, and those that protect messages. */
export type SessionKeys = Pick<IkeKeys, 'skD' | 'skAi' | 'skAr' | 'skEi' | 'skEr'>;

const NAMES = ['skD', 'skAi', 'skAr', 'skEi', 'skEr'] as const;

/** Each key after its length in two octets; the caller wipes the result. */
export function writeKeys(keys: SessionKeys): Uint8Array {
  const length = NAMES.reduce((sum, name) => sum + 2 + keys[name].length, 0);
  const octets = new Uint8Array(length);
  let offset = 0;
  for (const name of NAMES) {
    const key = keys[name];
    octets.set([key.length >>> 8, key.length & 0xff], offset);
    octets.set(key.bytes, offset + 2);
    offset += 2 + key.length;
  }
  return octets;
}

/** Copies of the keys; throws {@link ShapeError} if the octets are not exactly five keys. */
export function readKeys(octets: Uint8Array): SessionKeys {
  let offset = 0;
  const take = (): Secret => {
    const length = ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0);
    const end = offset + 2 + length;
    if (end > octets.length) throw new ShapeError('keys', 'five keys');
    const key = new Secret(octets.slice(offset + 2, end));
    offset = end;
    return key;
  };
  const keys = { skD: take(), skAi: take(), skAr: take(), skEi: take(), skEr: take() };
  if (offset !== octets.length || keys.skD.length === 0) throw new ShapeError('keys', 'five keys');
  return keys;
}
