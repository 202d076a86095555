import type { PublicKey, SignatureHash } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import type { Certificate, Crl, OcspResponse } from './x509/certificate.ts';

/** What came in CERT payloads of one authentication round, decoded; the first certificate is the peer's (RFC 7296 section 3.6). */
export interface ReceivedCredentials {
  readonly certificates: readonly Certificate[];
  readonly crls: readonly Crl[];
  readonly ocspResponses: readonly OcspResponse[];
  readonly rawKeys: readonly PublicKey[];
}

/**
 * A key that is said to belong to an identity: by a certificate, or by configuration as a raw key. It is judged by the constraints it was
 * asked for with; for those of another connection ask again and take the claim of the same key.
 */
export interface KeyClaim {
  readonly identity: Identity;
  readonly publicKey: PublicKey;
  readonly certificate?: Certificate;
}

/**
 * What `auth` texts demand of keys and hashes along a chain: minimal bits by kind, and hashes allowed; empty allows all. Once a kind has
 * bits, RSA and ECDSA keys that are not named are refused; keys and signatures of EdDSA and ML-DSA pass.
 */
export interface StrengthConstraints {
  readonly keys: readonly { readonly kind: PublicKey['type']['kind']; readonly bits: number }[];
  readonly hashes: readonly SignatureHash[];
}

/** What a connection demands of the peer's certificate and of its chain. */
export interface TrustConstraints {
  /** Only these certificates and raw keys are accepted, if there are any. */
  readonly certificates: readonly Certificate[];
  readonly publicKeys: readonly PublicKey[];
  /** The chain contains one of these, if there are any. */
  readonly cas: readonly Certificate[];
  /** Some CA of the chain has this identity. */
  readonly caId?: Identity;
  /** OIDs: the chain is valid for each of them. */
  readonly policies: readonly string[];
  /** The peer is a member of one of them, by an attribute certificate; empty demands none. */
  readonly groups: readonly Identity[];
  readonly revocation: 'strict' | 'ifuri' | 'relaxed';
  readonly strength: StrengthConstraints;
}

/** Alerts of vici.md that name why a certificate was not believed. */
export type CertificateAlert =
  | 'cert-expired'
  | 'cert-revoked'
  | 'cert-validation-failed'
  | 'cert-no-issuer'
  | 'cert-untrusted-root'
  | 'cert-exceeded-path-len'
  | 'cert-policy-violation';

/** Consecutive addresses, both ends included, 4 or 16 octets each. */
export interface AddressSpan {
  readonly family: 4 | 6;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Whether a claim may be believed; `reason` is for our own log and operator, never for the wire. */
export type TrustVerdict =
  | {
      readonly trusted: true;
      /** From the end entity to the trust anchor; empty for raw keys. */
      readonly chain: readonly Certificate[];
      /** The connection is not to be used after this moment, milliseconds since 1970; absent for raw keys. */
      readonly notAfter?: number;
      /** Addresses the chain grants to the peer (RFC 3779): traffic selectors stay inside. Absent if it does not speak of any. */
      readonly addressBlocks?: readonly AddressSpan[];
      /** What an operator should know although the peer is trusted, such as a revocation status that could not be had. */
      readonly warnings: readonly string[];
    }
  | { readonly trusted: false; readonly reason: string; readonly alert?: CertificateAlert };

/** What authentication with public keys asks about peers. */
export interface PeerTrust {
  /**
   * Keys that are said to belong to an identity: of the received end entity certificate if it carries the identity, of loaded certificates that
   * do, and of raw keys. Nothing is verified yet: the caller verifies the peer's signature with each first, so that a stranger with
   * somebody's certificate costs one verification and no fetching.
   */
  claims(
    identity: Identity,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
  ): readonly KeyClaim[];
  /**
   * Builds and validates the chain, and asks for revocation: only of a chain that is trusted otherwise. Never throws or rejects; at once if
   * nothing has to be verified or asked.
   */
  judge(
    claim: KeyClaim,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
  ): TrustVerdict | Promise<TrustVerdict>;
}
