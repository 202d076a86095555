import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Certificate } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../daemon/credentials/x509/decoded.ts';
import { fromHex } from '../../daemon/util/hex.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { der, extension, nameOf } from './build-x509.ts';
import { decodeTools } from './decode-tools.ts';

// Certificates that are really signed, made in microseconds: whatever a certification authority could issue, or would not.

/** What checks the signatures of these certificates. */
export const testVerifier: NodeSignatureVerifier = new NodeSignatureVerifier();

/** The day on which tests take place. */
export const TEST_TIME: number = Date.UTC(2026, 5, 1);

/** A key pair; Ed25519. */
export interface TestKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

/** A certificate and the key it certifies. */
export interface TestEntity {
  readonly certificate: Certificate;
  readonly key: TestKey;
}

/** What a certificate says; a CA may issue others if it is one. */
export interface TestCertificate {
  /** A common name, or DER. */
  readonly subject: string | Uint8Array;
  /** Absent for self-signed ones. */
  readonly issuer?: TestEntity;
  /** The key it certifies, a new one if absent. */
  readonly key?: TestKey;
  readonly ca?: boolean | { readonly pathLength: number };
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** GeneralNames. */
  readonly names?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  /** Signs with this key instead of the issuer's. */
  readonly forgedBy?: TestKey;
}

let serial = 1;

export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, spki: Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })) };
}

/** Issues a certificate; one that cannot be decoded is an error of the test. */
export function issue(wanted: TestCertificate): TestEntity {
  const key = wanted.key ?? testKey();
  const encoded = encode(wanted, key);
  const decoded = decodeCertificate(encoded, {
    ...decodeTools,
    publicKey: (spki) => testVerifier.publicKey(spki),
  });
  if (!decoded.ok) throw new Error(problemText(decoded.problem));
  return { certificate: decoded.value, key };
}

const ED25519 = der.seq(der.oid('1.3.101.112'));

function encode(wanted: TestCertificate, key: TestKey): Uint8Array {
  const subject = typeof wanted.subject === 'string' ? nameOf(wanted.subject) : wanted.subject;
  const signer = wanted.forgedBy ?? wanted.issuer?.key ?? key;
  const own = [...extensionsOf(wanted, key), ...(wanted.extensions ?? [])];
  const tbs = der.seq(
    der.explicit(0, der.int(2)),
    der.int(0x40, (serial >>> 16) & 0xff, (serial >>> 8) & 0xff, serial++ & 0xff),
    ED25519,
    wanted.issuer?.certificate.subject ?? subject,
    der.seq(
      timeOf(wanted.notBefore ?? Date.UTC(2025, 0, 1)),
      timeOf(wanted.notAfter ?? Date.UTC(2035, 0, 1)),
    ),
    subject,
    key.spki,
    der.explicit(3, der.seq(...own)),
  );
  return der.seq(tbs, ED25519, der.bits(Uint8Array.from(sign(null, tbs, signer.privateKey))));
}

function extensionsOf({ ca, issuer, names }: TestCertificate, key: TestKey): readonly Uint8Array[] {
  const authority = issuer === undefined ? keyIdOf(key) : keyIdOf(issuer.key);
  const all = [
    extension('2.5.29.14', der.octets(keyIdOf(key))),
    extension('2.5.29.35', der.seq(der.implicit(0, authority))),
  ];
  if (ca !== undefined && ca !== false) {
    const length = ca === true ? [] : [der.int(ca.pathLength)];
    all.push(extension('2.5.29.19', der.seq(der.bool(true), ...length), true));
    // keyCertSign, cRLSign
    all.push(extension('2.5.29.15', der.bits(Uint8Array.of(0x06), 1), true));
  }
  if (names !== undefined && names.length > 0) all.push(extension('2.5.29.17', der.seq(...names)));
  return all;
}

// Any twenty octets will do that belong to the key.
function keyIdOf({ spki }: TestKey): Uint8Array {
  return spki.subarray(-20);
}

function timeOf(milliseconds: number): Uint8Array {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der.time(text.startsWith('20') && Number(text.slice(2, 4)) < 50 ? text.slice(2) : text);
}

/** GeneralNames, RFC 5280 section 4.2.1.6. */
export const generalName = {
  email: (text: string): Uint8Array => der.text(0x81, text),
  dns: (text: string): Uint8Array => der.text(0x82, text),
  uri: (text: string): Uint8Array => der.text(0x86, text),
  /** Hex, with the mask in constraints. */
  ip: (hex: string): Uint8Array => der.implicit(7, fromHex(hex) ?? new Uint8Array()),
  directory: (name: Uint8Array): Uint8Array => der.explicit(4, name),
  registeredId: (): Uint8Array => der.implicit(8, Uint8Array.of(0x2a, 3, 4)),
} as const;

/** Extensions of CAs. */
export const caExtension = {
  nameConstraints: (
    permitted: readonly Uint8Array[],
    excluded: readonly Uint8Array[] = [],
  ): Uint8Array =>
    extension(
      '2.5.29.30',
      der.seq(
        ...(permitted.length === 0
          ? []
          : [der.explicit(0, ...permitted.map((one) => der.seq(one)))]),
        ...(excluded.length === 0 ? [] : [der.explicit(1, ...excluded.map((one) => der.seq(one)))]),
      ),
      true,
    ),
  policies: (...oids: readonly string[]): Uint8Array =>
    extension('2.5.29.32', der.seq(...oids.map((oid) => der.seq(der.oid(oid))))),
  mappings: (...pairs: readonly (readonly [issuer: string, subject: string])[]): Uint8Array =>
    extension(
      '2.5.29.33',
      der.seq(...pairs.map(([issuer, subject]) => der.seq(der.oid(issuer), der.oid(subject)))),
    ),
  /** Prefixes of IPv4 of whole octets, in hex; `inherit` for none of its own. */
  ipv4Blocks: (blocks: readonly string[] | 'inherit'): Uint8Array => {
    const family = der.octets(Uint8Array.of(0, 1));
    const choice =
      blocks === 'inherit'
        ? der.null()
        : der.seq(...blocks.map((hex) => der.bits(fromHex(hex) ?? new Uint8Array())));
    return extension('1.3.6.1.5.5.7.1.7', der.seq(der.seq(family, choice)), true);
  },
} as const;
