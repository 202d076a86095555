import { oidText } from '../../proto/oid.ts';
import { addressBlocks } from './address-blocks.ts';
import type { Certificate, GeneralName, KeyUsage } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { context, DerReader, implicit, Tag } from './der-reader.ts';
import { distributionPoints } from './distribution-points.ts';
import type { ExtensionTable } from './extensions.ts';
import { checkDirectoryNames, generalName, generalNames, MAX_NAMES } from './general-names.ts';
import {
  certificatePolicies,
  extendedKeyUsage,
  policyConstraints,
  policyMappings,
} from './policies.ts';
import { namedBits, serialOctets, smallInteger } from './primitives.ts';

type ExtensionFields = Pick<
  Certificate,
  | 'subjectKeyId'
  | 'authorityKeyId'
  | 'basicConstraints'
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'subjectAltNames'
  | 'nameConstraints'
  | 'policies'
  | 'policyMappings'
  | 'policyConstraints'
  | 'inhibitAnyPolicy'
  | 'crlDistributionPoints'
  | 'freshestCrl'
  | 'ocspUris'
  | 'caIssuerUris'
  | 'addressBlocks'
  | 'ocspNoCheck'
>;

/** What extensions say of a certificate, while it is being decoded. */
export type CertificateDraft = { -readonly [K in keyof ExtensionFields]: ExtensionFields[K] };

/** What holds without extensions. */
export function emptyDraft(): CertificateDraft {
  return {
    subjectAltNames: [],
    policyMappings: [],
    crlDistributionPoints: [],
    freshestCrl: [],
    ocspUris: [],
    caIssuerUris: [],
    ocspNoCheck: false,
  };
}

type Decode = (value: Uint8Array, draft: CertificateDraft, field: string) => void;

// 2.5.29.x is 551dxx, 1.3.6.1.5.5.7.x is 2b06010505 07…
const rows: readonly (readonly [id: string, name: string, decode: Decode])[] = [
  ['551d0e', 'subjectKeyIdentifier', subjectKeyIdentifier],
  ['551d0f', 'keyUsage', keyUsage],
  ['551d11', 'subjectAltName', subjectAltName],
  ['551d13', 'basicConstraints', basicConstraints],
  ['551d1e', 'nameConstraints', nameConstraints],
  [
    '551d1f',
    'cRLDistributionPoints',
    (value, draft, field) => {
      draft.crlDistributionPoints = distributionPoints(value, field);
    },
  ],
  [
    '551d20',
    'certificatePolicies',
    (value, draft, field) => {
      draft.policies = certificatePolicies(value, field);
    },
  ],
  [
    '551d21',
    'policyMappings',
    (value, draft, field) => {
      draft.policyMappings = policyMappings(value, field);
    },
  ],
  [
    '551d23',
    'authorityKeyIdentifier',
    (value, draft, field) => {
      draft.authorityKeyId = authorityKeyIdentifier(value, field);
    },
  ],
  [
    '551d24',
    'policyConstraints',
    (value, draft, field) => {
      draft.policyConstraints = policyConstraints(value, field);
    },
  ],
  [
    '551d25',
    'extKeyUsage',
    (value, draft, field) => {
      draft.extendedKeyUsage = extendedKeyUsage(value, field);
    },
  ],
  [
    '551d2e',
    'freshestCRL',
    (value, draft, field) => {
      draft.freshestCrl = distributionPoints(value, field);
    },
  ],
  ['551d36', 'inhibitAnyPolicy', inhibitAnyPolicy],
  ['2b06010505070101', 'authorityInfoAccess', authorityInfoAccess],
  [
    '2b06010505070107',
    'ipAddrBlocks',
    (value, draft, field) => {
      draft.addressBlocks = addressBlocks(value, field);
    },
  ],
  ['2b0601050507300105', 'ocspNoCheck', ocspNoCheck],
];

/** Extensions of certificates that are processed: all of RFC 5280 that bear on a path, RFC 3779 and RFC 6960. */
export const certificateExtensions: ExtensionTable<CertificateDraft> = new Map(
  rows.map(([id, name, decode]) => [id, { name, decode }]),
);

/** AuthorityKeyIdentifier, RFC 5280 section 4.2.1.1. */
export function authorityKeyIdentifier(
  value: Uint8Array,
  field: string,
): NonNullable<Certificate['authorityKeyId']> {
  const reader = only(value, Tag.SEQUENCE, field);
  const keyId = reader.optional(implicit(0), 'keyIdentifier');
  const issuer = reader.optional(context(1), 'authorityCertIssuer');
  const serial = reader.optional(implicit(2), 'authorityCertSerialNumber');
  reader.end();
  return {
    ...(keyId === undefined ? {} : { keyId: keyId.contents }),
    ...(serial === undefined ? {} : { serial: serialOctets(serial.contents, field) }),
    issuers: issuer === undefined ? [] : generalNames(issuer.contents, field),
  };
}

