import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { type DerElement, DerTag, derElements } from '../../proto/der.ts';
import { toHex } from '../../util/hex.ts';
import { KeyError } from '../key-error.ts';
import { oidName } from './names.ts';
import { joined, openPbes2 } from './pbes2.ts';
import { bmpPassphrase, derivePkcs12, type Pkcs12Hash, Pkcs12Use } from './pkcs12-kdf.ts';
import { openRc2 } from './rc2.ts';

/** What a container holds, DER each. `keys` are PKCS#8 in the clear: the caller hands them on and wipes them. */
export interface Pkcs12Contents {
  readonly keys: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
}

/** More than any container of one gateway's keys and chains. */
export const MOST_PKCS12_OCTETS = 1 << 20;

const MOST_ROUNDS = 1_000_000;
const MOST_BAGS = 256;
/** Parts with an encryption of their own: each costs its rounds. */
const MOST_SEALED = 16;
const MOST_SALT_OCTETS = 1024;

const WRONG =
  'found a PKCS#12 container whose MAC does not fit: the passphrase is wrong, or it was changed';
const MALFORMED =
  'found a PKCS#12 container that is malformed, or in BER: openssl pkcs12 converts it';

const DATA = '2a864886f70d010701';
const ENCRYPTED_DATA = '2a864886f70d010706';
const KEY_BAG = '2a864886f70d010c0a0101';
const SHROUDED_KEY_BAG = '2a864886f70d010c0a0102';
const CERT_BAG = '2a864886f70d010c0a0103';
const CRL_BAG = '2a864886f70d010c0a0104';
const X509_CERTIFICATE = '2a864886f70d01091601';
const X509_CRL = '2a864886f70d01091701';
const PBES2 = '2a864886f70d01050d';

/** Ciphers of RFC 7292 appendix C with keys by SHA-1. */
const LEGACY: ReadonlyMap<string, LegacyCipher> = new Map([
  ['2a864886f70d010c0103', { keyOctets: 24, open: openTripleDes }],
  ['2a864886f70d010c0105', { keyOctets: 16, open: openRc2 }],
  ['2a864886f70d010c0106', { keyOctets: 5, open: openRc2 }],
]);

