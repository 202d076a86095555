import { createDecipheriv, createHash } from 'node:crypto';
import { fromHex } from '../../util/hex.ts';
import { KeyError } from '../key-error.ts';
import { joined, WRONG_PASSPHRASE } from './pbes2.ts';

/** Whether a block says `Proc-Type: 4,ENCRYPTED`. */
export function isLegacyEncrypted(headers: ReadonlyMap<string, string>): boolean {
  return headers.get('proc-type')?.replaceAll(' ', '') === '4,ENCRYPTED';
}

/** Plaintext of a block that is encrypted as OpenSSL has done since the nineties: the key is one round of MD5 of the passphrase. */
export function openLegacyPem(
  headers: ReadonlyMap<string, string>,
  sealed: Uint8Array,
  passphrase: Uint8Array,
): Uint8Array {
  const [name = '', ivText = ''] = (headers.get('dek-info') ?? '').split(',');
  const cipher = CIPHERS.get(name.trim().toUpperCase());
  if (cipher === undefined) {
    const expected = [...CIPHERS.keys()].join(', ');
    throw new KeyError(`found a key encrypted by '${printableName(name)}', expected ${expected}`);
  }
  const iv = fromHex(ivText.trim());
  if (iv?.length !== cipher.ivOctets)
    throw new KeyError('found an encrypted key whose DEK-Info has no proper initialization vector');
  const key = deriveKey(passphrase, iv.subarray(0, 8), cipher.keyOctets);
  try {
    return joined(createDecipheriv(cipher.name, key, iv), sealed);
  } catch {
    throw new KeyError(WRONG_PASSPHRASE);
  } finally {
    key.fill(0);
  }
}

interface Cipher {
  readonly name: string;
  readonly keyOctets: number;
  readonly ivOctets: number;
}

const CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ['AES-128-CBC', { name: 'aes-128-cbc', keyOctets: 16, ivOctets: 16 }],
  ['AES-192-CBC', { name: 'aes-192-cbc', keyOctets: 24, ivOctets: 16 }],
  ['AES-256-CBC', { name: 'aes-256-cbc', keyOctets: 32, ivOctets: 16 }],
  ['DES-EDE3-CBC', { name: 'des-ede3-cbc', keyOctets: 24, ivOctets: 8 }],
]);

function deriveKey(passphrase: Uint8Array, salt: Uint8Array, octets: number): Uint8Array {
  const key = new Uint8Array(octets);
  let block: Uint8Array = new Uint8Array(0);
  for (let offset = 0; offset < octets; offset += block.length) {
    const next = createHash('md5').update(block).update(passphrase).update(salt).digest();
    block.fill(0);
    block = next;
    key.set(block.subarray(0, octets - offset), offset);
  }
  block.fill(0);
  return key;
}

function printableName(name: string): string {
  return name.slice(0, 40).replace(/[^A-Za-z0-9-]/g, '?');
}
