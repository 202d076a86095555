import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { PublicKey, SignatureScheme } from '../../daemon/contracts/signatures.ts';
import type { Certificate, Crl } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../daemon/credentials/x509/decode-crl.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { buildCertificate, der, extension, nameOf } from './build-x509.ts';
import { decodeTools } from './decode-tools.ts';

// Certificates, CRLs and OCSP responses that are really signed, and wrong in one respect each.

/** Verifies what is made here. */
export const pkiVerifier: NodeSignatureVerifier = new NodeSignatureVerifier();
/** Decodes what is made here. */
export const pkiTools = {
  ...decodeTools,
  publicKey: (spki: Uint8Array) => pkiVerifier.publicKey(spki),
};

const ED25519 = der.seq(der.oid('1.3.101.112'));
const SHA1 = der.seq(der.oid('1.3.14.3.2.26'));

/** Verifies a signature of Ed25519 within the call, so that virtual time stands still meanwhile. */
export async function verifyAtOnce(
  key: PublicKey,
  _scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const imported = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  return verify(null, message, imported, signature);
}

/** A key pair of Ed25519. */
export interface TestKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  /** SHA-1 of the key's bits. */
  readonly keyId: Uint8Array;
}

export function newKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
  return { privateKey, spki, keyId: sha1(spki.subarray(-32)) };
}

export function sha1(octets: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha1').update(octets).digest());
}

/** GeneralizedTime. */
export function timeOf(millis: number): Uint8Array {
  return der.time(`${new Date(millis).toISOString().replace(/[-:T]|\.\d+/g, '')}`);
}

