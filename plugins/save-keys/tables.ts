import type { EspKeyEntry, IkeKeyEntry } from '../../daemon/contracts/key-log.ts';
import { EncryptionId, IntegrityId } from '../../daemon/proto/iana/transforms.ts';
import { printIkeSpi } from '../../daemon/proto/ike-spi.ts';
import { familyOf } from '../../daemon/proto/ip-address.ts';
import type { Transform } from '../../daemon/proto/proposal.ts';
import { toHex } from '../../daemon/util/hex.ts';

/**
 * A line of Wireshark's `ikev2_decryption_table`: SPIs, SK_ei, SK_er, cipher, SK_ai, SK_ar, integrity. `undefined` where
 * Wireshark cannot decrypt: it would refuse the whole file for a name it does not know.
 */
export function ikeLine(entry: IkeKeyEntry): string | undefined {
  const cipher = ikeCipher(entry.encryption);
  const integrity = entry.integrity === undefined ? IKE_NONE : ikeIntegrity(entry.integrity.id);
  if (cipher === undefined || integrity === undefined) return undefined;
  const unchecked = integrity === UNCHECKED;
  const fields = [
    printIkeSpi(entry.spiI),
    printIkeSpi(entry.spiR),
    toHex(entry.skEi),
    toHex(entry.skEr),
    quoted(cipher),
    unchecked ? '' : toHex(entry.skAi),
    unchecked ? '' : toHex(entry.skAr),
    quoted(integrity),
  ];
  return `${fields.join(',')}\n`;
}

/** A line of Wireshark's `esp_sa`: family, ends, SPI, cipher and key, integrity and key; `undefined` as above. */
export function espLine(entry: EspKeyEntry): string | undefined {
  const cipher = ESP_CIPHERS.get(entry.encryption.id);
  const integrity = entry.integrity === undefined ? 'NULL' : ESP_INTEGRITY.get(entry.integrity.id);
  if (cipher === undefined || integrity === undefined) return undefined;
  const fields = [
    `IPv${familyOf(entry.source)}`,
    entry.source,
    entry.destination,
    hexOf(entry.spi.toString(16).padStart(8, '0')),
    cipher,
    hexOf(toHex(entry.encryption.key)),
    integrity,
    hexOf(entry.integrity === undefined ? '' : toHex(entry.integrity.key)),
  ];
  return `${fields.map(quoted).join(',')}\n`;
}

function ikeCipher({ id, keyLength }: Transform): string | undefined {
  const name = IKE_CIPHERS.get(id);
  return name?.replace('@', String(keyLength ?? ''));
}

/** Names by transform type 1; `@` is the length of the key in bits. */
const IKE_CIPHERS: ReadonlyMap<number, string> = new Map([
  [EncryptionId['3DES_CBC'], '3DES [RFC2451]'],
  [EncryptionId.NULL, 'NULL [RFC2410]'],
  [EncryptionId.AES_CBC, 'AES-CBC-@ [RFC3602]'],
  [EncryptionId.AES_CTR, 'AES-CTR-@ [RFC5930]'],
  ...icvs('CCM', [EncryptionId.AES_CCM_8, EncryptionId.AES_CCM_12, EncryptionId.AES_CCM_16]),
  ...icvs('GCM', [EncryptionId.AES_GCM_8, EncryptionId.AES_GCM_12, EncryptionId.AES_GCM_16]),
]);

function icvs(mode: string, ids: readonly number[]): (readonly [number, string])[] {
  return ids.map((id, i) => [id, `AES-${mode}-@ with ${8 + 4 * i} octet ICV [RFC5282]`]);
}

const IKE_NONE = 'NONE [RFC4306]';
/** Macs that Wireshark does not compute, but can skip. */
const UNCHECKED = 'ANY 96-bits of Authentication [No Checking]';

/** Names by transform type 3. */
const IKE_INTEGRITY: ReadonlyMap<number, string> = new Map<number, string>([
  [IntegrityId.HMAC_MD5_96, 'HMAC_MD5_96 [RFC2403]'],
  [IntegrityId.HMAC_SHA1_96, 'HMAC_SHA1_96 [RFC2404]'],
  [IntegrityId.HMAC_MD5_128, 'HMAC_MD5_128 [RFC4595]'],
  [IntegrityId.HMAC_SHA1_160, 'HMAC_SHA1_160 [RFC4595]'],
  [IntegrityId.HMAC_SHA2_256_128, 'HMAC_SHA2_256_128 [RFC4868]'],
  [IntegrityId.HMAC_SHA2_384_192, 'HMAC_SHA2_384_192 [RFC4868]'],
  [IntegrityId.HMAC_SHA2_512_256, 'HMAC_SHA2_512_256 [RFC4868]'],
  [IntegrityId.AES_XCBC_96, UNCHECKED],
  [IntegrityId.AES_CMAC_96, UNCHECKED],
]);

function ikeIntegrity(id: number): string | undefined {
  return IKE_INTEGRITY.get(id);
}

const ESP_CIPHERS: ReadonlyMap<number, string> = new Map([
  [EncryptionId.NULL, 'NULL'],
  [EncryptionId['3DES_CBC'], 'TripleDES-CBC [RFC2451]'],
  [EncryptionId.AES_CBC, 'AES-CBC [RFC3602]'],
  [EncryptionId.AES_CTR, 'AES-CTR [RFC3686]'],
  [EncryptionId.AES_GCM_8, 'AES-GCM with 8 octet ICV [RFC4106]'],
  [EncryptionId.AES_GCM_12, 'AES-GCM with 12 octet ICV [RFC4106]'],
  [EncryptionId.AES_GCM_16, 'AES-GCM with 16 octet ICV [RFC4106]'],
  [EncryptionId.CHACHA20_POLY1305, 'ChaCha20 with Poly1305 [RFC7634]'],
]);

const ESP_INTEGRITY: ReadonlyMap<number, string> = new Map<number, string>([
  [IntegrityId.NONE, 'NULL'],
  [IntegrityId.HMAC_SHA1_96, 'HMAC-SHA-1-96 [RFC2404]'],
  [IntegrityId.HMAC_SHA2_256_96, 'HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]'],
  [IntegrityId.HMAC_SHA2_256_128, 'HMAC-SHA-256-128 [RFC4868]'],
  [IntegrityId.HMAC_SHA2_384_192, 'HMAC-SHA-384-192 [RFC4868]'],
  [IntegrityId.HMAC_SHA2_512_256, 'HMAC-SHA-512-256 [RFC4868]'],
  [IntegrityId.HMAC_MD5_96, 'ANY 96 bit authentication [no checking]'],
  [IntegrityId.AES_XCBC_96, 'ANY 96 bit authentication [no checking]'],
  [IntegrityId.AES_CMAC_96, 'ANY 96 bit authentication [no checking]'],
]);

function hexOf(digits: string): string {
  return digits === '' ? '' : `0x${digits}`;
}

function quoted(text: string): string {
  return `"${text}"`;
}
