import { createDecipheriv, pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { type DerElement, DerTag, derElements } from '../../proto/der.ts';
import { toHex } from '../../util/hex.ts';
import { KeyError } from '../key-error.ts';
import { oidName } from './names.ts';

/** Rounds and memory that one attempt may cost: seconds, on a thread of its own. */
const MOST_ROUNDS = 10_000_000;
const MOST_MEMORY = 256 << 20;
const MOST_PARALLEL = 16;

const deriveByPbkdf2 = promisify(pbkdf2);
const deriveByScrypt: (
  passphrase: Uint8Array,
  salt: Uint8Array,
  octets: number,
  options: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number },
) => Promise<Uint8Array> = promisify(scrypt);

/**
 * Plaintext of an EncryptedPrivateKeyInfo (RFC 5958 section 3) by PBES2 (RFC 8018): PBKDF2 or scrypt (RFC 7914), AES in CBC or GCM
 * (RFC 5084), 3DES. Rejects with {@link KeyError}; a wrong passphrase may also show in what comes out.
 */
export async function openPbes2(
  algorithm: Uint8Array,
  sealed: Uint8Array,
  passphrase: Uint8Array,
): Promise<Uint8Array> {
  const [oid, parameters] = derElements(algorithm, 2) ?? [];
  if (oid?.tag !== DerTag.OID) throw new KeyError(MALFORMED);
  const scheme = toHex(oid.contents);
  if (scheme !== PBES2)
    throw new KeyError(`found a key encrypted by ${oidName(scheme)}, expected PBES2`);
  const [kdf, cipher] = sequence(parameters, 2);
  const cipherParts = sequence(cipher, 2);
  const decrypt = decryptionOf(cipherParts, sealed);
  const key = await deriveKey(sequence(kdf, 2), passphrase, decrypt.keyOctets);
  try {
    return decrypt.open(key);
  } catch {
    throw new KeyError(WRONG_PASSPHRASE);
  } finally {
    key.fill(0);
  }
}

/** Said wherever it shows. */
export const WRONG_PASSPHRASE =
  'found a key encrypted with a passphrase that does not fit, expected the one it was encrypted with';

const MALFORMED = 'found an encrypted key whose parameters are malformed';
const PBES2 = '2a864886f70d01050d';
const PBKDF2 = '2a864886f70d01050c';
const SCRYPT = '2b06010401da47040b';

const PRFS: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0207', 'sha1'],
  ['2a864886f70d0208', 'sha224'],
  ['2a864886f70d0209', 'sha256'],
  ['2a864886f70d020a', 'sha384'],
  ['2a864886f70d020b', 'sha512'],
]);

interface Cipher {
  readonly name: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc';
  readonly keyOctets: number;
  readonly ivOctets: number;
}

interface GcmCipher {
  readonly name: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';
  readonly keyOctets: number;
}

const CBC: ReadonlyMap<string, Cipher> = new Map([
  ['2a864886f70d0307', { name: 'des-ede3-cbc', keyOctets: 24, ivOctets: 8 }],
  ['608648016503040102', { name: 'aes-128-cbc', keyOctets: 16, ivOctets: 16 }],
  ['608648016503040116', { name: 'aes-192-cbc', keyOctets: 24, ivOctets: 16 }],
  ['60864801650304012a', { name: 'aes-256-cbc', keyOctets: 32, ivOctets: 16 }],
]);

const GCM: ReadonlyMap<string, GcmCipher> = new Map([
  ['608648016503040106', { name: 'aes-128-gcm', keyOctets: 16 }],
  ['60864801650304011a', { name: 'aes-192-gcm', keyOctets: 24 }],
  ['60864801650304012e', { name: 'aes-256-gcm', keyOctets: 32 }],
]);

interface Decryption {
  readonly keyOctets: number;
  open(key: Uint8Array): Uint8Array;
}

function decryptionOf(parts: readonly DerElement[], sealed: Uint8Array): Decryption {
  const [oid, parameters] = parts;
  const name = oid?.tag === DerTag.OID ? toHex(oid.contents) : '';
  const cbc = CBC.get(name);
  if (cbc !== undefined) {
    if (parameters?.tag !== OCTET_STRING || parameters.contents.length !== cbc.ivOctets)
      throw new KeyError(MALFORMED);
    const iv = parameters.contents;
    return {
      keyOctets: cbc.keyOctets,
      open: (key) => joined(createDecipheriv(cbc.name, key, iv), sealed),
    };
  }
  const gcm = GCM.get(name);
  if (gcm === undefined)
    throw new KeyError(`found a key encrypted by ${oidName(name)}, expected AES`);
  const [nonce, tagLength] =
    parameters?.tag === DerTag.SEQUENCE ? (derElements(parameters.contents, 2) ?? []) : [];
  const tagOctets = tagLength === undefined ? 12 : numberOf(tagLength);
  if (nonce?.tag !== OCTET_STRING || nonce.contents.length === 0 || nonce.contents.length > 64)
    throw new KeyError(MALFORMED);
  if (tagOctets < 12 || tagOctets > 16 || sealed.length <= tagOctets) throw new KeyError(MALFORMED);
  const end = sealed.length - tagOctets;
  return {
    keyOctets: gcm.keyOctets,
    open(key) {
      const options = { authTagLength: tagOctets };
      const decipher = createDecipheriv(gcm.name, key, nonce.contents, options);
      decipher.setAuthTag(sealed.subarray(end));
      return joined(decipher, sealed.subarray(0, end));
    },
  };
}

