import { derElement } from '../../daemon/proto/der.ts';
import { oidOctets } from '../../daemon/proto/oid.ts';
import { concatBytes, utf8 } from '../../daemon/util/bytes.ts';

/** Octets of DER, written as they are nested: for certificates and CRLs that no tool would make. */
export const der = {
  seq: (...parts: readonly Uint8Array[]): Uint8Array => derElement(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]): Uint8Array => derElement(0x31, ...parts),
  oid: (dotted: string): Uint8Array => derElement(0x06, oidOctets(dotted)),
  int: (...octets: readonly number[]): Uint8Array => derElement(0x02, Uint8Array.from(octets)),
  bool: (value: boolean): Uint8Array => derElement(0x01, Uint8Array.of(value ? 0xff : 0)),
  octets: (contents: Uint8Array): Uint8Array => derElement(0x04, contents),
  bits: (contents: Uint8Array, unused: number = 0): Uint8Array =>
    derElement(0x03, Uint8Array.of(unused), contents),
  null: (): Uint8Array => derElement(0x05),
  text: (tag: number, text: string): Uint8Array => derElement(tag, utf8(text)),
  time: (text: string): Uint8Array => derElement(text.length === 13 ? 0x17 : 0x18, utf8(text)),
  explicit: (number: number, ...parts: readonly Uint8Array[]): Uint8Array =>
    derElement(0xa0 | number, ...parts),
  implicit: (number: number, contents: Uint8Array): Uint8Array =>
    derElement(0x80 | number, contents),
} as const;

/** ecdsa-with-SHA256. */
export const ecdsaSha256: Uint8Array = der.seq(der.oid('1.2.840.10045.4.3.2'));

/** DER of a name whose attributes are common names, or pairs of OID and text. */
export function nameOf(...attributes: readonly (string | readonly [string, string])[]): Uint8Array {
  return der.seq(
    ...attributes.map((attribute) => {
      const [oid, text] = typeof attribute === 'string' ? ['2.5.4.3', attribute] : attribute;
      return der.set(der.seq(der.oid(oid), der.text(0x0c, text)));
    }),
  );
}

/** An Extension. */
export function extension(oid: string, value: Uint8Array, critical: boolean = false): Uint8Array {
  return der.seq(der.oid(oid), ...(critical ? [der.bool(true)] : []), der.octets(value));
}

/** What a built certificate may differ in; DER unless said otherwise. */
export interface CertificateParts {
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly validity?: Uint8Array;
  readonly spki?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  readonly tail?: Uint8Array;
  readonly signature?: Uint8Array;
}

/** A P-256 key of the test vectors of RFC 6979: its private half is public knowledge. */
const p256 = `60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6
  7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299`;
export const p256Spki: Uint8Array = der.seq(
  der.seq(der.oid('1.2.840.10045.2.1'), der.oid('1.2.840.10045.3.1.7')),
  der.bits(
    Uint8Array.from([4, ...(p256.match(/[0-9a-f]{2}/g) ?? []).map((h) => Number(`0x${h}`))]),
  ),
);

/** A certificate with a signature that is none. */
export function buildCertificate(parts: CertificateParts = {}): Uint8Array {
  const inner = parts.innerAlgorithm ?? ecdsaSha256;
  const extensions =
    parts.extensions === undefined ? [] : [der.explicit(3, der.seq(...parts.extensions))];
  const tbs = der.seq(
    parts.version ?? der.explicit(0, der.int(2)),
    parts.serial ?? der.int(1),
    inner,
    parts.issuer ?? nameOf('CA'),
    parts.validity ?? der.seq(der.time('250101000000Z'), der.time('350101000000Z')),
    parts.subject ?? nameOf('moon'),
    parts.spki ?? p256Spki,
    concatBytes(...extensions, parts.tail ?? new Uint8Array()),
  );
  const signature = der.bits(parts.signature ?? Uint8Array.of(1, 2, 3));
  return der.seq(tbs, parts.outerAlgorithm ?? inner, signature);
}

/** What a built CRL may differ in; DER unless said otherwise. */
export interface CrlParts {
  readonly version?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly thisUpdate?: Uint8Array;
  readonly nextUpdate?: Uint8Array | undefined;
  readonly entries?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
}

/** A CRL with a signature that is none. */
export function buildCrl(parts: CrlParts = {}): Uint8Array {
  const nextUpdate = 'nextUpdate' in parts ? parts.nextUpdate : der.time('350101000000Z');
  const tbs = der.seq(
    parts.version ?? der.int(1),
    ecdsaSha256,
    parts.issuer ?? nameOf('CA'),
    parts.thisUpdate ?? der.time('250101000000Z'),
    nextUpdate ?? new Uint8Array(),
    parts.entries === undefined ? new Uint8Array() : der.seq(...parts.entries),
    parts.extensions === undefined
      ? new Uint8Array()
      : der.explicit(0, der.seq(...parts.extensions)),
  );
  return der.seq(tbs, parts.outerAlgorithm ?? ecdsaSha256, der.bits(Uint8Array.of(1)));
}

/** An entry of a CRL. */
export function crlEntry(
  serial: readonly number[],
  extensions: readonly Uint8Array[] = [],
  date: string = '250601000000Z',
): Uint8Array {
  const list = extensions.length === 0 ? [] : [der.seq(...extensions)];
  return der.seq(der.int(...serial), der.time(date), ...list);
}

/** The extension of an entry that says why. */
export function crlReason(reason: number): Uint8Array {
  return extension('2.5.29.21', derElement(0x0a, Uint8Array.of(reason)));
}
