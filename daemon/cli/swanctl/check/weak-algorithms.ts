import {
  EncryptionId as E,
  IntegrityId as I,
  isKeyExchangeType,
  KeMethod as K,
  PrfId as P,
  TransformType as T,
} from '../../../proto/iana/transforms.ts';
import type { Transform } from '../../../proto/proposal.ts';

const SHORT_BLOCK = 'blocks of 64 bits leak plaintext after some gigabytes';
const SMALL_GROUP = 'its group can be broken';

/** What is wrong with algorithms that RFC 8247 and RFC 8221 advise or rule against, by transform type and id. */
const WEAK: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map([
  [
    T.ENCR,
    new Map<number, string>([
      [E.DES_CBC, 'its key of 56 bits can be searched'],
      [E['3DES_CBC'], SHORT_BLOCK],
      [E.BLOWFISH_CBC, SHORT_BLOCK],
      [E.CAST_CBC, SHORT_BLOCK],
      [E.NULL, 'it does not encrypt'],
      [E.NULL_AES_GMAC, 'it does not encrypt'],
    ]),
  ],
  [
    T.INTEG,
    new Map<number, string>([
      [I.HMAC_MD5_96, 'MD5 is broken'],
      [I.HMAC_MD5_128, 'MD5 is broken'],
      [I.HMAC_SHA1_96, 'SHA-1 is going out of use'],
      [I.HMAC_SHA1_160, 'SHA-1 is going out of use'],
      [I.HMAC_SHA2_256_96, 'it is no standard, and only 96 bits of the hash are checked'],
    ]),
  ],
  [
    T.PRF,
    new Map<number, string>([
      [P.PRF_HMAC_MD5, 'MD5 is broken'],
      [P.PRF_HMAC_SHA1, 'SHA-1 is going out of use'],
    ]),
  ],
  [
    T.KE,
    new Map<number, string>([
      [K.MODP_768, SMALL_GROUP],
      [K.MODP_1024, SMALL_GROUP],
      [K.MODP_1536, SMALL_GROUP],
      [K.MODP_1024_160, SMALL_GROUP],
      [K.MODP_2048_224, 'nobody knows where its group comes from'],
      [K.MODP_2048_256, 'nobody knows where its group comes from'],
      [K.ECP_192, SMALL_GROUP],
      [K.ECP_224, SMALL_GROUP],
      [K.ECP_224_BP, SMALL_GROUP],
      [K.MODP_NULL, 'it exchanges no key'],
    ]),
  ],
]);

/** Why an algorithm is weak; `undefined` if it is not. */
export function weaknessOf({ type, id }: Transform): string | undefined {
  return WEAK.get(isKeyExchangeType(type) ? T.KE : type)?.get(id);
}
