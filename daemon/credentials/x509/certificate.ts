import type { PublicKey, SignatureScheme } from '../../contracts/signatures.ts';
import type { Identity } from '../../proto/identity.ts';

/** What every signed object has: certificates, CRLs, OCSP responses, attribute certificates. */
export interface SignedObject {
  /** The whole object as received, DER. */
  readonly der: Uint8Array;
  /** SHA-256 of `der`, hex: the key of every cache. */
  readonly fingerprint: string;
  /** The octets that are signed. */
  readonly tbs: Uint8Array;
  /** Inner and outer algorithm were compared when decoding; `undefined` is one that we cannot verify. */
  readonly scheme: SignatureScheme | undefined;
  readonly signature: Uint8Array;
}

/** GeneralName, RFC 5280 section 4.2.1.6. Text is IA5 as received. */
export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly text: string }
  /** A Name, DER. */
  | { readonly kind: 'directory'; readonly name: Uint8Array }
  /** 4 or 16 octets; in name constraints 8 or 32, address and mask. */
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'other'; readonly oid: string; readonly value: Uint8Array }
  | { readonly kind: 'x400' | 'ediParty' | 'registeredId'; readonly value: Uint8Array };

/** RFC 5280 section 4.2.1.3. */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

/** RFC 5280 section 4.2.1.13. */
export interface DistributionPoint {
  /** URIs of its full name; other forms are in `names`. */
  readonly uris: readonly string[];
  readonly names: readonly GeneralName[];
  /** DER of a RelativeDistinguishedName, relative to the CRL's issuer. */
  readonly relativeName?: Uint8Array;
  /** Names of the issuer of an indirect CRL; empty if it is the certificate's issuer. */
  readonly crlIssuers: readonly GeneralName[];
  /** Absent means all reasons. */
  readonly reasons?: ReadonlySet<string>;
}

/** One family of RFC 3779 section 2: ranges of addresses, or `inherit`. */
export interface AddressFamilyBlocks {
  readonly family: 4 | 6;
  readonly safi?: number;
  readonly ranges: 'inherit' | readonly { readonly from: Uint8Array; readonly to: Uint8Array }[];
}

/** A decoded X.509 certificate, RFC 5280. Nothing in it has been verified; it is well-formed, that is all. */
export interface Certificate extends SignedObject {
  readonly kind: 'x509';
  /** Contents of its INTEGER as received: `00ff` is 255 and `ff` is -1, which are two serial numbers. */
  readonly serial: Uint8Array;
  /** Names, DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Names in a form in which those that RFC 5280 section 7.1 calls equal are equal text: see `nameKey`. */
  readonly issuerKey: string;
  readonly subjectKey: string;
  /** Milliseconds since 1970, inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** `undefined` if it is of a kind that we do not know, or must be refused. */
  readonly publicKey: PublicKey | undefined;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: {
    readonly keyId?: Uint8Array;
    readonly serial?: Uint8Array;
    readonly issuers: readonly GeneralName[];
  };
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** OIDs, dotted. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltNames: readonly GeneralName[];
  readonly nameConstraints?: {
    readonly permitted: readonly GeneralName[];
    readonly excluded: readonly GeneralName[];
  };
  readonly policies?: readonly string[];
  readonly policyMappings: readonly { readonly issuer: string; readonly subject: string }[];
  readonly policyConstraints?: {
    readonly requireExplicit?: number;
    readonly inhibitMapping?: number;
  };
  readonly inhibitAnyPolicy?: number;
  readonly crlDistributionPoints: readonly DistributionPoint[];
  readonly freshestCrl: readonly DistributionPoint[];
  readonly ocspUris: readonly string[];
  readonly caIssuerUris: readonly string[];
  readonly addressBlocks?: readonly AddressFamilyBlocks[];
  /** RFC 6960 section 4.2.2.2.1. */
  readonly ocspNoCheck: boolean;
  /** Critical extensions that we do not process: a path with such a certificate is refused. */
  readonly unknownCritical: readonly string[];
  /** What the certificate proves: its subject, its subjectAltNames, and the key id (proposals.md, section 6). */
  readonly identities: readonly Identity[];
}

