import type { Certificate } from './certificate.ts';
import { certificateExtensions, emptyDraft } from './certificate-extensions.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { context, DerReader, implicit, Tag } from './der-reader.ts';
import { decodeExtensions, extensionsOf } from './extensions.ts';
import { certificateIdentities } from './identities.ts';
import { nameKey } from './names.ts';
import { serialOctets, smallInteger } from './primitives.ts';
import { sameAlgorithm, signedObject, signedParts } from './signed.ts';
import { timeOf } from './times.ts';
import type { DecodeTools } from './tools.ts';

const FIELD = 'certificate';

/**
 * Decodes an X.509 certificate of RFC 5280, at most 64 KiB of strict DER, into a value or a problem; it never throws and
 * verifies nothing. `der` is copied. Costs some hundred microseconds: what is met again is kept by the caller, by fingerprint.
 */
export function decodeCertificate(der: Uint8Array, tools: DecodeTools): Decoded<Certificate> {
  return decoding(FIELD, () => {
    guardDer(der, FIELD, objectLimits);
    return certificateOf(new Uint8Array(der), tools);
  });
}

function certificateOf(der: Uint8Array, tools: DecodeTools): Certificate {
  const parts = signedParts(der, FIELD, 'tbsCertificate');
  parts.rest.end();
  const tbs = new DerReader(parts.contents, FIELD);
  const version = versionOf(tbs.optional(context(0), 'version')?.contents);
  const serial = serialOctets(
    tbs.take(Tag.INTEGER, 'serialNumber').contents,
    `${FIELD}.serialNumber`,
  );
  sameAlgorithm(tbs.take(Tag.SEQUENCE, 'signature').der, parts.algorithm, FIELD);
  const issuer = tbs.take(Tag.SEQUENCE, 'issuer').der;
  const validity = tbs.enter(Tag.SEQUENCE, 'validity');
  const notBefore = timeOf(validity.any('notBefore'), `${FIELD}.validity.notBefore`);
  const notAfter = timeOf(validity.any('notAfter'), `${FIELD}.validity.notAfter`);
  validity.end();
  const subject = tbs.take(Tag.SEQUENCE, 'subject').der;
  const publicKey = tools.publicKey(tbs.take(Tag.SEQUENCE, 'subjectPublicKeyInfo').der);
  const uniqueIds = [
    tbs.optional(implicit(1), 'issuerUniqueID'),
    tbs.optional(implicit(2), 'subjectUniqueID'),
  ];
  if (version < 2 && uniqueIds.some((id) => id !== undefined))
    throw new X509Error(`${FIELD}.uniqueIdentifier`, 'present in version 1');
  const { extensions, unknownCritical } = extensionsIn(tbs, version);
  tbs.end();
  const identities = certificateIdentities({ subject, publicKey, ...extensions });
  return {
    ...signedObject(der, parts, tools),
    kind: 'x509',
    serial,
    issuer,
    subject,
    issuerKey: nameKey(issuer, `${FIELD}.issuer`),
    subjectKey: nameKey(subject, `${FIELD}.subject`),
    notBefore,
    notAfter,
    publicKey,
    ...extensions,
    unknownCritical,
    identities,
  };
}

// 1 to 3; the number on the wire is one less, and 1 is not encoded.
function versionOf(contents: Uint8Array | undefined): number {
  if (contents === undefined) return 1;
  const field = `${FIELD}.version`;
  const reader = new DerReader(contents, field);
  const version = smallInteger(reader.take(Tag.INTEGER, 'value').contents, field) + 1;
  reader.end();
  if (version !== 2 && version !== 3) throw new X509Error(field, `${version}, expected 2 or 3`);
  return version;
}

function extensionsIn(
  tbs: DerReader,
  version: number,
): { extensions: ReturnType<typeof emptyDraft>; unknownCritical: readonly string[] } {
  const draft = emptyDraft();
  const wrapped = tbs.optional(context(3), 'extensions');
  if (wrapped === undefined) return { extensions: draft, unknownCritical: [] };
  const field = `${FIELD}.extensions`;
  if (version !== 3) throw new X509Error(field, `present in version ${version}`);
  const reader = new DerReader(wrapped.contents, field);
  const list = extensionsOf(reader.take(Tag.SEQUENCE, 'list').contents, field);
  reader.end();
  const unknownCritical = decodeExtensions(list, certificateExtensions, draft, field);
  return { extensions: draft, unknownCritical };
}
