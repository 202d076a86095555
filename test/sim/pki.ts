import { type KeyObject, sign } from 'node:crypto';
import { utf8 } from '../../daemon/util/bytes.ts';
import { der, extension, nameOf } from '../support/build-x509.ts';
import { keyPair, type TestKeyKind } from '../support/private-keys.ts';

/** A key pair and its certificate, DER. */
export interface Issued {
  readonly name: string;
  readonly certificate: Uint8Array;
  /** PKCS#8, DER. */
  readonly privateKey: Uint8Array;
  readonly spki: Uint8Array;
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

/** How a certificate differs from the plain one. */
export interface CertificateWishes {
  readonly key?: TestKeyKind;
  /** A pair that exists already. */
  readonly keys?: Issued['keys'];
  /** DNS names. */
  readonly dns?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** It may issue others. */
  readonly ca?: boolean;
  /** OIDs of certificate policies. */
  readonly policies?: readonly string[];
  /** Extensions, DER, besides the usual ones. */
  readonly extensions?: readonly Uint8Array[];
  /** The hash of the issuer's signature; SHA-256. */
  readonly hash?: 'sha256' | 'sha384' | 'sha512';
}

const pairs = new Map<string, Issued['keys']>();

/** Issues certificates for tests; a root signs itself. */
export class TestCa {
  readonly self: Issued;
  readonly #issuer: TestCa | undefined;
  #serial = 1;

  constructor(name: string, wishes: CertificateWishes = {}, issuer?: TestCa) {
    this.#issuer = issuer;
    const keys = wishes.keys ?? pairOf(wishes.key ?? 'p256', name);
    const signer = issuer === undefined ? { name, keys } : issuer.self;
    const serial = issuer === undefined ? 1 : issuer.#next();
    this.self = build(name, keys, { ...wishes, ca: true }, signer, serial);
  }

  /** A CA below this one. */
  ca(name: string, wishes: CertificateWishes = {}): TestCa {
    return new TestCa(name, wishes, this);
  }

  /** A certificate for whoever is no CA. */
  issue(name: string, wishes: CertificateWishes = {}): Issued {
    const keys = wishes.keys ?? pairOf(wishes.key ?? 'p256', `${name}/${this.self.name}`);
    return build(name, keys, wishes, this.self, this.#next());
  }

  /** This CA and those above it, without the root. */
  get intermediates(): readonly Issued[] {
    return this.#issuer === undefined ? [] : [this.self, ...this.#issuer.intermediates];
  }

  get root(): Issued {
    return this.#issuer === undefined ? this.self : this.#issuer.root;
  }

  #next(): number {
    this.#serial += 1;
    return this.#serial;
  }
}

// Making RSA keys takes long: equal wishes get the same pair in one process.
function pairOf(kind: TestKeyKind, name: string): Issued['keys'] {
  const key = `${kind} ${name}`;
  const known = pairs.get(key);
  if (known !== undefined) return known;
  const made = keyPair(kind);
  pairs.set(key, made);
  return made;
}

const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  policies: '2.5.29.32',
} as const;

function build(
  name: string,
  keys: Issued['keys'],
  wishes: CertificateWishes,
  issuer: { readonly name: string; readonly keys: Issued['keys'] },
  serial: number,
): Issued {
  const hash = wishes.hash ?? 'sha256';
  const algorithm = algorithmOf(issuer.keys.privateKey, hash);
  const spki = plain(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const ca = wishes.ca === true;
  const names = (wishes.dns ?? []).map((text) => der.implicit(2, utf8(text)));
  const policies = (wishes.policies ?? []).map((oid) => der.seq(der.oid(oid)));
  const extensions = [
    extension(OID.basicConstraints, ca ? der.seq(der.bool(true)) : der.seq(), true),
    extension(
      OID.keyUsage,
      ca ? der.bits(Uint8Array.of(6), 1) : der.bits(Uint8Array.of(0x80), 7),
      true,
    ),
    ...(names.length > 0 ? [extension(OID.subjectAltName, der.seq(...names))] : []),
    ...(policies.length > 0 ? [extension(OID.policies, der.seq(...policies))] : []),
    ...(wishes.extensions ?? []),
  ];
  const tbs = der.seq(
    der.explicit(0, der.int(2)),
    serialOf(serial),
    algorithm,
    nameOf(issuer.name),
    der.seq(
      der.time(timeText(wishes.notBefore ?? new Date('2020-01-01'))),
      der.time(timeText(wishes.notAfter ?? new Date('2049-01-01'))),
    ),
    nameOf(name),
    spki,
    der.explicit(3, der.seq(...extensions)),
  );
  const digest = issuer.keys.privateKey.asymmetricKeyType?.startsWith('ed') ? null : hash;
  const signature = plain(sign(digest, tbs, issuer.keys.privateKey));
  return {
    name,
    certificate: der.seq(tbs, algorithm, der.bits(signature)),
    privateKey: plain(keys.privateKey.export({ type: 'pkcs8', format: 'der' })),
    spki,
    keys,
  };
}

function serialOf(serial: number): Uint8Array {
  return serial < 0x80 ? der.int(serial) : der.int(serial >>> 8, serial & 0xff);
}

function timeText(date: Date): string {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return `${date.getUTCFullYear() < 2050 ? digits.slice(2) : digits}Z`;
}

function algorithmOf(key: KeyObject, hash: 'sha256' | 'sha384' | 'sha512'): Uint8Array {
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      const last = { sha256: 11, sha384: 12, sha512: 13 }[hash];
      return der.seq(der.oid(`1.2.840.113549.1.1.${last}`), der.null());
    }
    case 'ec': {
      const last = { sha256: 2, sha384: 3, sha512: 4 }[hash];
      return der.seq(der.oid(`1.2.840.10045.4.3.${last}`));
    }
    case 'ed25519':
      return der.seq(der.oid('1.3.101.112'));
    case 'ed448':
      return der.seq(der.oid('1.3.101.113'));
    default:
      throw new TypeError(`a CA cannot have a key of type ${key.asymmetricKeyType}`);
  }
}

function plain(octets: Uint8Array): Uint8Array {
  return Uint8Array.from(octets);
}
