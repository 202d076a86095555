import type { Crl, DistributionPoint } from './certificate.ts';
import { authorityKeyIdentifier } from './certificate-extensions.ts';
import { X509Error } from './decoded.ts';
import { context, DerReader, implicit, Tag } from './der-reader.ts';
import { distributionPoints, pointName, reasonFlags } from './distribution-points.ts';
import type { ExtensionTable } from './extensions.ts';
import { bigInteger } from './primitives.ts';

type CrlFields = Pick<
  Crl,
  'crlNumber' | 'baseCrlNumber' | 'authorityKeyId' | 'issuingDistributionPoint' | 'freshestCrl'
>;
/** What extensions say of a CRL, while it is being decoded. */
export type CrlDraft = { -readonly [K in keyof CrlFields]: CrlFields[K] };

type Decode = (value: Uint8Array, draft: CrlDraft, field: string) => void;

const rows: readonly (readonly [id: string, name: string, decode: Decode])[] = [
  [
    '551d14',
    'cRLNumber',
    (value, draft, field) => {
      draft.crlNumber = numberIn(value, field);
    },
  ],
  [
    '551d1b',
    'deltaCRLIndicator',
    (value, draft, field) => {
      draft.baseCrlNumber = numberIn(value, field);
    },
  ],
  [
    '551d1c',
    'issuingDistributionPoint',
    (value, draft, field) => {
      draft.issuingDistributionPoint = issuingDistributionPoint(value, field);
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
    '551d2e',
    'freshestCRL',
    (value, draft, field) => {
      draft.freshestCrl = distributionPoints(value, field);
    },
  ],
];

/** Extensions of CRLs that are processed. */
export const crlExtensions: ExtensionTable<CrlDraft> = new Map(
  rows.map(([id, name, decode]) => [id, { name, decode }]),
);

function numberIn(value: Uint8Array, field: string): bigint {
  const reader = new DerReader(value, field);
  const number = bigInteger(reader.take(Tag.INTEGER, 'value').contents, field);
  reader.end();
  return number;
}

/** IssuingDistributionPoint, RFC 5280 section 5.2.5. */
function issuingDistributionPoint(
  value: Uint8Array,
  field: string,
): NonNullable<Crl['issuingDistributionPoint']> {
  const outer = new DerReader(value, field);
  const reader = outer.enter(Tag.SEQUENCE, 'value');
  outer.end();
  const name = reader.optional(context(0), 'distributionPoint');
  const onlyUserCerts = flag(reader, 1, field);
  const onlyCaCerts = flag(reader, 2, field);
  const reasons = reader.optional(implicit(3), 'onlySomeReasons');
  const indirect = flag(reader, 4, field);
  const onlyAttributeCerts = flag(reader, 5, field);
  reader.end();
  if (Number(onlyUserCerts) + Number(onlyCaCerts) + Number(onlyAttributeCerts) > 1)
    throw new X509Error(field, 'only for certificates of two kinds at once');
  const point: DistributionPoint = {
    ...pointName(name?.contents, `${field}.distributionPoint`),
    crlIssuers: [],
    ...(reasons === undefined ? {} : { reasons: reasonFlags(reasons.contents) }),
  };
  return { point, onlyUserCerts, onlyCaCerts, onlyAttributeCerts, indirect };
}

function flag(reader: DerReader, number: number, field: string): boolean {
  const contents = reader.optional(implicit(number), `flag${number}`)?.contents;
  if (contents === undefined) return false;
  if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff))
    throw new X509Error(field, `[${number}] is no BOOLEAN`);
  return contents[0] === 0xff;
}
