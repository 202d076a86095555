import {
  EncryptionId,
  IntegrityId,
  KeMethod,
  PrfId,
  SnId,
  TransformType,
} from '../proto/iana/transforms.ts';
import type { Transform } from '../proto/proposal.ts';

const KEY_BITS = [128, 192, 256] as const;

function encryption(id: number, keyLength?: number): Transform {
  return { type: TransformType.ENCR, id, ...(keyLength === undefined ? {} : { keyLength }) };
}

/** `aes128ccm8`, `aes128ccm64`…: the ICV in octets or in bits. */
function combined(stem: string, ids: readonly [number, number, number]): [string, Transform][] {
  const [icv8, icv12, icv16] = ids;
  return [
    ...sized(`${stem}8`, icv8),
    ...sized(`${stem}64`, icv8),
    ...sized(`${stem}12`, icv12),
    ...sized(`${stem}96`, icv12),
    ...sized(`${stem}16`, icv16),
    ...sized(`${stem}128`, icv16),
  ];
}

function sized(stem: string, id: number): [string, Transform][] {
  return KEY_BITS.map((bits) => [stem.replace('#', String(bits)), encryption(id, bits)]);
}

const ENCRYPTION: readonly [string, Transform][] = [
  ['null', encryption(EncryptionId.NULL)],
  ['des', encryption(EncryptionId.DES_CBC)],
  ['3des', encryption(EncryptionId['3DES_CBC'])],
  ['aes', encryption(EncryptionId.AES_CBC, 128)],
  ...sized('aes#', EncryptionId.AES_CBC),
  ...sized('aes#ctr', EncryptionId.AES_CTR),
  ...combined('aes#ccm', [
    EncryptionId.AES_CCM_8,
    EncryptionId.AES_CCM_12,
    EncryptionId.AES_CCM_16,
  ]),
  ...sized('aes#ccm', EncryptionId.AES_CCM_16),
  ...combined('aes#gcm', [
    EncryptionId.AES_GCM_8,
    EncryptionId.AES_GCM_12,
    EncryptionId.AES_GCM_16,
  ]),
  ...sized('aes#gcm', EncryptionId.AES_GCM_16),
  ...sized('aes#gmac', EncryptionId.NULL_AES_GMAC),
  ['chacha20poly1305', encryption(EncryptionId.CHACHA20_POLY1305)],
  // For peers that expect a Key Length attribute, against RFC 7634 section 3.
  ['chacha20poly1305compat', encryption(EncryptionId.CHACHA20_POLY1305, 256)],
  ['blowfish', encryption(EncryptionId.BLOWFISH_CBC, 128)],
  ...sized('blowfish#', EncryptionId.BLOWFISH_CBC),
  ['camellia', encryption(EncryptionId.CAMELLIA_CBC, 128)],
  ...sized('camellia#', EncryptionId.CAMELLIA_CBC),
  ...sized('camellia#ctr', EncryptionId.CAMELLIA_CTR),
  ...combined('camellia#ccm', [
    EncryptionId.CAMELLIA_CCM_8,
    EncryptionId.CAMELLIA_CCM_12,
    EncryptionId.CAMELLIA_CCM_16,
  ]),
  ['cast128', encryption(EncryptionId.CAST_CBC, 128)],
  ['serpent', encryption(EncryptionId.SERPENT_CBC, 128)],
  ...sized('serpent#', EncryptionId.SERPENT_CBC),
  ['twofish', encryption(EncryptionId.TWOFISH_CBC, 128)],
  ...sized('twofish#', EncryptionId.TWOFISH_CBC),
];

const INTEGRITY: readonly (readonly [string, number])[] = [
  ['sha', IntegrityId.HMAC_SHA1_96],
  ['sha1', IntegrityId.HMAC_SHA1_96],
  ['sha1_160', IntegrityId.HMAC_SHA1_160],
  ['sha256', IntegrityId.HMAC_SHA2_256_128],
  ['sha2_256', IntegrityId.HMAC_SHA2_256_128],
  ['sha256_96', IntegrityId.HMAC_SHA2_256_96],
  ['sha2_256_96', IntegrityId.HMAC_SHA2_256_96],
  ['sha384', IntegrityId.HMAC_SHA2_384_192],
  ['sha2_384', IntegrityId.HMAC_SHA2_384_192],
  ['sha512', IntegrityId.HMAC_SHA2_512_256],
  ['sha2_512', IntegrityId.HMAC_SHA2_512_256],
  ['md5', IntegrityId.HMAC_MD5_96],
  ['md5_128', IntegrityId.HMAC_MD5_128],
  ['aesxcbc', IntegrityId.AES_XCBC_96],
  ['camelliaxcbc', IntegrityId.CAMELLIA_XCBC_96],
  ['aescmac', IntegrityId.AES_CMAC_96],
];

