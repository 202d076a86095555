import { oidText } from '../../proto/oid.ts';
import type { Certificate } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { DerReader, implicit, Tag } from './der-reader.ts';
import { smallInteger } from './primitives.ts';

/** More than any certificate has: the bridges of governments map some dozens. */
const MAX_POLICIES = 256;

/** OIDs of CertificatePolicies; qualifiers are for people and left out. A policy is there once (RFC 5280 section 4.2.1.4). */
export function certificatePolicies(value: Uint8Array, field: string): string[] {
  const policies = listIn(value, Tag.SEQUENCE, field).map((item) => {
    const reader = new DerReader(item.contents, field);
    const policy = oidText(reader.take(Tag.OID, 'policyIdentifier').contents);
    reader.optional(Tag.SEQUENCE, 'policyQualifiers');
    reader.end();
    return policy;
  });
  if (new Set(policies).size !== policies.length)
    throw new X509Error(field, 'a policy is there twice');
  return policies;
}

/** Pairs of PolicyMappings, RFC 5280 section 4.2.1.5. */
export function policyMappings(value: Uint8Array, field: string): Certificate['policyMappings'] {
  return listIn(value, Tag.SEQUENCE, field).map((item) => {
    const reader = new DerReader(item.contents, field);
    const issuer = oidText(reader.take(Tag.OID, 'issuerDomainPolicy').contents);
    const subject = oidText(reader.take(Tag.OID, 'subjectDomainPolicy').contents);
    reader.end();
    return { issuer, subject };
  });
}

/** Skip counts of PolicyConstraints, RFC 5280 section 4.2.1.11. */
export function policyConstraints(
  value: Uint8Array,
  field: string,
): NonNullable<Certificate['policyConstraints']> {
  const outer = new DerReader(value, field);
  const reader = outer.enter(Tag.SEQUENCE, 'value');
  outer.end();
  const explicit = reader.optional(implicit(0), 'requireExplicitPolicy');
  const mapping = reader.optional(implicit(1), 'inhibitPolicyMapping');
  reader.end();
  if (explicit === undefined && mapping === undefined)
    throw new X509Error(field, 'empty, expected one constraint at least');
  return {
    ...(explicit && { requireExplicit: smallInteger(explicit.contents, field) }),
    ...(mapping && { inhibitMapping: smallInteger(mapping.contents, field) }),
  };
}

/** OIDs of ExtendedKeyUsage, RFC 5280 section 4.2.1.12. */
export function extendedKeyUsage(value: Uint8Array, field: string): string[] {
  return listIn(value, Tag.OID, field).map(({ contents }) => oidText(contents));
}

function listIn(value: Uint8Array, tag: number, field: string): ReturnType<DerReader['all']> {
  const outer = new DerReader(value, field);
  const reader = outer.enter(Tag.SEQUENCE, 'value');
  outer.end();
  const items = reader.all(tag, 'entry', MAX_POLICIES);
  if (items.length === 0) throw new X509Error(field, 'empty, expected one entry at least');
  return items;
}