interface LegacyCipher {
  readonly keyOctets: number;
  /** `undefined` if it cannot be decrypted. */
  open(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

const HASHES: ReadonlyMap<string, Pkcs12Hash> = new Map([
  ['2b0e03021a', 'sha1'],
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

/**
 * Opens a PKCS#12 container (RFC 7292) in DER: its MAC is verified before anything in it is looked at; then keys, certificates and CRLs are
 * decrypted by PBES2, or by 3DES and RC2 as older programs do. Rejects with {@link KeyError}; what was decrypted until then is wiped.
 */
export async function openPkcs12(
  data: Uint8Array,
  passphrase: Uint8Array,
): Promise<Pkcs12Contents> {
  if (data.length > MOST_PKCS12_OCTETS)
    throw new KeyError(`found ${data.length} octets, expected at most ${MOST_PKCS12_OCTETS}`);
  const [outer] = derElements(data, 1) ?? [];
  const [version, authSafe, macData] = inside(outer, DerTag.SEQUENCE, 3);
  if (version?.tag !== INTEGER || version.contents.length !== 1 || version.contents[0] !== 3)
    throw new KeyError(MALFORMED);
  if (macData === undefined)
    throw new KeyError('found a PKCS#12 container without MAC, expected one that shows changes');
  const [type, content] = contentInfo(authSafe);
  if (type !== DATA)
    throw new KeyError('found a PKCS#12 container that is signed, expected one with a passphrase');
  const safe = octetsIn(content);
  const forms = passphrases(passphrase);
  try {
    const fitting = await verifyMac(macData, safe, forms);
    const opening = new Opening(passphrase, fitting);
    return await opening.open(safe);
  } finally {
    for (const form of forms) form.fill(0);
  }
}

// No passphrase at all is written in two ways.
function passphrases(passphrase: Uint8Array): readonly Uint8Array[] {
  const bmp = bmpPassphrase(passphrase);
  if (bmp === undefined) throw new KeyError('found a passphrase that is not UTF-8');
  return passphrase.length === 0 ? [bmp, new Uint8Array(0)] : [bmp];
}

async function verifyMac(
  macData: DerElement,
  safe: Uint8Array,
  forms: readonly Uint8Array[],
): Promise<Uint8Array> {
  const [info, salt, count] = inside(macData, DerTag.SEQUENCE, 3);
  const [algorithm, expected] = inside(info, DerTag.SEQUENCE, 2);
  const [oid] = inside(algorithm, DerTag.SEQUENCE, 2);
  const name = oid?.tag === DerTag.OID ? toHex(oid.contents) : '';
  const hash = HASHES.get(name);
  if (hash === undefined)
    throw new KeyError(`found a PKCS#12 MAC by ${oidName(name)}, expected SHA-1 or SHA-2`);
  if (expected?.tag !== OCTET_STRING || salt?.tag !== OCTET_STRING) throw new KeyError(MALFORMED);
  const rounds = count === undefined ? 1 : roundsOf(count);
  checkSalt(salt.contents);
  for (const passphrase of forms) {
    const octets = expected.contents.length;
    const mac = await macOf(safe, { hash, passphrase, salt: salt.contents, rounds });
    if (mac.length === octets && timingSafeEqual(mac, expected.contents)) return passphrase;
  }
  throw new KeyError(WRONG);
}

async function macOf(
  safe: Uint8Array,
  how: {
    readonly hash: Pkcs12Hash;
    readonly passphrase: Uint8Array;
    readonly salt: Uint8Array;
    readonly rounds: number;
  },
): Promise<Uint8Array> {
  const octets = MAC_OCTETS[how.hash];
  const key = await derivePkcs12({ ...how, use: Pkcs12Use.MAC, octets });
  try {
    return createHmac(how.hash, key).update(safe).digest();
  } finally {
    key.fill(0);
  }
}

const MAC_OCTETS: Readonly<Record<Pkcs12Hash, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

class Opening {
  readonly #passphrase: Uint8Array;
  readonly #bmp: Uint8Array;
  readonly #keys: Uint8Array[] = [];
  readonly #certificates: Uint8Array[] = [];
  readonly #crls: Uint8Array[] = [];
  #bags = 0;
  #sealed = 0;

  constructor(passphrase: Uint8Array, bmp: Uint8Array) {
    this.#passphrase = passphrase;
    this.#bmp = bmp;
  }

  async open(safe: Uint8Array): Promise<Pkcs12Contents> {
    try {
      for (const info of listIn(safe)) await this.#safe(info);
    } catch (error) {
      for (const key of this.#keys) key.fill(0);
      throw error;
    }
    return { keys: this.#keys, certificates: this.#certificates, crls: this.#crls };
  }

  async #safe(info: DerElement): Promise<void> {
    const [type, content] = contentInfo(info);
    if (type === DATA) return this.#contents(octetsIn(content));
    if (type !== ENCRYPTED_DATA)
      throw new KeyError('found a PKCS#12 container encrypted for a key, expected a passphrase');
    const [, sealedInfo] = inside(content, DerTag.SEQUENCE, 3);
    const [, algorithm, sealed] = inside(sealedInfo, DerTag.SEQUENCE, 3);
    if (sealed?.tag !== 0x80) throw new KeyError(MALFORMED);
    const plain = await this.#decrypt(algorithm, sealed.contents);
    try {
      await this.#contents(plain);
    } finally {
      plain.fill(0);
    }
  }

  // What is kept of it is copied.
  async #contents(octets: Uint8Array): Promise<void> {
    for (const bag of listIn(octets)) {
      if (++this.#bags > MOST_BAGS) throw new KeyError(`found more than ${MOST_BAGS} bags`);
      const [oid, wrapped] = inside(bag, DerTag.SEQUENCE, 3);
      const value = only(wrapped, 0xa0);
      await this.#bag(oid?.tag === DerTag.OID ? toHex(oid.contents) : '', value, wrapped);
    }
  }

  async #bag(type: string, value: DerElement, wrapped: DerElement | undefined): Promise<void> {
    switch (type) {
      case KEY_BAG:
        this.#keys.push((wrapped?.contents ?? value.contents).slice());
        return;
      case SHROUDED_KEY_BAG: {
        const [algorithm, sealed] = inside(value, DerTag.SEQUENCE, 2);
        this.#keys.push(await this.#decrypt(algorithm, octetsIn(sealed)));
        return;
      }
      case CERT_BAG:
        this.#certificates.push(...bagOctets(value, X509_CERTIFICATE));
        return;
      case CRL_BAG:
        this.#crls.push(...bagOctets(value, X509_CRL));
        return;
      default: // secrets and nested bags are of no use here
    }
  }

  async #decrypt(algorithm: DerElement | undefined, sealed: Uint8Array): Promise<Uint8Array> {
    if (++this.#sealed > MOST_SEALED)
      throw new KeyError(`found more than ${MOST_SEALED} encrypted parts`);
    const [oid, parameters] = inside(algorithm, DerTag.SEQUENCE, 2);
    const name = oid?.tag === DerTag.OID ? toHex(oid.contents) : '';
    if (name === PBES2)
      return openPbes2(algorithm?.contents ?? new Uint8Array(0), sealed, this.#passphrase);
    const cipher = LEGACY.get(name);
    if (cipher === undefined)
      throw new KeyError(
        `found a PKCS#12 container encrypted by ${oidName(name)}, expected PBES2: openssl pkcs12 converts it`,
      );
    const [salt, count] = inside(parameters, DerTag.SEQUENCE, 2);
    if (salt?.tag !== OCTET_STRING) throw new KeyError(MALFORMED);
    checkSalt(salt.contents);
    const how = {
      hash: 'sha1',
      passphrase: this.#bmp,
      salt: salt.contents,
      rounds: roundsOf(count),
    } as const;
    const key = await derivePkcs12({ ...how, use: Pkcs12Use.KEY, octets: cipher.keyOctets });
    const iv = await derivePkcs12({ ...how, use: Pkcs12Use.IV, octets: 8 });
    const plain = cipher.open(key, iv, sealed);
    key.fill(0);
    if (plain === undefined) throw new KeyError(MALFORMED);
    return plain;
  }
}

function openTripleDes(
  key: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  try {
    return joined(createDecipheriv('des-ede3-cbc', key, iv), sealed);
  } catch {
    return undefined;
  }
}

const INTEGER = 0x02;
const OCTET_STRING = 0x04;

// Value of a CertBag or CRLBag of this type; other types are left out.
function bagOctets(value: DerElement, type: string): Uint8Array[] {
  const [oid, wrapped] = inside(value, DerTag.SEQUENCE, 2);
  if (oid?.tag !== DerTag.OID || toHex(oid.contents) !== type) return [];
  return [octetsIn(only(wrapped, 0xa0)).slice()];
}

function contentInfo(
  element: DerElement | undefined,
): readonly [type: string, content: DerElement] {
  const [oid, wrapped] = inside(element, DerTag.SEQUENCE, 2);
  if (oid?.tag !== DerTag.OID) throw new KeyError(MALFORMED);
  return [toHex(oid.contents), only(wrapped, 0xa0)];
}

function listIn(octets: Uint8Array): readonly DerElement[] {
  const [list] = derElements(octets, 1) ?? [];
  return inside(list, DerTag.SEQUENCE, MOST_BAGS);
}

function only(element: DerElement | undefined, tag: number): DerElement {
  const [content] = inside(element, tag, 1);
  if (content === undefined) throw new KeyError(MALFORMED);
  return content;
}

function octetsIn(element: DerElement | undefined): Uint8Array {
  if (element?.tag !== OCTET_STRING) throw new KeyError(MALFORMED);
  return element.contents;
}

function inside(element: DerElement | undefined, tag: number, most: number): readonly DerElement[] {
  const parts = element?.tag === tag ? derElements(element.contents, most) : undefined;
  if (parts === undefined) throw new KeyError(MALFORMED);
  return parts;
}

function checkSalt(salt: Uint8Array): void {
  if (salt.length === 0 || salt.length > MOST_SALT_OCTETS) throw new KeyError(MALFORMED);
}

function roundsOf(element: DerElement | undefined): number {
  const contents = element?.tag === INTEGER ? element.contents : new Uint8Array(0);
  if (contents.length === 0 || contents.length > 5 || (contents[0] ?? 0) >= 0x80)
    throw new KeyError(MALFORMED);
  const rounds = contents.reduce((number, octet) => number * 256 + octet, 0);
  if (rounds < 1 || rounds > MOST_ROUNDS)
    throw new KeyError(
      `found a PKCS#12 container with ${rounds} rounds, expected 1 to ${MOST_ROUNDS}`,
    );
  return rounds;
}
