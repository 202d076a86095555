import { oidText } from '../../proto/oid.ts';
import { utf8 } from '../../util/bytes.ts';
import { hashOfOid } from './cert-id.ts';
import type {
  AttributeCertificate,
  AttributeGroup,
  AttributeHolder,
  GeneralName,
} from './certificate.ts';
import { authorityKeyIdentifier } from './certificate-extensions.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { context, type DerItem, DerReader, Tag } from './der-reader.ts';
import { decodeExtensions, type ExtensionTable, extensionsOf } from './extensions.ts';
import { generalNames } from './general-names.ts';
import { nameKey } from './names.ts';
import { serialOctets, smallInteger, wholeBits } from './primitives.ts';
import { sameAlgorithm, signedObject, signedParts } from './signed.ts';
import { timeOf } from './times.ts';
import type { DecodeTools } from './tools.ts';

const FIELD = 'attributeCertificate';
const GROUP = '1.3.6.1.5.5.7.10.4';
const UTF8_STRING = 0x0c;
const MAX_ATTRIBUTES = 64;
const MAX_GROUPS = 256;

type AcDraft = { authorityKeyId?: NonNullable<AttributeCertificate['authorityKeyId']> };

// That there is no revocation information (551d38) is what is expected of it anyway, and where it would be (551d1f) is not asked.
const acExtensions: ExtensionTable<AcDraft> = new Map([
  [
    '551d23',
    {
      name: 'authorityKeyIdentifier',
      decode: (value: Uint8Array, draft: AcDraft, field: string) => {
        draft.authorityKeyId = authorityKeyIdentifier(value, field);
      },
    },
  ],
  ['551d38', { name: 'noRevAvail', decode: () => {} }],
]);

/**
 * Decodes an attribute certificate of RFC 5755, at most 64 KiB of strict DER: who issued it, to whom, and the groups it states. Never
 * throws; verifies nothing.
 */
export function decodeAttributeCertificate(
  der: Uint8Array,
  tools: DecodeTools,
): Decoded<AttributeCertificate> {
  return decoding(FIELD, () => {
    guardDer(der, FIELD, objectLimits);
    return attributeCertificate(new Uint8Array(der), tools);
  });
}

function attributeCertificate(der: Uint8Array, tools: DecodeTools): AttributeCertificate {
  const parts = signedParts(der, FIELD, 'acinfo');
  parts.rest.end();
  const info = new DerReader(parts.contents, FIELD);
  const version = smallInteger(info.take(Tag.INTEGER, 'version').contents, FIELD) + 1;
  if (version !== 2) throw new X509Error(`${FIELD}.version`, `${version}, expected 2`);
  const holder = holderOf(info.enter(Tag.SEQUENCE, 'holder'));
  const issuer = issuerOf(info.enter(context(0), 'issuer'));
  sameAlgorithm(info.take(Tag.SEQUENCE, 'signature').der, parts.algorithm, FIELD);
  const serial = serialOctets(info.take(Tag.INTEGER, 'serialNumber').contents, FIELD);
  const validity = info.enter(Tag.SEQUENCE, 'attrCertValidityPeriod');
  const notBefore = timeOf(validity.take(Tag.GENERALIZED_TIME, 'notBefore'), `${FIELD}.notBefore`);
  const notAfter = timeOf(validity.take(Tag.GENERALIZED_TIME, 'notAfter'), `${FIELD}.notAfter`);
  validity.end();
  const groups = groupsIn(info.enter(Tag.SEQUENCE, 'attributes'));
  info.optional(Tag.BIT_STRING, 'issuerUniqueID');
  const draft: AcDraft = {};
  const list = info.optional(Tag.SEQUENCE, 'extensions')?.contents;
  info.end();
  const unknownCritical =
    list === undefined
      ? []
      : decodeExtensions(extensionsOf(list, FIELD), acExtensions, draft, FIELD);
  return {
    ...signedObject(der, parts, tools),
    kind: 'ac',
    holder,
    ...issuer,
    serial,
    notBefore,
    notAfter,
    groups,
    ...draft,
    unknownCritical,
  };
}

function holderOf(reader: DerReader): AttributeHolder {
  const field = `${FIELD}.holder`;
  const base = reader.optional(context(0), 'baseCertificateID');
  const entity = reader.optional(context(1), 'entityName');
  const digest = reader.optional(context(2), 'objectDigestInfo');
  reader.end();
  // One is recommended (RFC 5755 section 4.2.2); strongSwan's pki writes issuer and serial number, and the name.
  if (base === undefined && entity === undefined && digest === undefined)
    throw new X509Error(field, 'empty, expected a certificate, a name or a digest');
  return {
    names: entity === undefined ? [] : generalNames(entity.contents, field),
    ...(base === undefined ? {} : { certificate: issuerSerial(base.contents, field) }),
    ...(digest === undefined ? {} : { digest: digestInfo(digest.contents, field) }),
  };
}