/** Decrypts into one array and wipes the pieces. */
export function joined(
  decipher: { update(octets: Uint8Array): Uint8Array; final(): Uint8Array },
  sealed: Uint8Array,
): Uint8Array {
  const first = decipher.update(sealed);
  try {
    const last = decipher.final();
    const plaintext = new Uint8Array(first.length + last.length);
    plaintext.set(first);
    plaintext.set(last, first.length);
    last.fill(0);
    return plaintext;
  } finally {
    first.fill(0);
  }
}

async function deriveKey(
  parts: readonly DerElement[],
  passphrase: Uint8Array,
  octets: number,
): Promise<Uint8Array> {
  const [oid, parameters] = parts;
  const name = oid?.tag === DerTag.OID ? toHex(oid.contents) : '';
  const inner =
    parameters?.tag === DerTag.SEQUENCE ? derElements(parameters.contents, 5) : undefined;
  const [salt, ...rest] = inner ?? [];
  if (salt?.tag !== OCTET_STRING || salt.contents.length > 1024) throw new KeyError(MALFORMED);
  if (name === PBKDF2) {
    const { rounds, hash } = pbkdf2Parameters(rest, octets);
    return deriveByPbkdf2(passphrase, salt.contents, rounds, octets, hash);
  }
  if (name !== SCRYPT)
    throw new KeyError(`found a key encrypted by ${oidName(name)}, expected PBKDF2 or scrypt`);
  const [cost = 0, blockSize = 0, parallel = 0, length = octets] = rest.map(numberOf);
  const memory = 128 * cost * blockSize;
  const isPower = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!isPower || blockSize < 1 || parallel < 1 || length !== octets || rest.length > 4)
    throw new KeyError(MALFORMED);
  if (memory > MOST_MEMORY || parallel > MOST_PARALLEL)
    throw new KeyError(
      `found scrypt with ${Math.floor(memory / 2 ** 20)} MiB and parallelization ${parallel}, expected at most ${MOST_MEMORY >> 20} MiB and ${MOST_PARALLEL}`,
    );
  const options = { N: cost, r: blockSize, p: parallel, maxmem: 2 * memory + (1 << 20) };
  return deriveByScrypt(passphrase, salt.contents, octets, options);
}

function pbkdf2Parameters(
  rest: readonly DerElement[],
  octets: number,
): { readonly rounds: number; readonly hash: string } {
  const [count, ...options] = rest;
  const rounds = numberOf(count);
  if (options[0]?.tag === INTEGER && numberOf(options.shift()) !== octets)
    throw new KeyError(MALFORMED);
  const prf = options.shift();
  if (options.length > 0 || rounds < 1) throw new KeyError(MALFORMED);
  if (rounds > MOST_ROUNDS)
    throw new KeyError(`found PBKDF2 with ${rounds} rounds, expected at most ${MOST_ROUNDS}`);
  if (prf === undefined) return { rounds, hash: 'sha1' };
  const [oid] = prf.tag === DerTag.SEQUENCE ? (derElements(prf.contents, 2) ?? []) : [];
  const name = oid?.tag === DerTag.OID ? toHex(oid.contents) : '';
  const hash = PRFS.get(name);
  if (hash === undefined)
    throw new KeyError(`found PBKDF2 with ${oidName(name)}, expected HMAC of SHA-1 or SHA-2`);
  return { rounds, hash };
}

const INTEGER = 0x02;
const OCTET_STRING = 0x04;

function sequence(element: DerElement | undefined, count: number): readonly DerElement[] {
  const parts = element?.tag === DerTag.SEQUENCE ? derElements(element.contents, count) : undefined;
  if (parts === undefined) throw new KeyError(MALFORMED);
  return parts;
}

/** A small INTEGER that is not negative; 0 for what is none. */
function numberOf(element: DerElement | undefined): number {
  const { tag, contents } = element ?? { tag: 0, contents: new Uint8Array(0) };
  if (tag !== INTEGER || contents.length === 0 || contents.length > 5) return 0;
  if ((contents[0] ?? 0) >= 0x80) return 0;
  return contents.reduce((number, octet) => number * 256 + octet, 0);
}
