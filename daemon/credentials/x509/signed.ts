import { schemeOfSignedObject } from '../../crypto/signature-algorithms.ts';
import { equalBytes } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import type { SignedObject } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { DerReader, Tag } from './der-reader.ts';
import { wholeBits } from './primitives.ts';
import type { DecodeTools } from './tools.ts';

/** The three parts that certificates, CRLs, attribute certificates and OCSP responses consist of. */
export interface SignedParts {
  /** DER of what is signed. */
  readonly tbs: Uint8Array;
  /** Its contents. */
  readonly contents: Uint8Array;
  /** DER of the AlgorithmIdentifier outside. */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** What follows the signature, in an OCSP response. */
  readonly rest: DerReader;
}

/** Takes a signed structure apart: its first three elements, and a reader of what follows. */
export function signedParts(der: Uint8Array, field: string, name: string): SignedParts {
  const outer = new DerReader(der, field);
  const rest = outer.enter(Tag.SEQUENCE, 'signed');
  outer.end();
  const tbs = rest.take(Tag.SEQUENCE, name);
  const algorithm = rest.take(Tag.SEQUENCE, 'signatureAlgorithm').der;
  const bits = rest.take(Tag.BIT_STRING, 'signature').contents;
  const signature = wholeBits(bits, `${field}.signature`);
  return { tbs: tbs.der, contents: tbs.contents, algorithm, signature, rest };
}

/**
 * The algorithm inside is that outside, octet by octet: otherwise one signed object would have endless variants with one
 * signature (RFC 5280 section 4.1.1.2).
 */
export function sameAlgorithm(inner: Uint8Array, outer: Uint8Array, field: string): void {
  if (!equalBytes(inner, outer))
    throw new X509Error(`${field}.signatureAlgorithm`, 'another than the one that is signed');
}

/** What all signed objects have. */
export function signedObject(
  der: Uint8Array,
  parts: SignedParts,
  tools: DecodeTools,
): SignedObject {
  return {
    der,
    fingerprint: toHex(tools.hash('sha256', der)),
    tbs: parts.tbs,
    scheme: schemeOfSignedObject(parts.algorithm),
    signature: parts.signature,
  };
}
