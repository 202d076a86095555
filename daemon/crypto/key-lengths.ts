import type { Crypto } from '../contracts/crypto.ts';
import { EncryptionId, IntegrityId, TransformType } from '../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../proto/proposal.ts';
import { isAead, transformOf } from '../proto/proposal-transforms.ts';
import { InternalError } from '../util/error.ts';

/** Octets of keying material for one direction of a CHILD_SA; salts count as part of the encryption key. */
export interface ChildKeyLengths {
  readonly encryptionOctets: number;
  readonly integrityOctets: number;
}

/** Octets of the SK_* keys of an IKE_SA; `prfOctets` is the length of SK_d, SK_pi and SK_pr. */
export interface IkeKeyLengths extends ChildKeyLengths {
  readonly prfOctets: number;
}

/**
 * Lengths of the keys an agreed IKE proposal needs (exactly one transform per type).
 * Throws {@link InternalError} if the proposal is incomplete or an algorithm has no provider.
 */
export function ikeKeyLengths(proposal: Proposal, crypto: Crypto): IkeKeyLengths {
  const prfTransform = transformOf(proposal, TransformType.PRF);
  const prf = prfTransform && crypto.prf(prfTransform.id);
  if (prf === undefined) throw new InternalError('the IKE proposal has no usable PRF');
  return { ...childKeyLengths(proposal), prfOctets: prf.keyOctets };
}

/**
 * Lengths of the keys of an agreed ESP or AH proposal, whether or not this program itself could run the
 * algorithms. Throws {@link InternalError} for an algorithm it does not know or one without its key length.
 */
export function childKeyLengths(proposal: Proposal): ChildKeyLengths {
  const encryption = transformOf(proposal, TransformType.ENCR);
  const integrity = transformOf(proposal, TransformType.INTEG);
  const combined = encryption !== undefined && isAead(encryption.id);
  return {
    encryptionOctets: encryption === undefined ? 0 : encryptionKeyOctets(encryption),
    integrityOctets: integrity === undefined || combined ? 0 : integrityKeyOctets(integrity.id),
  };
}

interface CipherShape {
  /** Octets of the key if it has one length only; otherwise the Key Length attribute says. */
  readonly fixedOctets?: number;
  readonly saltOctets: number;
}

const block = (fixedOctets?: number): CipherShape => ({
  ...(fixedOctets === undefined ? {} : { fixedOctets }),
  saltOctets: 0,
});
const ctr: CipherShape = { saltOctets: 4 }; // RFC 3686 section 5.1
const ccm: CipherShape = { saltOctets: 3 }; // RFC 4309 section 7.1
const gcm: CipherShape = { saltOctets: 4 }; // RFC 4106 section 8.1

const CIPHERS: ReadonlyMap<number, CipherShape> = new Map<number, CipherShape>([
  [EncryptionId.NULL, block(0)],
  [EncryptionId.DES_CBC, block(8)],
  [EncryptionId['3DES_CBC'], block(24)],
  [EncryptionId.CAST_CBC, block()],
  [EncryptionId.BLOWFISH_CBC, block()],
  [EncryptionId.AES_CBC, block()],
  [EncryptionId.CAMELLIA_CBC, block()],
  [EncryptionId.SERPENT_CBC, block()],
  [EncryptionId.TWOFISH_CBC, block()],
  [EncryptionId.AES_CTR, ctr],
  [EncryptionId.CAMELLIA_CTR, ctr],
  [EncryptionId.AES_CCM_8, ccm],
  [EncryptionId.AES_CCM_12, ccm],
  [EncryptionId.AES_CCM_16, ccm],
  [EncryptionId.CAMELLIA_CCM_8, ccm],
  [EncryptionId.CAMELLIA_CCM_12, ccm],
  [EncryptionId.CAMELLIA_CCM_16, ccm],
  [EncryptionId.AES_GCM_8, gcm],
  [EncryptionId.AES_GCM_12, gcm],
  [EncryptionId.AES_GCM_16, gcm],
  [EncryptionId.NULL_AES_GMAC, gcm], // RFC 4543 section 4
  [EncryptionId.CHACHA20_POLY1305, { fixedOctets: 32, saltOctets: 4 }], // RFC 7634
]);

const INTEGRITY_KEY_OCTETS: ReadonlyMap<number, number> = new Map<number, number>([
  [IntegrityId.NONE, 0],
  [IntegrityId.HMAC_MD5_96, 16],
  [IntegrityId.HMAC_MD5_128, 16],
  [IntegrityId.HMAC_SHA1_96, 20],
  [IntegrityId.HMAC_SHA1_160, 20],
  [IntegrityId.AES_XCBC_96, 16],
  [IntegrityId.AES_CMAC_96, 16],
  [IntegrityId.CAMELLIA_XCBC_96, 16],
  // Key and salt of 4 octets, RFC 4543 section 5.
  [IntegrityId.AES_128_GMAC, 20],
  [IntegrityId.AES_192_GMAC, 28],
  [IntegrityId.AES_256_GMAC, 36],
  [IntegrityId.HMAC_SHA2_256_96, 32],
  [IntegrityId.HMAC_SHA2_256_128, 32],
  [IntegrityId.HMAC_SHA2_384_192, 48],
  [IntegrityId.HMAC_SHA2_512_256, 64],
]);

function encryptionKeyOctets({ id, keyLength }: Transform): number {
  const shape = CIPHERS.get(id);
  if (shape === undefined) throw new InternalError(`key length of cipher ${id} is unknown`);
  if (shape.fixedOctets !== undefined) return shape.fixedOctets + shape.saltOctets;
  // A key of no octets would encrypt with nothing (the class of CVE-2024-3652).
  if (keyLength === undefined || keyLength === 0 || keyLength % 8 !== 0)
    throw new InternalError(`cipher ${id} needs a key length, not ${keyLength}`);
  return keyLength / 8 + shape.saltOctets;
}

function integrityKeyOctets(id: number): number {
  const octets = INTEGRITY_KEY_OCTETS.get(id);
  if (octets === undefined) throw new InternalError(`key length of integrity ${id} is unknown`);
  return octets;
}
