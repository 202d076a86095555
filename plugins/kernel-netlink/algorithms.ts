import type { KernelSa } from '../../daemon/contracts/kernel.ts';
import { EncryptionId, IntegrityId } from '../../daemon/proto/iana/transforms.ts';
import type { AeadAlgorithm, Algorithm, AuthAlgorithm } from '../../native/index.ts';

/** An encryption transform as Linux names it. */
export interface KernelCipher {
  readonly name: string;
  /** Of an AEAD: octets of tag, in bits. */
  readonly icvBits?: number;
  /** Octets of salt behind the key. */
  readonly saltOctets: number;
  /** Key length where the transform carries none, bits. */
  readonly keyBits: number;
}

/** An integrity transform as Linux names it. */
export interface KernelMac {
  readonly name: string;
  readonly keyOctets: number;
  readonly truncateBits: number;
}

const gcm = 'rfc4106(gcm(aes))';
const ccm = 'rfc4309(ccm(aes))';

/** Encryption by transform id of RFC 7296 section 3.3.2. */
export const kernelCiphers: Readonly<Record<number, KernelCipher>> = {
  [EncryptionId['3DES_CBC']]: { name: 'cbc(des3_ede)', saltOctets: 0, keyBits: 192 },
  [EncryptionId.CAST_CBC]: { name: 'cbc(cast5)', saltOctets: 0, keyBits: 128 },
  [EncryptionId.BLOWFISH_CBC]: { name: 'cbc(blowfish)', saltOctets: 0, keyBits: 128 },
  [EncryptionId.NULL]: { name: 'ecb(cipher_null)', saltOctets: 0, keyBits: 0 },
  [EncryptionId.AES_CBC]: { name: 'cbc(aes)', saltOctets: 0, keyBits: 128 },
  [EncryptionId.AES_CTR]: { name: 'rfc3686(ctr(aes))', saltOctets: 4, keyBits: 128 },
  [EncryptionId.AES_CCM_8]: { name: ccm, icvBits: 64, saltOctets: 3, keyBits: 128 },
  [EncryptionId.AES_CCM_12]: { name: ccm, icvBits: 96, saltOctets: 3, keyBits: 128 },
  [EncryptionId.AES_CCM_16]: { name: ccm, icvBits: 128, saltOctets: 3, keyBits: 128 },
  [EncryptionId.AES_GCM_8]: { name: gcm, icvBits: 64, saltOctets: 4, keyBits: 128 },
  [EncryptionId.AES_GCM_12]: { name: gcm, icvBits: 96, saltOctets: 4, keyBits: 128 },
  [EncryptionId.AES_GCM_16]: { name: gcm, icvBits: 128, saltOctets: 4, keyBits: 128 },
  [EncryptionId.NULL_AES_GMAC]: {
    name: 'rfc4543(gcm(aes))',
    icvBits: 128,
    saltOctets: 4,
    keyBits: 128,
  },
  [EncryptionId.CAMELLIA_CBC]: { name: 'cbc(camellia)', saltOctets: 0, keyBits: 128 },
  [EncryptionId.CHACHA20_POLY1305]: {
    name: 'rfc7539esp(chacha20,poly1305)',
    icvBits: 128,
    saltOctets: 4,
    keyBits: 256,
  },
  [EncryptionId.SERPENT_CBC]: { name: 'cbc(serpent)', saltOctets: 0, keyBits: 128 },
  [EncryptionId.TWOFISH_CBC]: { name: 'cbc(twofish)', saltOctets: 0, keyBits: 128 },
};

/** Integrity by transform id. */
export const kernelMacs: Readonly<Record<number, KernelMac>> = {
  [IntegrityId.HMAC_MD5_96]: { name: 'hmac(md5)', keyOctets: 16, truncateBits: 96 },
  [IntegrityId.HMAC_SHA1_96]: { name: 'hmac(sha1)', keyOctets: 20, truncateBits: 96 },
  [IntegrityId.HMAC_SHA1_160]: { name: 'hmac(sha1)', keyOctets: 20, truncateBits: 160 },
  [IntegrityId.AES_XCBC_96]: { name: 'xcbc(aes)', keyOctets: 16, truncateBits: 96 },
  [IntegrityId.AES_CMAC_96]: { name: 'cmac(aes)', keyOctets: 16, truncateBits: 96 },
  [IntegrityId.HMAC_SHA2_256_96]: { name: 'hmac(sha256)', keyOctets: 32, truncateBits: 96 },
  [IntegrityId.HMAC_SHA2_256_128]: { name: 'hmac(sha256)', keyOctets: 32, truncateBits: 128 },
  [IntegrityId.HMAC_SHA2_384_192]: { name: 'hmac(sha384)', keyOctets: 48, truncateBits: 192 },
  [IntegrityId.HMAC_SHA2_512_256]: { name: 'hmac(sha512)', keyOctets: 64, truncateBits: 256 },
};

/** Why an SA cannot be expressed for Linux. */
export class UnknownAlgorithm extends Error {}

/** The algorithms of an SA in the kernel's terms; throws {@link UnknownAlgorithm}. */
export function kernelAlgorithms(sa: KernelSa): {
  readonly aead?: AeadAlgorithm;
  readonly crypt?: Algorithm;
  readonly auth?: AuthAlgorithm;
  readonly comp?: Algorithm;
} {
  if (sa.protocol === 108) return { comp: { name: 'deflate', key: new Uint8Array() } };
  return { ...encryption(sa), ...integrity(sa) };
}

function encryption(sa: KernelSa): { readonly aead?: AeadAlgorithm; readonly crypt?: Algorithm } {
  if (sa.encryption === undefined) return {};
  const { id, key } = sa.encryption;
  const cipher = kernelCiphers[id];
  if (cipher === undefined) {
    throw new UnknownAlgorithm(`the kernel has no name for encryption transform ${id}`);
  }
  const { name, icvBits } = cipher;
  return icvBits === undefined ? { crypt: { name, key } } : { aead: { name, key, icvBits } };
}

function integrity(sa: KernelSa): { readonly auth?: AuthAlgorithm } {
  if (sa.integrity === undefined || sa.integrity.id === IntegrityId.NONE) return {};
  const { id, key } = sa.integrity;
  const short = id === IntegrityId.HMAC_SHA2_256_128 && sa.sha256Trunc96 === true;
  const mac = kernelMacs[short ? IntegrityId.HMAC_SHA2_256_96 : id];
  if (mac === undefined) {
    throw new UnknownAlgorithm(`the kernel has no name for integrity transform ${id}`);
  }
  return { auth: { name: mac.name, key, truncateBits: mac.truncateBits } };
}