function issuerSerial(
  contents: Uint8Array,
  field: string,
): NonNullable<AttributeHolder['certificate']> {
  const reader = new DerReader(contents, field);
  const names = generalNames(reader.take(Tag.SEQUENCE, 'issuer').contents, field);
  const serial = serialOctets(reader.take(Tag.INTEGER, 'serial').contents, field);
  reader.optional(Tag.BIT_STRING, 'issuerUID');
  reader.end();
  return { ...directoryName(names, field), serial };
}

function digestInfo(contents: Uint8Array, field: string): NonNullable<AttributeHolder['digest']> {
  const reader = new DerReader(contents, field);
  const type = smallInteger(reader.take(Tag.ENUMERATED, 'digestedObjectType').contents, field);
  const algorithm = reader.enter(Tag.SEQUENCE, 'digestAlgorithm');
  const hash = hashOfOid(algorithm.take(Tag.OID, 'algorithm').contents);
  algorithm.optional(Tag.NULL, 'parameters');
  algorithm.end();
  const value = wholeBits(reader.take(Tag.BIT_STRING, 'objectDigest').contents, field);
  reader.end();
  if (type > 1 || hash === undefined)
    throw new X509Error(field, 'a digest that is neither of a key nor of a certificate, by SHA');
  return { of: type === 0 ? 'publicKey' : 'certificate', hash, value };
}

// Of V2Form only the name may be there (RFC 5755 section 4.2.3).
function issuerOf(reader: DerReader): DirectoryName {
  const field = `${FIELD}.issuer`;
  const names = generalNames(reader.take(Tag.SEQUENCE, 'issuerName').contents, field);
  reader.end();
  return directoryName(names, field);
}

type DirectoryName = Pick<AttributeCertificate, 'issuer' | 'issuerKey'>;

function directoryName(names: readonly GeneralName[], field: string): DirectoryName {
  const [name] = names;
  if (names.length !== 1 || name?.kind !== 'directory')
    throw new X509Error(field, 'expected one distinguished name');
  return { issuer: name.name, issuerKey: nameKey(name.name, field) };
}

function groupsIn(attributes: DerReader): AttributeGroup[] {
  const field = `${FIELD}.attributes`;
  const groups: AttributeGroup[] = [];
  const seen = new Set<string>();
  for (const attribute of attributes.all(Tag.SEQUENCE, 'attribute', MAX_ATTRIBUTES)) {
    const reader = new DerReader(attribute.contents, field);
    const type = oidText(reader.take(Tag.OID, 'type').contents);
    const values = reader.enter(Tag.SET, 'values');
    reader.end();
    if (seen.has(type)) throw new X509Error(field, `two attributes ${type}`);
    seen.add(type);
    if (type !== GROUP) continue;
    for (const value of values.all(Tag.SEQUENCE, 'value', MAX_ATTRIBUTES)) {
      groups.push(...ietfAttributeValues(value.contents, field));
      if (groups.length > MAX_GROUPS) throw new X509Error(field, `more than ${MAX_GROUPS} groups`);
    }
  }
  return groups;
}

/** Values of an IetfAttrSyntax, RFC 5755 section 4.4. */
function ietfAttributeValues(contents: Uint8Array, field: string): AttributeGroup[] {
  const reader = new DerReader(contents, field);
  reader.optional(context(0), 'policyAuthority');
  const values = reader.enter(Tag.SEQUENCE, 'values');
  reader.end();
  const found: AttributeGroup[] = [];
  while (!values.done) {
    if (found.length === MAX_GROUPS) throw new X509Error(field, `more than ${MAX_GROUPS} groups`);
    found.push(groupOf(values.any('value'), field));
  }
  return found;
}

function groupOf({ tag, contents }: DerItem, field: string): AttributeGroup {
  if (tag === Tag.OCTET_STRING) return { kind: 'octets', value: contents };
  if (tag === UTF8_STRING) return { kind: 'text', value: contents };
  if (tag === Tag.OID) return { kind: 'oid', value: utf8(oidText(contents)) };
  throw new X509Error(field, `a group with tag ${tag.toString(16)}`);
}