const PRF: readonly (readonly [string, number])[] = [
  ['prfsha1', PrfId.PRF_HMAC_SHA1],
  ['prfsha256', PrfId.PRF_HMAC_SHA2_256],
  ['prfsha384', PrfId.PRF_HMAC_SHA2_384],
  ['prfsha512', PrfId.PRF_HMAC_SHA2_512],
  ['prfmd5', PrfId.PRF_HMAC_MD5],
  ['prfaesxcbc', PrfId.PRF_AES128_XCBC],
  ['prfcamelliaxcbc', PrfId.PRF_CAMELLIA128_XCBC],
  ['prfaescmac', PrfId.PRF_AES128_CMAC],
];

const KEY_EXCHANGE: readonly (readonly [string, number])[] = [
  ['none', KeMethod.KE_NONE],
  ['modpnone', KeMethod.KE_NONE],
  ['modpnull', KeMethod.MODP_NULL],
  ['modp768', KeMethod.MODP_768],
  ['modp1024', KeMethod.MODP_1024],
  ['modp1536', KeMethod.MODP_1536],
  ['modp2048', KeMethod.MODP_2048],
  ['modp3072', KeMethod.MODP_3072],
  ['modp4096', KeMethod.MODP_4096],
  ['modp6144', KeMethod.MODP_6144],
  ['modp8192', KeMethod.MODP_8192],
  ['ecp192', KeMethod.ECP_192],
  ['ecp224', KeMethod.ECP_224],
  ['ecp256', KeMethod.ECP_256],
  ['ecp384', KeMethod.ECP_384],
  ['ecp521', KeMethod.ECP_521],
  ['modp1024s160', KeMethod.MODP_1024_160],
  ['modp2048s224', KeMethod.MODP_2048_224],
  ['modp2048s256', KeMethod.MODP_2048_256],
  ['ecp224bp', KeMethod.ECP_224_BP],
  ['ecp256bp', KeMethod.ECP_256_BP],
  ['ecp384bp', KeMethod.ECP_384_BP],
  ['ecp512bp', KeMethod.ECP_512_BP],
  ['curve25519', KeMethod.CURVE_25519],
  ['x25519', KeMethod.CURVE_25519],
  ['curve448', KeMethod.CURVE_448],
  ['x448', KeMethod.CURVE_448],
  ['gost256', KeMethod.GOST3410_256],
  ['gost512', KeMethod.GOST3410_512],
  ['mlkem512', KeMethod.ML_KEM_512],
  ['mlkem768', KeMethod.ML_KEM_768],
  ['mlkem1024', KeMethod.ML_KEM_1024],
];

const typed = (type: number, rows: readonly (readonly [string, number])[]): [string, Transform][] =>
  rows.map(([keyword, id]) => [keyword, { type, id }]);

/** Every keyword of a proposal text without the `keN_` prefix, as its transform. Case-sensitive. */
export const PROPOSAL_KEYWORDS: ReadonlyMap<string, Transform> = new Map([
  ...ENCRYPTION,
  ...typed(TransformType.INTEG, INTEGRITY),
  ...typed(TransformType.PRF, PRF),
  ...typed(TransformType.KE, KEY_EXCHANGE),
  ['noesn', { type: TransformType.SN, id: SnId.NO_EXT_SEQ }],
  ['esn', { type: TransformType.SN, id: SnId.EXT_SEQ }],
]);

/**
 * The transform of a keyword, `ke1_` to `ke7_` prefix (in any case) included, which moves a key exchange
 * method to Additional Key Exchange 1 to 7 (RFC 9370).
 */
export function transformOfKeyword(keyword: string): Transform | undefined {
  const additional = /^ke([1-7])_(.*)$/i.exec(keyword);
  if (additional === null) return PROPOSAL_KEYWORDS.get(keyword);
  const method = PROPOSAL_KEYWORDS.get(additional[2] ?? '');
  if (method?.type !== TransformType.KE) return undefined;
  return { type: TransformType.ADDKE1 - 1 + Number(additional[1]), id: method.id };
}

/** The PRF an IKE proposal gets from an integrity algorithm if it names no PRF itself. */
export const PRF_OF_INTEGRITY: ReadonlyMap<number, number> = new Map<number, number>([
  [IntegrityId.HMAC_SHA1_96, PrfId.PRF_HMAC_SHA1],
  [IntegrityId.HMAC_SHA1_160, PrfId.PRF_HMAC_SHA1],
  [IntegrityId.HMAC_SHA2_256_128, PrfId.PRF_HMAC_SHA2_256],
  [IntegrityId.HMAC_SHA2_384_192, PrfId.PRF_HMAC_SHA2_384],
  [IntegrityId.HMAC_SHA2_512_256, PrfId.PRF_HMAC_SHA2_512],
  [IntegrityId.HMAC_MD5_96, PrfId.PRF_HMAC_MD5],
  [IntegrityId.HMAC_MD5_128, PrfId.PRF_HMAC_MD5],
  [IntegrityId.AES_XCBC_96, PrfId.PRF_AES128_XCBC],
  [IntegrityId.CAMELLIA_XCBC_96, PrfId.PRF_CAMELLIA128_XCBC],
  [IntegrityId.AES_CMAC_96, PrfId.PRF_AES128_CMAC],
]);
