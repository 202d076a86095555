import { printerOf } from './registry.ts';

/** Transform Types, RFC 7296 section 3.3.2 and RFC 9370. */
export const TransformType = {
  ENCR: 1,
  PRF: 2,
  INTEG: 3,
  KE: 4,
  SN: 5,
  ADDKE1: 6,
  ADDKE2: 7,
  ADDKE3: 8,
  ADDKE4: 9,
  ADDKE5: 10,
  ADDKE6: 11,
  ADDKE7: 12,
} as const;
export type TransformType = (typeof TransformType)[keyof typeof TransformType];

/** Encryption Algorithm Transform IDs (type 1); keys are the printed names. 1024 and up are private use. */
export const EncryptionId = {
  DES_IV64: 1,
  DES_CBC: 2,
  '3DES_CBC': 3,
  RC5_CBC: 4,
  IDEA_CBC: 5,
  CAST_CBC: 6,
  BLOWFISH_CBC: 7,
  '3IDEA': 8,
  DES_IV32: 9,
  NULL: 11,
  AES_CBC: 12,
  AES_CTR: 13,
  AES_CCM_8: 14,
  AES_CCM_12: 15,
  AES_CCM_16: 16,
  AES_GCM_8: 18,
  AES_GCM_12: 19,
  AES_GCM_16: 20,
  NULL_AES_GMAC: 21,
  CAMELLIA_CBC: 23,
  CAMELLIA_CTR: 24,
  CAMELLIA_CCM_8: 25,
  CAMELLIA_CCM_12: 26,
  CAMELLIA_CCM_16: 27,
  CHACHA20_POLY1305: 28,
  AES_CCM_8_IIV: 29,
  AES_GCM_16_IIV: 30,
  CHACHA20_POLY1305_IIV: 31,
  SERPENT_CBC: 1026,
  TWOFISH_CBC: 1027,
} as const;
export type EncryptionId = (typeof EncryptionId)[keyof typeof EncryptionId];

/** Pseudorandom Function Transform IDs (type 2); keys are the printed names. */
export const PrfId = {
  PRF_HMAC_MD5: 1,
  PRF_HMAC_SHA1: 2,
  PRF_HMAC_TIGER: 3,
  PRF_AES128_XCBC: 4,
  PRF_HMAC_SHA2_256: 5,
  PRF_HMAC_SHA2_384: 6,
  PRF_HMAC_SHA2_512: 7,
  PRF_AES128_CMAC: 8,
  PRF_CAMELLIA128_XCBC: 1028,
} as const;
export type PrfId = (typeof PrfId)[keyof typeof PrfId];

/** Integrity Algorithm Transform IDs (type 3); keys are the printed names. */
export const IntegrityId = {
  NONE: 0,
  HMAC_MD5_96: 1,
  HMAC_SHA1_96: 2,
  DES_MAC: 3,
  KPDK_MD5: 4,
  AES_XCBC_96: 5,
  HMAC_MD5_128: 6,
  HMAC_SHA1_160: 7,
  AES_CMAC_96: 8,
  AES_128_GMAC: 9,
  AES_192_GMAC: 10,
  AES_256_GMAC: 11,
  HMAC_SHA2_256_128: 12,
  HMAC_SHA2_384_192: 13,
  HMAC_SHA2_512_256: 14,
  HMAC_SHA2_256_96: 1026,
  CAMELLIA_XCBC_96: 1030,
} as const;
export type IntegrityId = (typeof IntegrityId)[keyof typeof IntegrityId];

/** Key Exchange Method Transform IDs (type 4 and 6 to 12); keys are the printed names. */
export const KeMethod = {
  KE_NONE: 0,
  MODP_768: 1,
  MODP_1024: 2,
  MODP_1536: 5,
  MODP_2048: 14,
  MODP_3072: 15,
  MODP_4096: 16,
  MODP_6144: 17,
  MODP_8192: 18,
  ECP_256: 19,
  ECP_384: 20,
  ECP_521: 21,
  MODP_1024_160: 22,
  MODP_2048_224: 23,
  MODP_2048_256: 24,
  ECP_192: 25,
  ECP_224: 26,
  ECP_224_BP: 27,
  ECP_256_BP: 28,
  ECP_384_BP: 29,
  ECP_512_BP: 30,
  CURVE_25519: 31,
  CURVE_448: 32,
  GOST3410_256: 33,
  GOST3410_512: 34,
  ML_KEM_512: 35,
  ML_KEM_768: 36,
  ML_KEM_1024: 37,
  MODP_NULL: 1024,
} as const;
export type KeMethod = (typeof KeMethod)[keyof typeof KeMethod];

/** Sequence Numbers Transform IDs (type 5); keys are the printed names. */
export const SnId = { NO_EXT_SEQ: 0, EXT_SEQ: 1 } as const;
export type SnId = (typeof SnId)[keyof typeof SnId];

/** The name of a transform type, `(1234)` if it is not registered. */
export const nameOfTransformType: (type: number) => string = printerOf(TransformType);
/** `AES_CBC`, without key length. */
export const nameOfEncryption: (id: number) => string = printerOf(EncryptionId);
/** `PRF_HMAC_SHA2_256`. */
export const nameOfPrf: (id: number) => string = printerOf(PrfId);
/** `HMAC_SHA2_256_128`. */
export const nameOfIntegrity: (id: number) => string = printerOf(IntegrityId);
/** `ECP_256`, of a main or an additional key exchange alike. */
export const nameOfKeMethod: (id: number) => string = printerOf(KeMethod);
/** `EXT_SEQ` or `NO_EXT_SEQ`. */
export const nameOfSn: (id: number) => string = printerOf(SnId);

/** The printed name of a transform id within its type, without key length and `KEn_` prefix; `(1234)` if unknown. */
export function transformName(type: number, id: number): string {
  switch (type) {
    case TransformType.ENCR:
      return nameOfEncryption(id);
    case TransformType.PRF:
      return nameOfPrf(id);
    case TransformType.INTEG:
      return nameOfIntegrity(id);
    case TransformType.SN:
      return nameOfSn(id);
    default:
      return isKeyExchangeType(type) ? nameOfKeMethod(id) : `(${id})`;
  }
}

/** Whether a transform type is an additional key exchange of RFC 9370. */
export function isAdditionalKe(type: number): boolean {
  return type >= TransformType.ADDKE1 && type <= TransformType.ADDKE7;
}

/** Whether a transform type names a key exchange method: type 4 or one of RFC 9370's 6 to 12. */
export function isKeyExchangeType(type: number): boolean {
  return type === TransformType.KE || isAdditionalKe(type);
}