/** One entry of a CRL. */
export interface RevokedEntry {
  readonly serial: Uint8Array;
  readonly date: number;
  /** RFC 5280 section 5.3.1; `removeFromCRL` in delta CRLs. */
  readonly reason?: string;
  /** Normalized name of the issuer of the certificate, in indirect CRLs. */
  readonly issuerKey: string;
}

/** A decoded CRL, RFC 5280 section 5. */
export interface Crl extends SignedObject {
  readonly kind: 'crl';
  readonly issuer: Uint8Array;
  readonly issuerKey: string;
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly crlNumber?: bigint;
  /** Present in delta CRLs: the number of the base. */
  readonly baseCrlNumber?: bigint;
  readonly authorityKeyId?: Certificate['authorityKeyId'];
  readonly issuingDistributionPoint?: {
    readonly point: DistributionPoint;
    readonly onlyUserCerts: boolean;
    readonly onlyCaCerts: boolean;
    readonly onlyAttributeCerts: boolean;
    readonly indirect: boolean;
  };
  readonly freshestCrl: readonly DistributionPoint[];
  readonly unknownCritical: readonly string[];
  /** The entry of a certificate: one lookup, however long the list is. */
  find(issuerKey: string, serial: Uint8Array): RevokedEntry | undefined;
  readonly size: number;
}

/** Whom a CertID of OCSP names, RFC 6960 section 4.1.1. */
export interface OcspCertId {
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  readonly serial: Uint8Array;
}

/** One answer about one certificate. */
export interface OcspSingleResponse {
  readonly id: OcspCertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revokedAt?: number;
  readonly reason?: string;
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
}

/** A decoded OCSP response that says `successful`, RFC 6960 section 4.2.1. */
export interface OcspResponse extends SignedObject {
  readonly kind: 'ocsp';
  /** Who signed: a name (as DER, and normalized) or the SHA-1 of a key. */
  readonly responder:
    | { readonly name: Uint8Array; readonly nameKey: string }
    | { readonly keyHash: Uint8Array };
  readonly producedAt: number;
  readonly responses: readonly OcspSingleResponse[];
  readonly nonce?: Uint8Array;
  /** Certificates that came along, decoded; those that are garbage are left out. */
  readonly certificates: readonly Certificate[];
  readonly unknownCritical: readonly string[];
}

/** Whose attributes an attribute certificate states, RFC 5755 section 4.2.2; whatever is there must fit. */
export interface AttributeHolder {
  /** Issuer (as DER and normalized) and serial number of the holder's certificate. */
  readonly certificate?: {
    readonly issuer: Uint8Array;
    readonly issuerKey: string;
    readonly serial: Uint8Array;
  };
  /** Names of the holder. */
  readonly names: readonly GeneralName[];
  /** Digest of the holder's public key (SubjectPublicKeyInfo) or of its whole certificate. */
  readonly digest?: {
    readonly of: 'publicKey' | 'certificate';
    readonly hash: OcspCertId['hash'];
    readonly value: Uint8Array;
  };
}

/** A value of the group attribute, RFC 5755 section 4.4.4: octets and strings as they are, object identifiers as dotted text. */
export interface AttributeGroup {
  readonly kind: 'octets' | 'oid' | 'text';
  readonly value: Uint8Array;
}

/** A decoded attribute certificate, RFC 5755. */
export interface AttributeCertificate extends SignedObject {
  readonly kind: 'ac';
  readonly holder: AttributeHolder;
  /** Name of the attribute authority, as DER and normalized. */
  readonly issuer: Uint8Array;
  readonly issuerKey: string;
  readonly serial: Uint8Array;
  /** Milliseconds since 1970, inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly groups: readonly AttributeGroup[];
  readonly authorityKeyId?: Certificate['authorityKeyId'];
  readonly unknownCritical: readonly string[];
}
