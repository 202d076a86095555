import type { SignatureHash } from '../../daemon/contracts/signatures.ts';
import { toBigInt } from '../../daemon/proto/keys/ec-curves.ts';
import { concatBytes, equalBytes } from '../../daemon/util/bytes.ts';
import { fromHex } from '../../daemon/util/hex.ts';

/** A public key of RSA, modulus without leading zero octets. */
export interface RsaPublicKey {
  readonly bits: number;
  readonly modulus: Uint8Array;
  readonly exponent: bigint;
}

type Digest = (octets: Uint8Array) => Uint8Array;

/** The block of a signature as long as the modulus (RSAVP1, RFC 8017 section 5.2.2), or `undefined` if the number is not below the modulus. */
export function openRsa(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  const modulus = toBigInt(key.modulus);
  let power = toBigInt(signature);
  if (power >= modulus) return undefined;
  let result = 1n;
  for (let exponent = key.exponent; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * power) % modulus;
    power = (power * power) % modulus;
  }
  const digits = result.toString(16).padStart(2 * key.modulus.length, '0');
  return fromHex(digits);
}

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2): the one block that is right; `undefined` if the modulus is too small for it. */
export function pkcs1Block(
  octets: number,
  hash: SignatureHash,
  digest: Uint8Array,
): Uint8Array | undefined {
  const info = concatBytes(digestInfoHead(hash, digest.length), digest);
  const filling = octets - info.length - 3;
  if (filling < 8) return undefined;
  return concatBytes(
    Uint8Array.of(0, 1),
    new Uint8Array(filling).fill(0xff),
    Uint8Array.of(0),
    info,
  );
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) of a block as long as the modulus, with MGF1 of the same hash. */
export function isPssBlock(
  bits: number,
  block: Uint8Array,
  digest: Digest,
  messageDigest: Uint8Array,
  saltOctets: number,
): boolean {
  const hashOctets = messageDigest.length;
  const blockBits = bits - 1;
  // the modulus may be an octet longer than the block
  const extra = block.length - Math.ceil(blockBits / 8);
  if (extra > 0 && block[0] !== 0) return false;
  const em = block.subarray(extra);
  const maskOctets = em.length - hashOctets - 1;
  if (maskOctets < saltOctets + 1 || em.at(-1) !== 0xbc) return false;
  const seed = em.subarray(maskOctets, maskOctets + hashOctets);
  const db = em.slice(0, maskOctets);
  const unused = 8 * em.length - blockBits;
  if ((db[0] ?? 0) >>> (8 - unused) !== 0) return false;
  mask(db, seed, digest);
  db[0] = (db[0] ?? 0) & (0xff >>> unused);
  const padding = maskOctets - saltOctets - 1;
  for (let i = 0; i < padding; i++) if (db[i] !== 0) return false;
  if (db[padding] !== 1) return false;
  const salt = db.subarray(padding + 1);
  return equalBytes(digest(concatBytes(new Uint8Array(8), messageDigest, salt)), seed);
}

// MGF1, RFC 8017 appendix B.2.1.
function mask(db: Uint8Array, seed: Uint8Array, digest: Digest): void {
  for (let offset = 0, counter = 0; offset < db.length; counter++) {
    const block = digest(
      concatBytes(seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter)),
    );
    for (let i = 0; i < block.length && offset < db.length; i++, offset++)
      db[offset] = (db[offset] ?? 0) ^ (block[i] ?? 0);
  }
}

// What stands before the digest in a DigestInfo: SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING }.
function digestInfoHead(hash: SignatureHash, digestOctets: number): Uint8Array {
  const oid = fromHex(OIDS[hash]) ?? new Uint8Array(0);
  const { length } = oid;
  return Uint8Array.of(
    ...[0x30, length + digestOctets + 8, 0x30, length + 4, 0x06, length, ...oid],
    ...[0x05, 0x00, 0x04, digestOctets],
  );
}

const OIDS: Readonly<Record<SignatureHash, string>> = {
  sha1: '2b0e03021a',
  sha224: '608648016503040204',
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
  'sha3-224': '608648016503040207',
  'sha3-256': '608648016503040208',
  'sha3-384': '608648016503040209',
  'sha3-512': '60864801650304020a',
};
