import { oidText } from '../../proto/oid.ts';
import { certIdIn } from './cert-id.ts';
import type { Certificate, OcspResponse, OcspSingleResponse } from './certificate.ts';
import { decodeCertificate } from './decode-certificate.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { context, type DerItem, DerReader, implicit, Tag } from './der-reader.ts';
import { decodeExtensions, extensionsOf } from './extensions.ts';
import { nameKey } from './names.ts';
import { type NonceDraft, nonceExtension } from './ocsp-request.ts';
import { smallInteger } from './primitives.ts';
import { reasonName } from './revoked-entries.ts';
import { signedObject, signedParts } from './signed.ts';
import { timeOf } from './times.ts';
import type { DecodeTools } from './tools.ts';

const FIELD = 'ocspResponse';
const BASIC = '1.3.6.1.5.5.7.48.1.1';
const MAX_RESPONSES = 64;
const MAX_CERTIFICATES = 8;

/** OCSPResponseStatus, RFC 6960 section 4.2.1. */
const statuses = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  'an unassigned status',
  'sigRequired',
  'unauthorized',
] as const;

/**
 * Decodes an OCSP response of at most 64 KiB that is basic and says `successful`; any other status is a problem that names it. Never throws;
 * verifies nothing. Answers about certificates that are named with hashes we do not use are left out.
 */
export function decodeOcspResponse(der: Uint8Array, tools: DecodeTools): Decoded<OcspResponse> {
  return decoding(FIELD, () => {
    guardDer(der, FIELD, objectLimits);
    const reader = new DerReader(der, FIELD).enter(Tag.SEQUENCE, 'response');
    const status = reader.take(Tag.ENUMERATED, 'responseStatus').contents;
    const bytes = reader.optional(context(0), 'responseBytes');
    reader.end();
    const number = smallInteger(status, `${FIELD}.responseStatus`);
    if (number !== 0)
      throw new X509Error(
        `${FIELD}.responseStatus`,
        `${statuses[number] ?? 'an unassigned status'}, expected successful`,
      );
    if (bytes === undefined) throw new X509Error(`${FIELD}.responseBytes`, 'missing');
    return basicResponse(new Uint8Array(der), basicOctets(bytes.contents), tools);
  });
}

function basicOctets(contents: Uint8Array): Uint8Array {
  const field = `${FIELD}.responseBytes`;
  const outer = new DerReader(contents, field);
  const reader = outer.enter(Tag.SEQUENCE, 'value');
  outer.end();
  const type = oidText(reader.take(Tag.OID, 'responseType').contents);
  const octets = reader.take(Tag.OCTET_STRING, 'response').contents;
  reader.end();
  if (type !== BASIC) throw new X509Error(`${field}.responseType`, `${type}, expected ${BASIC}`);
  guardDer(octets, `${FIELD}.basic`, objectLimits);
  return new Uint8Array(octets);
}

function basicResponse(der: Uint8Array, basic: Uint8Array, tools: DecodeTools): OcspResponse {
  const parts = signedParts(basic, FIELD, 'tbsResponseData');
  const certs = parts.rest.optional(context(0), 'certs');
  parts.rest.end();
  const data = new DerReader(parts.contents, FIELD);
  versionOf(data.optional(context(0), 'version'));
  const responder = responderOf(data.any('responderID'));
  const producedAt = timeOf(data.take(Tag.GENERALIZED_TIME, 'producedAt'), `${FIELD}.producedAt`);
  const unknownCritical: string[] = [];
  const responses = data
    .enter(Tag.SEQUENCE, 'responses')
    .all(Tag.SEQUENCE, 'response', MAX_RESPONSES)
    .flatMap(
      (item, i) => singleResponse(item.contents, `${FIELD}.responses[${i}]`, unknownCritical) ?? [],
    );
  const draft: NonceDraft = {};
  const extensions = data.optional(context(1), 'responseExtensions');
  data.end();
  if (extensions !== undefined) {
    const list = extensionList(extensions.contents, `${FIELD}.responseExtensions`);
    unknownCritical.push(...decodeExtensions(list, nonceExtension, draft, FIELD));
  }
  return {
    ...signedObject(der, parts, tools),
    kind: 'ocsp',
    responder,
    producedAt,
    responses,
    ...draft,
    certificates: certs === undefined ? [] : certificatesIn(certs.contents, tools),
    unknownCritical,
  };
}

