import type { PrfAlgorithm } from '../contracts/crypto.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { concatBytes } from '../util/bytes.ts';
import { Secret } from '../util/secret.ts';
import type { ChildKeyLengths, IkeKeyLengths } from './key-lengths.ts';
import { spiPairOctets } from './spi-octets.ts';

/** The keys of an IKE_SA, RFC 7296 section 2.14. With an AEAD cipher SK_ai and SK_ar are empty. */
export interface IkeKeys extends Disposable {
  readonly skD: Secret;
  readonly skAi: Secret;
  readonly skAr: Secret;
  /** With a cipher that needs one, the salt follows the key. */
  readonly skEi: Secret;
  readonly skEr: Secret;
  readonly skPi: Secret;
  readonly skPr: Secret;
}

const NO_KEY = new Secret(new Uint8Array(0));

/**
 * What an established IKE_SA still needs of its keys: a copy of SK_d. All the others are wiped here; those that protect
 * messages live on in what protects them.
 */
export function keepSkD(keys: IkeKeys): IkeKeys {
  const kept = onlySkD(keys.skD);
  keys[Symbol.dispose]();
  return kept;
}

/** The same from a copy of SK_d alone. */
export function onlySkD(skD: Secret): IkeKeys {
  return new OnlySkD(new Secret(skD.bytes.slice()));
}

class OnlySkD implements IkeKeys {
  readonly skD: Secret;

  constructor(skD: Secret) {
    this.skD = skD;
  }

  get skAi(): Secret {
    return NO_KEY;
  }

  get skAr(): Secret {
    return NO_KEY;
  }

  get skEi(): Secret {
    return NO_KEY;
  }

  get skEr(): Secret {
    return NO_KEY;
  }

  get skPi(): Secret {
    return NO_KEY;
  }

  get skPr(): Secret {
    return NO_KEY;
  }

  [Symbol.dispose](): void {
    this.skD[Symbol.dispose]();
  }
}

/** What is new in the keys of each IKE_SA, and known to everybody. */
export interface PublicInputs {
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly spiI: IkeSpi;
  readonly spiR: IkeSpi;
}

/** What both sides contributed to one exchange of keys. */
export interface KeyInputs extends PublicInputs {
  /** g^ir, or the secret of a KEM. */
  readonly secret: Uint8Array;
  /** Secrets SK(1), SK(2)… of additional key exchanges in CREATE_CHILD_SA, RFC 9370 section 2.2.4. */
  readonly additionalSecrets?: readonly Uint8Array[];
}

/** Keys of a new IKE_SA after IKE_SA_INIT, RFC 7296 section 2.14. */
export function deriveIkeKeys(
  prf: PrfAlgorithm,
  inputs: Omit<KeyInputs, 'additionalSecrets'>,
  lengths: IkeKeyLengths,
): IkeKeys {
  const skeyseed = prf.compute(concatBytes(inputs.ni, inputs.nr), inputs.secret);
  return expandIkeKeys(prf, skeyseed, inputs, lengths);
}

/**
 * Keys of an IKE_SA that replaces another, RFC 7296 section 2.18: SKEYSEED = prf(SK_d (old), g^ir | Ni | Nr)
 * with the PRF of the *old* IKE_SA, expanded with the PRF of the new one. With `oldPrf` = `prf` it is also the
 * update after an additional key exchange in IKE_INTERMEDIATE (RFC 9370 section 2.2.2).
 */
export function deriveRekeyedIkeKeys(
  oldPrf: PrfAlgorithm,
  oldSkD: Secret,
  prf: PrfAlgorithm,
  inputs: KeyInputs,
  lengths: IkeKeyLengths,
): IkeKeys {
  const { ni, nr, secret, additionalSecrets = [] } = inputs;
  const skeyseed = oldPrf.compute(oldSkD.bytes, secret, ni, nr, ...additionalSecrets);
  return expandIkeKeys(prf, skeyseed, inputs, lengths);
}

/**
 * All keys of an IKE_SA anew with a PPK in them, RFC 9867: SKEYSEED' = prf+ (PPK, SK_d), expanded like any other SKEYSEED.
 */
export function deriveIkeKeysWithPpk(
  prf: PrfAlgorithm,
  ppk: Secret,
  skD: Secret,
  inputs: PublicInputs,
  lengths: IkeKeyLengths,
): IkeKeys {
  const skeyseed = prf.expand(ppk.bytes, skD.bytes, lengths.prfOctets);
  return expandIkeKeys(prf, skeyseed, inputs, lengths);
}

/** Keys of one direction of a CHILD_SA; empty where the proposal needs none. */
export interface DirectionKeys {
  readonly encryption: Secret;
  readonly integrity: Secret;
}

/** Keys of a CHILD_SA: `initiator` protects what the initiator of the exchange sends. */
export interface ChildKeys extends Disposable {
  readonly initiator: DirectionKeys;
  readonly responder: DirectionKeys;
}

/**
 * KEYMAT of a CHILD_SA, RFC 7296 section 2.17: from SK_d and the nonces of the exchange that creates it, with
 * `secret` if that exchange had a KE payload, and SK(1)… of additional key exchanges (RFC 9370 section 2.2.4).
 */
export function deriveChildKeys(
  prf: PrfAlgorithm,
  skD: Secret,
  ni: Uint8Array,
  nr: Uint8Array,
  secret: Uint8Array | undefined,
  lengths: ChildKeyLengths,
  additionalSecrets: readonly Uint8Array[] = [],
): ChildKeys {
  const seed = concatBytes(...(secret === undefined ? [] : [secret]), ni, nr, ...additionalSecrets);
  const { encryptionOctets, integrityOctets } = lengths;
  const keymat = prf.expand(skD.bytes, seed, 2 * (encryptionOctets + integrityOctets));
  seed.fill(0);
  const take = slicer(keymat);
  const direction = (): DirectionKeys => ({
    encryption: take(encryptionOctets),
    integrity: take(integrityOctets),
  });
  return {
    initiator: direction(),
    responder: direction(),
    [Symbol.dispose]() {
      for (const keys of [this.initiator, this.responder]) {
        keys.encryption[Symbol.dispose]();
        keys.integrity[Symbol.dispose]();
      }
    },
  };
}

// {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr)
function expandIkeKeys(
  prf: PrfAlgorithm,
  skeyseed: Uint8Array,
  { ni, nr, spiI, spiR }: PublicInputs,
  { prfOctets, encryptionOctets, integrityOctets }: IkeKeyLengths,
): IkeKeys {
  const length = 3 * prfOctets + 2 * (integrityOctets + encryptionOctets);
  const keymat = prf.expand(skeyseed, concatBytes(ni, nr, spiPairOctets(spiI, spiR)), length);
  skeyseed.fill(0);
  const take = slicer(keymat);
  return {
    skD: take(prfOctets),
    skAi: take(integrityOctets),
    skAr: take(integrityOctets),
    skEi: take(encryptionOctets),
    skEr: take(encryptionOctets),
    skPi: take(prfOctets),
    skPr: take(prfOctets),
    [Symbol.dispose]() {
      for (const key of [
        this.skD,
        this.skAi,
        this.skAr,
        this.skEi,
        this.skEr,
        this.skPi,
        this.skPr,
      ]) {
        key[Symbol.dispose]();
      }
    },
  };
}

// All keys of one derivation share one array: each Secret owns, and wipes, its own part of it.
function slicer(keymat: Uint8Array): (length: number) => Secret {
  let offset = 0;
  return (length) => {
    const key = new Secret(keymat.subarray(offset, offset + length));
    offset += length;
    return key;
  };
}
