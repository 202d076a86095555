import { oidText } from '../../proto/oid.ts';
import { equalBytes } from '../../util/bytes.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { type DerLimits, guardDer } from './der-guard.ts';
import { context, DerReader, Tag } from './der-reader.ts';

const FIELD = 'pkcs7';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const MAX_OBJECTS = 1000;

/** The bundle of all CAs of the world has 200 certificates. */
const limits: DerLimits = { octets: 4 * 1024 * 1024, elements: 400_000, depth: 14 };

/** What follows the outer header: the OBJECT IDENTIFIER of signed data. */
const signedDataOid = Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2);

/** Whether octets look like a bundle, for telling what a file is. */
export function isPkcs7(der: Uint8Array): boolean {
  const length = der[1] ?? 0;
  const at = 2 + (length < 0x80 ? 0 : length & 0x7f);
  return der[0] === Tag.SEQUENCE && equalBytes(der.subarray(at, at + 11), signedDataOid);
}

/** What a bundle carries, DER each, still to be decoded. */
export interface Pkcs7Bundle {
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
}

/**
 * Certificates and CRLs of a CMS SignedData (RFC 5652 section 5) or PKCS#7 file, the form in which CAs hand out chains. Whether and
 * by whom it is signed is of no interest. Never throws.
 */
export function openPkcs7(der: Uint8Array): Decoded<Pkcs7Bundle> {
  return decoding(FIELD, () => {
    guardDer(der, FIELD, limits);
    const info = new DerReader(new Uint8Array(der), FIELD).enter(Tag.SEQUENCE, 'contentInfo');
    const type = oidText(info.take(Tag.OID, 'contentType').contents);
    if (type !== SIGNED_DATA)
      throw new X509Error(`${FIELD}.contentType`, `${type}, expected signed data`);
    const wrapped = info.enter(context(0), 'content');
    info.end();
    const data = wrapped.enter(Tag.SEQUENCE, 'signedData');
    wrapped.end();
    data.take(Tag.INTEGER, 'version');
    data.take(Tag.SET, 'digestAlgorithms');
    data.take(Tag.SEQUENCE, 'encapContentInfo');
    const certificates = objectsIn(data.optional(context(0), 'certificates')?.contents);
    const crls = objectsIn(data.optional(context(1), 'crls')?.contents);
    data.take(Tag.SET, 'signerInfos');
    data.end();
    return { certificates, crls };
  });
}

// Other choices than certificates and CRLs have tags of their own and are left out.
function objectsIn(contents: Uint8Array | undefined): Uint8Array[] {
  if (contents === undefined) return [];
  const reader = new DerReader(contents, FIELD);
  const found: Uint8Array[] = [];
  while (!reader.done) {
    const { tag, der } = reader.any('object');
    if (tag !== Tag.SEQUENCE) continue;
    if (found.length === MAX_OBJECTS)
      throw new X509Error(FIELD, `more than ${MAX_OBJECTS} objects`);
    found.push(der);
  }
  return found;
}
