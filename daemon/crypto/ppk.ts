import type { PrfAlgorithm } from '../contracts/crypto.ts';
import { concatBytes } from '../util/bytes.ts';
import { Secret } from '../util/secret.ts';
import type { IkeKeys, PublicInputs } from './keymat.ts';
import { spiPairOctets } from './spi-octets.ts';

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

/** Octets of what tells a responder of RFC 9867 that it has the same PPK. */
export const PPK_CONFIRMATION_OCTETS = 8;

/** That a PPK is the one meant, in this IKE_SA: the first octets of prf (PPK, Ni | Nr | SPIi | SPIr), RFC 9867. */
export function ppkConfirmation(
  prf: PrfAlgorithm,
  ppk: Secret,
  { ni, nr, spiI, spiR }: PublicInputs,
): Uint8Array {
  const mac = prf.compute(ppk.bytes, concatBytes(ni, nr, spiPairOctets(spiI, spiR)));
  return mac.slice(0, PPK_CONFIRMATION_OCTETS);
}
