import {
  CertificatePolicies,
  ExtendedKeyUsage,
  PolicyConstraints,
  PolicyMappings,
} from '@peculiar/asn1-x509';
import type { Certificate } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { decodeWithLibrary } from './library.ts';
import { smallInteger } from './primitives.ts';

const MAX_POLICIES = 256;

/** OIDs of CertificatePolicies; qualifiers are for people and left out. A policy is there once (RFC 5280 section 4.2.1.4). */
export function certificatePolicies(value: Uint8Array, field: string): string[] {
  const policies = decodeWithLibrary(CertificatePolicies, value, field).map(
    ({ policyIdentifier }) => policyIdentifier,
  );
  checkCount(policies.length, field);
  if (new Set(policies).size !== policies.length)
    throw new X509Error(field, 'a policy is there twice');
  return policies;
}

/** Pairs of PolicyMappings, RFC 5280 section 4.2.1.5. */
export function policyMappings(value: Uint8Array, field: string): Certificate['policyMappings'] {
  const mappings = decodeWithLibrary(PolicyMappings, value, field);
  checkCount(mappings.length, field);
  return mappings.map(({ issuerDomainPolicy, subjectDomainPolicy }) => ({
    issuer: issuerDomainPolicy,
    subject: subjectDomainPolicy,
  }));
}

/** Skip counts of PolicyConstraints, RFC 5280 section 4.2.1.11. */
export function policyConstraints(
  value: Uint8Array,
  field: string,
): NonNullable<Certificate['policyConstraints']> {
  const { requireExplicitPolicy, inhibitPolicyMapping } = decodeWithLibrary(
    PolicyConstraints,
    value,
    field,
  );
  const explicit = skipCerts(requireExplicitPolicy, field);
  const mapping = skipCerts(inhibitPolicyMapping, field);
  return {
    ...(explicit === undefined ? {} : { requireExplicit: explicit }),
    ...(mapping === undefined ? {} : { inhibitMapping: mapping }),
  };
}

/** OIDs of ExtendedKeyUsage, RFC 5280 section 4.2.1.12. */
export function extendedKeyUsage(value: Uint8Array, field: string): string[] {
  const purposes = [...decodeWithLibrary(ExtendedKeyUsage, value, field)];
  checkCount(purposes.length, field);
  return purposes;
}

function skipCerts(contents: ArrayBuffer | undefined, field: string): number | undefined {
  return contents === undefined ? undefined : smallInteger(new Uint8Array(contents), field);
}

function checkCount(count: number, field: string): void {
  if (count === 0 || count > MAX_POLICIES)
    throw new X509Error(field, `${count} entries, expected 1 to ${MAX_POLICIES}`);
}
