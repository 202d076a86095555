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
  return rdnsOf(name, field)
    .map((attributes) => rdnKey(attributes))
    .join(RDN);
}

/** Refuses what is no Name; costs less than its key. Throws {@link X509Error}. */
export function checkName(name: Uint8Array, field: string): void {
  rdnsOf(name, field);
}

/** Key of each RDN: one name is below another if its first keys are the other's (RFC 5280 section 4.2.1.10). */
export function rdnKeys(key: string): readonly string[] {
  return key === '' ? [] : key.split(RDN);
}

/** Key of the name that an RDN, given as contents of its SET, makes when it follows another name. */
export function appendRdn(key: string, rdn: Uint8Array, field: string): string {
  const last = rdnKey(attributesOf(rdn, field));
  return key === '' ? last : `${key}${RDN}${last}`;
}

interface Attribute {
  readonly type: Uint8Array;
  readonly value: DerItem;
}

function rdnsOf(name: Uint8Array, field: string): Attribute[][] {
  const reader = new DerReader(name, field);
  const sets = reader.enter(Tag.SEQUENCE, 'rdnSequence').all(Tag.SET, 'rdn', MAX_ATTRIBUTES);
  reader.end();
  const rdns = sets.map((set) => attributesOf(set.contents, field));
  if (rdns.reduce((count, rdn) => count + rdn.length, 0) > MAX_ATTRIBUTES)
    throw new X509Error(field, `more than ${MAX_ATTRIBUTES} attributes`);
  return rdns;
}

function attributesOf(set: Uint8Array, field: string): Attribute[] {
  const items = new DerReader(set, field).all(Tag.SEQUENCE, 'attribute', MAX_ATTRIBUTES);
  if (items.length === 0) throw new X509Error(field, 'an RDN without attributes');
  return items.map((item) => {
    const reader = new DerReader(item.contents, field);
    const type = reader.take(Tag.OID, 'type').contents;
    const value = reader.any('value');
    reader.end();
    return { type, value };
  });
}

function rdnKey(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ type, value }) => {
      const text = directoryText(value.tag, value.contents);
      return `${toHex(type)}=${text ?? OCTETS + toHex(value.der)}`;
    })
    .sort()
    .join(ATTRIBUTE);
}
