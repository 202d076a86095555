import { derElement } from '../../proto/der.ts';
import type { Identity } from '../../proto/identity.ts';
import { ConfiguredIdType as T } from '../../proto/identity-types.ts';
import { oidOctets } from '../../proto/oid.ts';
import { equalBytes, utf8 } from '../../util/bytes.ts';
import { fromHex } from '../../util/hex.ts';
import type { Certificate, GeneralName } from './certificate.ts';
import { context, Tag } from './der-reader.ts';

/**
 * What a certificate proves its holder to be: the subject, each subjectAltName, and the key: by SHA-1 of its bits, and by the
 * subjectKeyIdentifier. Nothing in it is a pattern: an asterisk or a NUL in a name is just that octet.
 */
export function certificateIdentities(
  certificate: Pick<Certificate, 'subject' | 'subjectAltNames' | 'publicKey' | 'subjectKeyId'>,
): Identity[] {
  const { subject, subjectAltNames, publicKey, subjectKeyId } = certificate;
  const identities: Identity[] = [];
  if (subject.length > 2) identities.push({ type: T.ID_DER_ASN1_DN, data: subject });
  for (const name of subjectAltNames) {
    const identity = nameIdentity(name);
    if (identity !== undefined && identity.data.length > 0) identities.push(identity);
  }
  const keyId = publicKey === undefined ? undefined : fromHex(publicKey.keyId);
  if (keyId !== undefined) identities.push({ type: T.ID_KEY_ID, data: keyId });
  const named = subjectKeyId !== undefined && subjectKeyId.length > 0;
  if (named && (keyId === undefined || !equalBytes(subjectKeyId, keyId)))
    identities.push({ type: T.ID_KEY_ID, data: subjectKeyId });
  return identities;
}

function nameIdentity(name: GeneralName): Identity | undefined {
  switch (name.kind) {
    case 'dns':
      return { type: T.ID_FQDN, data: utf8(name.text) };
    case 'email':
      return { type: T.ID_RFC822_ADDR, data: utf8(name.text) };
    case 'uri':
      return { type: T.ID_URI, data: utf8(name.text) };
    case 'ip':
      return {
        type: name.octets.length === 4 ? T.ID_IPV4_ADDR : T.ID_IPV6_ADDR,
        data: name.octets,
      };
    case 'directory':
      return name.name.length > 2 ? { type: T.ID_DER_ASN1_DN, data: name.name } : undefined;
    case 'other':
      return { type: T.ID_DER_ASN1_GN, data: otherName(name.oid, name.value) };
    default:
      return undefined;
  }
}

function otherName(oid: string, value: Uint8Array): Uint8Array {
  const type = derElement(Tag.OID, oidOctets(oid));
  return derElement(context(0), type, derElement(context(0), value));
}
