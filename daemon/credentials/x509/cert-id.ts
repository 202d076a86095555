import type { Crypto } from '../../contracts/crypto.ts';
import { derElement } from '../../proto/der.ts';
import { oidOctets } from '../../proto/oid.ts';
import { equalBytes } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import type { Certificate, OcspCertId } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { DerReader, Tag } from './der-reader.ts';
import { serialOctets, wholeBits } from './primitives.ts';

type CertIdHash = OcspCertId['hash'];

const hashOids: Readonly<Record<CertIdHash, Uint8Array>> = {
  sha1: oidOctets('1.3.14.3.2.26'),
  sha256: oidOctets('2.16.840.1.101.3.4.2.1'),
  sha384: oidOctets('2.16.840.1.101.3.4.2.2'),
  sha512: oidOctets('2.16.840.1.101.3.4.2.3'),
};

const hashNames: ReadonlyMap<string, CertIdHash> = new Map([
  [toHex(hashOids.sha1), 'sha1'],
  [toHex(hashOids.sha256), 'sha256'],
  [toHex(hashOids.sha384), 'sha384'],
  [toHex(hashOids.sha512), 'sha512'],
]);

const NULL = derElement(Tag.NULL);

/** The hash with this object identifier (contents), if it is one of those used here. */
export function hashOfOid(oid: Uint8Array): CertIdHash | undefined {
  return hashNames.get(toHex(oid));
}

/** The CertID of a certificate and its issuer, RFC 6960 section 4.1.1; `undefined` if the issuer's key is of no known kind. */
export function certIdOf(
  certificate: Pick<Certificate, 'issuer' | 'serial'>,
  issuer: Pick<Certificate, 'publicKey'>,
  hash: CertIdHash,
  crypto: Pick<Crypto, 'hash'>,
): OcspCertId | undefined {
  if (issuer.publicKey === undefined) return undefined;
  return {
    hash,
    issuerNameHash: crypto.hash(hash, certificate.issuer),
    issuerKeyHash: crypto.hash(hash, subjectPublicKey(issuer.publicKey.spki)),
    serial: certificate.serial,
  };
}

/** Whether two CertIDs name the same certificate. */
export function sameCertId(a: OcspCertId, b: OcspCertId): boolean {
  return (
    a.hash === b.hash &&
    equalBytes(a.serial, b.serial) &&
    equalBytes(a.issuerNameHash, b.issuerNameHash) &&
    equalBytes(a.issuerKeyHash, b.issuerKeyHash)
  );
}

/** Octets of the subjectPublicKey of a SubjectPublicKeyInfo whose DER was checked. */
export function subjectPublicKey(spki: Uint8Array): Uint8Array {
  const reader = new DerReader(spki, 'subjectPublicKeyInfo').enter(Tag.SEQUENCE, 'value');
  reader.take(Tag.SEQUENCE, 'algorithm');
  return wholeBits(reader.take(Tag.BIT_STRING, 'subjectPublicKey').contents, 'subjectPublicKey');
}

/** DER of a CertID. */
export function encodeCertId(id: OcspCertId): Uint8Array {
  return derElement(
    Tag.SEQUENCE,
    derElement(Tag.SEQUENCE, derElement(Tag.OID, hashOids[id.hash]), NULL),
    derElement(Tag.OCTET_STRING, id.issuerNameHash),
    derElement(Tag.OCTET_STRING, id.issuerKeyHash),
    derElement(Tag.INTEGER, id.serial),
  );
}

/** The CertID in a reader; `undefined` if its hash is one that we do not use. */
export function certIdIn(reader: DerReader, field: string): OcspCertId | undefined {
  const algorithm = reader.enter(Tag.SEQUENCE, 'hashAlgorithm');
  const oid = algorithm.take(Tag.OID, 'algorithm').contents;
  const parameters = algorithm.optional(Tag.NULL, 'parameters');
  const hash = hashOfOid(oid);
  if (hash !== undefined || parameters !== undefined) algorithm.end();
  const issuerNameHash = reader.take(Tag.OCTET_STRING, 'issuerNameHash').contents;
  const issuerKeyHash = reader.take(Tag.OCTET_STRING, 'issuerKeyHash').contents;
  const serial = serialOctets(reader.take(Tag.INTEGER, 'serialNumber').contents, field);
  reader.end();
  if (hash === undefined) return undefined;
  const octets = hashLengths[hash];
  if (issuerNameHash.length !== octets || issuerKeyHash.length !== octets)
    throw new X509Error(field, `hashes that are not ${octets} octets long`);
  return { hash, issuerNameHash, issuerKeyHash, serial };
}

const hashLengths: Readonly<Record<CertIdHash, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};