/** INTEGER of a serial number or the like. */
export function integer(value: number): Uint8Array {
  const octets = [value & 0xff];
  for (let rest = value >>> 8; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  if ((octets[0] ?? 0) >= 0x80) octets.unshift(0);
  return der.int(...octets);
}

/** A signed structure of three parts. */
export function signed(tbs: Uint8Array, key: TestKey): Uint8Array {
  return der.seq(tbs, ED25519, der.bits(Uint8Array.from(sign(null, tbs, key.privateKey))));
}

const HOUR = 3_600_000;
const uriName = (uri: string): Uint8Array => der.implicit(6, utf8(uri));
const fullName = (...names: readonly Uint8Array[]): Uint8Array =>
  der.explicit(0, der.explicit(0, ...names));

/** Extensions, by what tests want to say. */
export const ext = {
  ca: (): Uint8Array => extension('2.5.29.19', der.seq(der.bool(true)), true),
  /** Bits of keyUsage: 0 is digitalSignature, 5 keyCertSign, 6 cRLSign. */
  keyUsage: (...bits: readonly number[]): Uint8Array => {
    const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
    const unused = Math.max(0, 7 - Math.max(...bits));
    return extension('2.5.29.15', der.bits(Uint8Array.of(octet), unused), true);
  },
  ocspSigning: (): Uint8Array => extension('2.5.29.37', der.seq(der.oid('1.3.6.1.5.5.7.3.9'))),
  noCheck: (): Uint8Array => extension('1.3.6.1.5.5.7.48.1.5', der.null()),
  /** Distribution points with a URI each. */
  crls: (...uris: readonly string[]): Uint8Array =>
    extension('2.5.29.31', der.seq(...uris.map((uri) => der.seq(fullName(uriName(uri)))))),
  /** One distribution point, whatever it is. */
  point: (...parts: readonly Uint8Array[]): Uint8Array =>
    extension('2.5.29.31', der.seq(der.seq(...parts))),
  points: (...points: readonly Uint8Array[]): Uint8Array =>
    extension('2.5.29.31', der.seq(...points.map((point) => der.seq(point)))),
  freshest: (uri: string): Uint8Array =>
    extension('2.5.29.46', der.seq(der.seq(fullName(uriName(uri))))),
  ocsp: (...uris: readonly string[]): Uint8Array =>
    extension(
      '1.3.6.1.5.5.7.1.1',
      der.seq(...uris.map((uri) => der.seq(der.oid('1.3.6.1.5.5.7.48.1'), uriName(uri)))),
    ),
  keyId: (key: TestKey): Uint8Array => extension('2.5.29.14', der.octets(key.keyId)),
  authority: (keyId: Uint8Array): Uint8Array =>
    extension('2.5.29.35', der.seq(der.implicit(0, keyId))),
  crlNumber: (number: number): Uint8Array => extension('2.5.29.20', integer(number)),
  delta: (base: number): Uint8Array => extension('2.5.29.27', integer(base), true),
  /** An issuing distribution point of these parts. */
  scope: (...parts: readonly Uint8Array[]): Uint8Array =>
    extension('2.5.29.28', der.seq(...parts), true),
  unknownCritical: (): Uint8Array => extension('1.2.3.4.5', der.null(), true),
} as const;

/** Parts of issuing distribution points and of distribution points. */
export const part = {
  uri: (...uris: readonly string[]): Uint8Array => fullName(...uris.map(uriName)),
  name: (name: Uint8Array): Uint8Array => fullName(der.explicit(4, name)),
  onlyUser: (): Uint8Array => der.implicit(1, Uint8Array.of(0xff)),
  onlyCa: (): Uint8Array => der.implicit(2, Uint8Array.of(0xff)),
  onlyAttribute: (): Uint8Array => der.implicit(5, Uint8Array.of(0xff)),
  indirect: (): Uint8Array => der.implicit(4, Uint8Array.of(0xff)),
  /** Bits of ReasonFlags: 1 is keyCompromise. In a distribution point they are part 1, in an issuing one part 3. */
  reasons: (number: 1 | 3, ...octets: readonly number[]): Uint8Array =>
    der.implicit(number, Uint8Array.from(octets)),
  crlIssuer: (name: Uint8Array): Uint8Array => der.explicit(2, der.explicit(4, name)),
} as const;

/** One entry of a CRL to be made. */
export interface TestEntry {
  readonly serial: number;
  readonly at?: number;
  /** Number of the reason, RFC 5280 section 5.3.1. */
  readonly reason?: number;
  /** Name of the certificate's issuer, in indirect CRLs. */
  readonly issuer?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

/** What a CRL to be made may say. */
export interface TestCrl {
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly entries?: readonly TestEntry[];
  readonly extensions?: readonly Uint8Array[];
}

/** One answer of an OCSP response to be made. */
export interface TestAnswer {
  readonly serial: number;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  /** Instead of the CA whose responder it is. */
  readonly ca?: TestAuthority;
}

/** What an OCSP response to be made may say. */
export interface TestResponse {
  readonly producedAt: number;
  readonly answers: readonly TestAnswer[];
  readonly nonce?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

/** A certificate with its key. */
export class TestHolder {
  readonly key: TestKey;
  readonly certificate: Certificate;

  constructor(key: TestKey, certificate: Certificate) {
    this.key = key;
    this.certificate = certificate;
  }

  /** An OCSP response signed by this one about certificates of a CA; `named` is how it names itself. */
  respond(
    ca: TestAuthority,
    response: TestResponse,
    certificates: readonly TestHolder[] = [],
    named: 'key' | 'name' = 'key',
  ): Uint8Array {
    const responder =
      named === 'key'
        ? der.explicit(2, der.octets(this.key.keyId))
        : der.explicit(1, this.certificate.subject);
    const extensions = [
      ...(response.nonce === undefined
        ? []
        : [extension('1.3.6.1.5.5.7.48.1.2', der.octets(response.nonce))]),
      ...(response.extensions ?? []),
    ];
    const data = der.seq(
      responder,
      timeOf(response.producedAt),
      der.seq(...response.answers.map((answer) => single(answer, answer.ca ?? ca))),
      ...(extensions.length === 0 ? [] : [der.explicit(1, der.seq(...extensions))]),
    );
    const signature = der.bits(Uint8Array.from(sign(null, data, this.key.privateKey)));
    const chain = certificates.map(({ certificate }) => certificate.der);
    const basic = der.seq(
      data,
      ED25519,
      signature,
      ...(chain.length === 0 ? [] : [der.explicit(0, der.seq(...chain))]),
    );
    return der.seq(
      Uint8Array.of(0x0a, 1, 0),
      der.explicit(0, der.seq(der.oid('1.3.6.1.5.5.7.48.1.1'), der.octets(basic))),
    );
  }
}

/** A CA of Ed25519: it issues certificates and CRLs. */
export class TestAuthority extends TestHolder {
  /** A self-signed one. */
  static root(name: string, now: number, extensions: readonly Uint8Array[] = []): TestAuthority {
    const key = newKey();
    const subject = nameOf(name);
    const made = certificateOf({ subject, issuer: subject, key, signer: key, serial: 1, now }, [
      ext.ca(),
      ext.keyUsage(5, 6),
      ext.keyId(key),
      ...extensions,
    ]);
    return new TestAuthority(key, made);
  }

  /** Another CA below this one; these extensions replace the usual ones. */
  authority(
    name: string,
    serial: number,
    now: number,
    extensions?: readonly Uint8Array[],
    key: TestKey = newKey(),
  ): TestAuthority {
    const usual = [ext.ca(), ext.keyUsage(5, 6), ext.keyId(key)];
    return new TestAuthority(key, this.#issue(name, serial, now, key, extensions ?? usual));
  }

  /** An end entity. */
  issue(
    name: string,
    serial: number,
    now: number,
    extensions: readonly Uint8Array[] = [],
  ): TestHolder {
    const key = newKey();
    return new TestHolder(key, this.#issue(name, serial, now, key, extensions));
  }

  #issue(
    name: string,
    serial: number,
    now: number,
    key: TestKey,
    extensions: readonly Uint8Array[],
  ): Certificate {
    const names = { subject: nameOf(name), issuer: this.certificate.subject };
    return certificateOf({ ...names, key, signer: this.key, serial, now }, extensions);
  }

  /** DER of a CRL; `signer` may sign instead. */
  crlDer(crl: TestCrl, signer: TestKey = this.key): Uint8Array {
    const entries = (crl.entries ?? []).map(entryOf);
    const tbs = der.seq(
      der.int(1),
      ED25519,
      this.certificate.subject,
      timeOf(crl.thisUpdate),
      ...(crl.nextUpdate === undefined ? [] : [timeOf(crl.nextUpdate)]),
      ...(entries.length === 0 ? [] : [der.seq(...entries)]),
      der.explicit(0, der.seq(...(crl.extensions ?? [ext.crlNumber(1)]))),
    );
    return signed(tbs, signer);
  }

  crl(crl: TestCrl, signer: TestKey = this.key): Crl {
    const decoded = decodeCrl(this.crlDer(crl, signer), pkiTools);
    if (!decoded.ok) throw new Error(`${decoded.problem.field}: ${decoded.problem.found}`);
    return decoded.value;
  }
}

interface ToBeSigned {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly key: TestKey;
  readonly signer: TestKey;
  readonly serial: number;
  readonly now: number;
}

function certificateOf(parts: ToBeSigned, extensions: readonly Uint8Array[]): Certificate {
  const { subject, issuer, key, signer, serial, now } = parts;
  const unsigned = buildCertificate({
    subject,
    issuer,
    spki: key.spki,
    serial: integer(serial),
    innerAlgorithm: ED25519,
    validity: der.seq(timeOf(now - 24 * HOUR), timeOf(now + 365 * 24 * HOUR)),
    ...(extensions.length === 0 ? {} : { extensions }),
  });
  const tbs = firstElement(unsigned);
  const decoded = decodeCertificate(signed(tbs, signer), pkiTools);
  if (!decoded.ok) throw new Error(`${decoded.problem.field}: ${decoded.problem.found}`);
  return decoded.value;
}

/** The first element inside of a SEQUENCE. */
function firstElement(sequence: Uint8Array): Uint8Array {
  const outer = headerLength(sequence);
  const inner = sequence.subarray(outer);
  return inner.subarray(0, headerLength(inner) + contentLength(inner));
}

function headerLength(element: Uint8Array): number {
  const first = element[1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function contentLength(element: Uint8Array): number {
  const first = element[1] ?? 0;
  if (first < 0x80) return first;
  return element.subarray(2, 2 + (first & 0x7f)).reduce((sum, octet) => sum * 256 + octet, 0);
}

function entryOf({ serial, at = 0, reason, issuer, extensions = [] }: TestEntry): Uint8Array {
  const all = [
    ...(reason === undefined ? [] : [extension('2.5.29.21', Uint8Array.of(0x0a, 1, reason))]),
    ...(issuer === undefined
      ? []
      : [extension('2.5.29.29', der.seq(der.explicit(4, issuer)), true)]),
    ...extensions,
  ];
  return der.seq(integer(serial), timeOf(at), ...(all.length === 0 ? [] : [der.seq(...all)]));
}

function single(answer: TestAnswer, ca: TestAuthority): Uint8Array {
  const status = {
    good: der.implicit(0, new Uint8Array(0)),
    revoked: der.explicit(1, timeOf(answer.thisUpdate - HOUR)),
    unknown: der.implicit(2, new Uint8Array(0)),
  }[answer.status];
  const certId = der.seq(
    SHA1,
    der.octets(sha1(ca.certificate.subject)),
    der.octets(ca.key.keyId),
    integer(answer.serial),
  );
  return der.seq(
    certId,
    status,
    timeOf(answer.thisUpdate),
    ...(answer.nextUpdate === undefined ? [] : [der.explicit(0, timeOf(answer.nextUpdate))]),
  );
}
