import type { PrfAlgorithm } from '../contracts/crypto.ts';
import { Secret } from '../util/secret.ts';
import type { IkeKeys } from './keymat.ts';

/** The keys of an IKE_SA that a post-quantum preshared key is mixed into. */
export interface PpkKeys extends Disposable {
  readonly skD: Secret;
  readonly skPi: Secret;
  readonly skPr: Secret;
}

/** SK_d, SK_pi and SK_pr with a PPK in them: prf+ (PPK, key) of the same length each, RFC 8784 section 3. */
export function mixPpk(
  prf: PrfAlgorithm,
  ppk: Secret,
  { skD, skPi, skPr }: Omit<PpkKeys, keyof Disposable>,
): PpkKeys {
  const mix = (key: Secret): Secret => new Secret(prf.expand(ppk.bytes, key.bytes, key.length));
  const mixed = { skD: mix(skD), skPi: mix(skPi), skPr: mix(skPr) };
  return {
    ...mixed,
    [Symbol.dispose]() {
      for (const key of Object.values(mixed)) key[Symbol.dispose]();
    },
  };
}

/** The keys of an IKE_SA with these three in place of its own. Both are wiped with the result. */
export function withPpk(keys: IkeKeys, mixed: PpkKeys): IkeKeys {
  const { skAi, skAr, skEi, skEr } = keys;
  const { skD, skPi, skPr } = mixed;
  return {
    skD,
    skAi,
    skAr,
    skEi,
    skEr,
    skPi,
    skPr,
    [Symbol.dispose]() {
      mixed[Symbol.dispose]();
      keys[Symbol.dispose]();
    },
  };
}