function versionOf(item: DerItem | undefined): void {
  if (item === undefined) return;
  const field = `${FIELD}.version`;
  const reader = new DerReader(item.contents, field);
  const version = smallInteger(reader.take(Tag.INTEGER, 'value').contents, field);
  reader.end();
  if (version !== 0) throw new X509Error(field, `${version + 1}, expected 1`);
}

function responderOf({ tag, contents }: DerItem): OcspResponse['responder'] {
  const field = `${FIELD}.responderID`;
  if (tag === context(1)) return { name: contents, nameKey: nameKey(contents, field) };
  if (tag !== context(2)) throw new X509Error(field, 'neither a name nor the hash of a key');
  const reader = new DerReader(contents, field);
  const keyHash = reader.take(Tag.OCTET_STRING, 'keyHash').contents;
  reader.end();
  if (keyHash.length !== 20) throw new X509Error(field, `a hash of ${keyHash.length} octets`);
  return { keyHash };
}

function singleResponse(
  contents: Uint8Array,
  field: string,
  unknownCritical: string[],
): OcspSingleResponse | undefined {
  const reader = new DerReader(contents, field);
  const id = certIdIn(reader.enter(Tag.SEQUENCE, 'certID'), `${field}.certID`);
  const status = statusOf(reader.any('certStatus'), `${field}.certStatus`);
  const thisUpdate = timeOf(reader.take(Tag.GENERALIZED_TIME, 'thisUpdate'), field);
  const next = reader.optional(context(0), 'nextUpdate');
  const extensions = reader.optional(context(1), 'singleExtensions');
  reader.end();
  if (extensions !== undefined) {
    const list = extensionList(extensions.contents, field);
    unknownCritical.push(...decodeExtensions(list, new Map(), {}, field));
  }
  const nextUpdate = next === undefined ? undefined : wrappedTime(next.contents, field);
  if (id === undefined) return undefined;
  return {
    id,
    ...status,
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
  };
}

function statusOf(
  { tag, contents }: DerItem,
  field: string,
): Pick<OcspSingleResponse, 'status' | 'revokedAt' | 'reason'> {
  if (tag === context(1)) return revokedInfo(contents, field);
  const good = tag === implicit(0);
  if ((good || tag === implicit(2)) && contents.length === 0)
    return { status: good ? 'good' : 'unknown' };
  throw new X509Error(field, `tag ${tag.toString(16)}, expected good, revoked or unknown`);
}

function revokedInfo(
  contents: Uint8Array,
  field: string,
): Pick<OcspSingleResponse, 'status' | 'revokedAt' | 'reason'> {
  const reader = new DerReader(contents, field);
  const revokedAt = timeOf(reader.take(Tag.GENERALIZED_TIME, 'revocationTime'), field);
  const wrapped = reader.optional(context(0), 'revocationReason');
  reader.end();
  if (wrapped === undefined) return { status: 'revoked', revokedAt };
  const inner = new DerReader(wrapped.contents, field);
  const reason = reasonName(inner.take(Tag.ENUMERATED, 'value').contents, field);
  inner.end();
  return { status: 'revoked', revokedAt, reason };
}

function wrappedTime(contents: Uint8Array, field: string): number {
  const reader = new DerReader(contents, field);
  const time = timeOf(reader.take(Tag.GENERALIZED_TIME, 'nextUpdate'), `${field}.nextUpdate`);
  reader.end();
  return time;
}

function extensionList(contents: Uint8Array, field: string): ReturnType<typeof extensionsOf> {
  const reader = new DerReader(contents, field);
  const list = reader.take(Tag.SEQUENCE, 'list').contents;
  reader.end();
  return extensionsOf(list, field);
}

function certificatesIn(contents: Uint8Array, tools: DecodeTools): Certificate[] {
  const outer = new DerReader(contents, `${FIELD}.certs`);
  const list = outer.enter(Tag.SEQUENCE, 'list');
  outer.end();
  const certificates: Certificate[] = [];
  for (const { der } of list.all(Tag.SEQUENCE, 'certificate', MAX_CERTIFICATES)) {
    const decoded = decodeCertificate(der, tools);
    if (decoded.ok) certificates.push(decoded.value);
  }
  return certificates;
}
