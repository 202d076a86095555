import { toHex } from '../../util/hex.ts';
import { X509Error } from './decoded.ts';
import { type DerItem, DerReader, Tag } from './der-reader.ts';
import { directoryText } from './directory-text.ts';

const MAX_ATTRIBUTES = 64;

// Normalized values have no control characters, so these cannot be faked by a value.
const RDN = '\u0001';
const ATTRIBUTE = '\u0002';
const OCTETS = '\u0003';

/**
 * A text that is the same for names which RFC 5280 section 7.1 calls equal: whatever the type of string, the case and the
 * blanks, and the order inside one RDN. `name` is DER of a Name. Throws {@link X509Error}.
 */
export function nameKey(name: Uint8Array, field: string): string {
  const reader = new DerReader(name, field);
  const rdns = reader.enter(Tag.SEQUENCE, 'rdnSequence');
  reader.end();
  const keys: string[] = [];
  let attributes = 0;
  for (const rdn of rdns.all(Tag.SET, 'rdn', MAX_ATTRIBUTES)) {
    const parts = rdnParts(rdn.contents, field);
    attributes += parts.length;
    if (attributes > MAX_ATTRIBUTES)
      throw new X509Error(field, `more than ${MAX_ATTRIBUTES} attributes`);
    keys.push(parts.sort().join(ATTRIBUTE));
  }
  return keys.join(RDN);
}

/** Key of each RDN: one name is below another if its first keys are the other's (RFC 5280 section 4.2.1.10). */
export function rdnKeys(key: string): readonly string[] {
  return key === '' ? [] : key.split(RDN);
}

/** Key of the name that an RDN, given as contents of its SET, makes when it follows another name. */
export function appendRdn(key: string, rdn: Uint8Array, field: string): string {
  const last = rdnParts(rdn, field).sort().join(ATTRIBUTE);
  return key === '' ? last : `${key}${RDN}${last}`;
}

function rdnParts(set: Uint8Array, field: string): string[] {
  const attributes = new DerReader(set, field).all(Tag.SEQUENCE, 'attribute', MAX_ATTRIBUTES);
  if (attributes.length === 0) throw new X509Error(field, 'an RDN without attributes');
  return attributes.map((attribute) => attributeKey(attribute, field));
}

function attributeKey(attribute: DerItem, field: string): string {
  const reader = new DerReader(attribute.contents, field);
  const type = reader.take(Tag.OID, 'type');
  const value = reader.any('value');
  reader.end();
  const text = directoryText(value.tag, value.contents);
  return `${toHex(type.contents)}=${text ?? OCTETS + toHex(value.der)}`;
}