function subjectKeyIdentifier(value: Uint8Array, draft: CertificateDraft, field: string): void {
  draft.subjectKeyId = single(value, Tag.OCTET_STRING, field);
}

const usages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

function keyUsage(value: Uint8Array, draft: CertificateDraft, field: string): void {
  const bits = namedBits(single(value, Tag.BIT_STRING, field));
  draft.keyUsage = new Set(bits.flatMap((bit) => usages[bit] ?? []));
}

function subjectAltName(value: Uint8Array, draft: CertificateDraft, field: string): void {
  const names = generalNames(single(value, Tag.SEQUENCE, field), field);
  if (names.length === 0) throw new X509Error(field, 'empty, expected one name at least');
  draft.subjectAltNames = names;
}

function basicConstraints(value: Uint8Array, draft: CertificateDraft, field: string): void {
  const reader = only(value, Tag.SEQUENCE, field);
  const ca = reader.optional(Tag.BOOLEAN, 'cA')?.contents[0] === 0xff;
  const pathLength = reader.optional(Tag.INTEGER, 'pathLenConstraint');
  reader.end();
  draft.basicConstraints = {
    ca,
    ...(pathLength === undefined ? {} : { pathLength: smallInteger(pathLength.contents, field) }),
  };
}

function nameConstraints(value: Uint8Array, draft: CertificateDraft, field: string): void {
  const reader = only(value, Tag.SEQUENCE, field);
  const permitted = reader.optional(context(0), 'permittedSubtrees');
  const excluded = reader.optional(context(1), 'excludedSubtrees');
  reader.end();
  if (permitted === undefined && excluded === undefined)
    throw new X509Error(field, 'empty, expected one subtree at least');
  draft.nameConstraints = {
    permitted: subtrees(permitted?.contents, `${field}.permittedSubtrees`),
    excluded: subtrees(excluded?.contents, `${field}.excludedSubtrees`),
  };
}

// `minimum` is 0 and `maximum` absent in RFC 5280, so that the base is all there is.
function subtrees(contents: Uint8Array | undefined, field: string): GeneralName[] {
  if (contents === undefined) return [];
  const items = new DerReader(contents, field).all(Tag.SEQUENCE, 'subtree', MAX_NAMES);
  if (items.length === 0) throw new X509Error(field, 'empty, expected one subtree at least');
  const bases = items.map((item) => {
    const reader = new DerReader(item.contents, field);
    const base = generalName(reader.any('base'), field, true);
    reader.end();
    return base;
  });
  checkDirectoryNames(bases, field);
  return bases;
}

function inhibitAnyPolicy(value: Uint8Array, draft: CertificateDraft, field: string): void {
  draft.inhibitAnyPolicy = smallInteger(single(value, Tag.INTEGER, field), field);
}

const OCSP = '1.3.6.1.5.5.7.48.1';
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';

function authorityInfoAccess(value: Uint8Array, draft: CertificateDraft, field: string): void {
  const ocsp: string[] = [];
  const issuers: string[] = [];
  for (const item of only(value, Tag.SEQUENCE, field).all(Tag.SEQUENCE, 'access', MAX_NAMES)) {
    const reader = new DerReader(item.contents, field);
    const method = oidText(reader.take(Tag.OID, 'accessMethod').contents);
    const location = generalName(reader.any('accessLocation'), field, false);
    reader.end();
    if (location.kind !== 'uri') continue;
    if (method === OCSP) ocsp.push(location.text);
    if (method === CA_ISSUERS) issuers.push(location.text);
  }
  draft.ocspUris = ocsp;
  draft.caIssuerUris = issuers;
}

function ocspNoCheck(value: Uint8Array, draft: CertificateDraft, field: string): void {
  single(value, Tag.NULL, field);
  draft.ocspNoCheck = true;
}

// Contents of the one element that a value consists of.
function single(value: Uint8Array, tag: number, field: string): Uint8Array {
  const reader = new DerReader(value, field);
  const { contents } = reader.take(tag, 'value');
  reader.end();
  return contents;
}

function only(value: Uint8Array, tag: number, field: string): DerReader {
  return new DerReader(single(value, tag, field), field);
}
