import { derElement } from '../../proto/der.ts';
import { oidOctets } from '../../proto/oid.ts';
import { certIdIn, encodeCertId } from './cert-id.ts';
import type { OcspCertId } from './certificate.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { context, DerReader, Tag } from './der-reader.ts';
import { decodeExtensions, type ExtensionTable, extensionsOf } from './extensions.ts';

const FIELD = 'ocspRequest';
const MAX_REQUESTS = 64;
/** RFC 9654: 1 to 128 octets. */
const MAX_NONCE = 128;

const NONCE = oidOctets('1.3.6.1.5.5.7.48.1.2');
const RESPONSE_TYPES = oidOctets('1.3.6.1.5.5.7.48.1.4');
const BASIC = oidOctets('1.3.6.1.5.5.7.48.1.1');

/** What a request for the status of certificates asks. */
export interface OcspRequest {
  readonly ids: readonly OcspCertId[];
  readonly nonce?: Uint8Array;
}

/** DER of an unsigned request, RFC 6960 section 4.1.1: it says that basic responses are understood. */
export function encodeOcspRequest({ ids, nonce }: OcspRequest): Uint8Array {
  const requests = ids.map((id) => derElement(Tag.SEQUENCE, encodeCertId(id)));
  const basic = derElement(Tag.SEQUENCE, derElement(Tag.OID, BASIC));
  const extensions = [
    ...(nonce === undefined ? [] : [extension(NONCE, derElement(Tag.OCTET_STRING, nonce))]),
    extension(RESPONSE_TYPES, basic),
  ];
  const list = derElement(Tag.SEQUENCE, ...extensions);
  const tbs = [derElement(Tag.SEQUENCE, ...requests), derElement(context(2), list)];
  return derElement(Tag.SEQUENCE, derElement(Tag.SEQUENCE, ...tbs));
}

/** Decodes a request; who signed it and who asks are not looked at. Certificates named with unknown hashes are left out. */
export function decodeOcspRequest(der: Uint8Array): Decoded<OcspRequest> {
  return decoding(FIELD, () => {
    guardDer(der, FIELD, objectLimits);
    const outer = new DerReader(new Uint8Array(der), FIELD).enter(Tag.SEQUENCE, 'request');
    const tbs = outer.enter(Tag.SEQUENCE, 'tbsRequest');
    outer.optional(context(0), 'optionalSignature');
    outer.end();
    tbs.optional(context(0), 'version');
    tbs.optional(context(1), 'requestorName');
    const ids = tbs
      .enter(Tag.SEQUENCE, 'requestList')
      .all(Tag.SEQUENCE, 'request', MAX_REQUESTS)
      .flatMap((item, i) => requestedId(item.contents, `${FIELD}.requestList[${i}]`) ?? []);
    const draft: NonceDraft = {};
    const extensions = tbs.optional(context(2), 'requestExtensions');
    tbs.end();
    if (extensions !== undefined) {
      const list = new DerReader(extensions.contents, FIELD).take(Tag.SEQUENCE, 'list').contents;
      decodeExtensions(extensionsOf(list, FIELD), nonceExtension, draft, FIELD);
    }
    return { ids, ...draft };
  });
}

/** What a nonce is decoded into. */
export interface NonceDraft {
  nonce?: Uint8Array;
}

/** The nonce of requests and responses, RFC 9654. */
export const nonceExtension: ExtensionTable<NonceDraft> = new Map([
  ['2b0601050507300102', { name: 'nonce', decode: decodeNonce }],
]);

function decodeNonce(value: Uint8Array, draft: NonceDraft, field: string): void {
  const reader = new DerReader(value, field);
  const { contents } = reader.take(Tag.OCTET_STRING, 'value');
  reader.end();
  if (contents.length === 0 || contents.length > MAX_NONCE)
    throw new X509Error(field, `${contents.length} octets, expected 1 to ${MAX_NONCE}`);
  draft.nonce = contents;
}

function requestedId(contents: Uint8Array, field: string): OcspCertId | undefined {
  const reader = new DerReader(contents, field);
  const id = certIdIn(reader.enter(Tag.SEQUENCE, 'reqCert'), field);
  reader.optional(context(0), 'singleRequestExtensions');
  reader.end();
  return id;
}

function extension(oid: Uint8Array, value: Uint8Array): Uint8Array {
  return derElement(Tag.SEQUENCE, derElement(Tag.OID, oid), derElement(Tag.OCTET_STRING, value));
}
