import { derElement } from '../../proto/der.ts';
import type { DistributionPoint } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { context, DerReader, implicit, Tag } from './der-reader.ts';
import { generalNames, urisOf } from './general-names.ts';
import { namedBits } from './primitives.ts';

const MAX_POINTS = 64;

/** Bits of ReasonFlags, RFC 5280 section 4.2.1.13. */
const reasonNames = [
  'unused',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

/** CRLDistributionPoints, also of the freshest CRL. */
export function distributionPoints(value: Uint8Array, field: string): DistributionPoint[] {
  const reader = new DerReader(value, field).enter(Tag.SEQUENCE, 'points');
  const points = reader.all(Tag.SEQUENCE, 'point', MAX_POINTS);
  if (points.length === 0) throw new X509Error(field, 'no distribution point');
  return points.map((item, i) => distributionPoint(item.contents, `${field}[${i}]`));
}

function distributionPoint(contents: Uint8Array, field: string): DistributionPoint {
  const reader = new DerReader(contents, field);
  const name = reader.optional(context(0), 'distributionPoint');
  const reasons = reader.optional(implicit(1), 'reasons');
  const issuer = reader.optional(context(2), 'cRLIssuer');
  reader.end();
  return {
    ...pointName(name?.contents, field),
    crlIssuers: issuer === undefined ? [] : generalNames(issuer.contents, `${field}.cRLIssuer`),
    ...(reasons === undefined ? {} : { reasons: reasonFlags(reasons.contents) }),
  };
}

/** A DistributionPointName, or the point without one. */
export function pointName(
  contents: Uint8Array | undefined,
  field: string,
): Pick<DistributionPoint, 'uris' | 'names' | 'relativeName'> {
  if (contents === undefined) return { uris: [], names: [] };
  const reader = new DerReader(contents, field);
  const name = reader.any('distributionPointName');
  reader.end();
  if (name.tag === context(1)) {
    return { uris: [], names: [], relativeName: derElement(Tag.SET, name.contents) };
  }
  if (name.tag !== context(0))
    throw new X509Error(field, 'a name that is neither full nor relative');
  const names = generalNames(name.contents, `${field}.fullName`);
  return { uris: urisOf(names), names };
}

/** Names of the bits of ReasonFlags, given as contents of its BIT STRING. */
export function reasonFlags(contents: Uint8Array): ReadonlySet<string> {
  return new Set(namedBits(contents).flatMap((bit) => reasonNames[bit] ?? []));
}
