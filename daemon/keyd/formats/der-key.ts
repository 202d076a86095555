import { type DerElement, DerTag, derElements } from '../../proto/der.ts';
import { toHex } from '../../util/hex.ts';
import { KeyError } from '../key-error.ts';

/** What a DER structure is, by its outermost elements. All octets are views. */
export type DerKey =
  | { readonly kind: 'rsa'; readonly pkcs1: Uint8Array }
  | { readonly kind: 'ec'; readonly curveOid: string | undefined; readonly sec1: Uint8Array }
  | {
      readonly kind: 'pkcs8';
      readonly algorithm: string;
      /** Only an object identifier: the curve. */
      readonly parameters: DerElement | undefined;
      readonly key: Uint8Array;
      /** Of version 2, RFC 5958. */
      readonly publicKey: Uint8Array | undefined;
    }
  | { readonly kind: 'encrypted'; readonly algorithm: Uint8Array; readonly sealed: Uint8Array };

/** Reads the outermost layer of PKCS#1, SEC1, PKCS#8 and encrypted PKCS#8. Throws {@link KeyError} for anything else, naming it if it is known. */
export function readDerKey(der: Uint8Array): DerKey {
  const [outer, ...more] = derElements(der, 2) ?? [];
  if (outer?.tag !== DerTag.SEQUENCE || more.length > 0) {
    throw new KeyError(
      `found ${der.length} octets that are neither PEM nor one DER structure, expected ${EXPECTED}`,
    );
  }
  const parts = derElements(outer.contents, 16);
  if (parts === undefined) throw new KeyError(`found malformed DER, expected ${EXPECTED}`);
  const shape = parts.map(({ tag }) => toHex(Uint8Array.of(tag))).join(' ');
  const [first, second, third] = parts;
  if (shape === '02 02 02 02 02 02 02 02 02') return { kind: 'rsa', pkcs1: der };
  if (/^02 04(?: a0)?(?: a1)?$/.test(shape) && number(first) === 1) {
    return { kind: 'ec', curveOid: curveOf(parts), sec1: der };
  }
  if (/^02 30 04(?: a0)?(?: 81)?$/.test(shape) && second !== undefined && third !== undefined) {
    return pkcs8(parts, second, third);
  }
  if (shape === '30 04' && first !== undefined && second !== undefined) {
    return { kind: 'encrypted', algorithm: first.contents, sealed: second.contents };
  }
  throw new KeyError(`found ${strangerName(shape)}, expected ${EXPECTED}`);
}

const EXPECTED = 'a private key as PKCS#1, PKCS#8 or SEC1';

function pkcs8(parts: readonly DerElement[], info: DerElement, key: DerElement): DerKey {
  const [oid, parameters, ...more] = derElements(info.contents, 3) ?? [];
  if (oid?.tag !== DerTag.OID || more.length > 0)
    throw new KeyError('found PKCS#8 with a malformed algorithm identifier');
  const publicPart = parts.find(({ tag }) => tag === 0x81);
  const version = number(parts[0]);
  if (version !== (publicPart === undefined ? version : 1) || (version !== 0 && version !== 1))
    throw new KeyError(`found PKCS#8 of version ${version ?? 'unknown'}, expected 0 or 1`);
  return {
    kind: 'pkcs8',
    algorithm: toHex(oid.contents),
    parameters,
    key: key.contents,
    // BIT STRING without unused bits
    publicKey: publicPart?.contents.subarray(1),
  };
}

/** The curve that a SEC1 structure names itself, DER contents in hexadecimal. */
function curveOf(parts: readonly DerElement[]): string | undefined {
  const tagged = parts.find(({ tag }) => tag === 0xa0);
  if (tagged === undefined) return undefined;
  const [oid, ...more] = derElements(tagged.contents, 2) ?? [];
  if (oid?.tag !== DerTag.OID || more.length > 0)
    throw new KeyError('found an EC key whose curve is spelled out, expected a named curve');
  return toHex(oid.contents);
}

function number(element: DerElement | undefined): number | undefined {
  return element?.tag === 0x02 && element.contents.length === 1 ? element.contents[0] : undefined;
}

function strangerName(shape: string): string {
  if (/^02 02 02 02 02 02 02 02 02 30$/.test(shape)) return 'an RSA key of more than two primes';
  if (shape === '02 02 02 02 02 02') return 'a DSA key';
  if (shape === '30 03') return 'a public key';
  if (shape === '02 02') return 'a public key';
  if (shape === '30 30 03') return 'a certificate, CRL or request';
  if (/^02 30(?: 30)?$/.test(shape)) return 'a PKCS#12 container';
  return 'an unknown DER structure';
}
