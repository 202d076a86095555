import type { Identity } from '../proto/identity.ts';

/** Kinds of credentials that are not secret, in VICI's words. */
export type CredentialType = 'PUBKEY' | 'X509' | 'X509_AC' | 'X509_CRL' | 'OCSP_RESPONSE';

/** What an X.509 certificate is loaded as, in VICI's words; one with a CA basic constraint is always `CA`. */
export type CertificateFlag = 'NONE' | 'CA' | 'AA' | 'OCSP';

/** Result of handing in something: `reason` says what was found and what was expected. */
export type LoadOutcome =
  | { readonly ok: true; readonly loaded: readonly string[] }
  | { readonly ok: false; readonly reason: LoadFailure; readonly explanation: string };

/** Why a credential was refused. */
export type LoadFailure = 'garbage' | 'not-a-ca';

/** Which credentials to list; what is absent restricts nothing. */
export interface CredentialFilter {
  readonly type?: CredentialType;
  /** Restricts X.509 certificates only. */
  readonly flag?: CertificateFlag;
  readonly subject?: Identity;
}

/** One credential as it is listed. */
export interface CredentialView {
  readonly type: CredentialType;
  /** Of X.509 certificates only. */
  readonly flag?: CertificateFlag;
  readonly hasPrivateKey: boolean;
  /** DER; a SubjectPublicKeyInfo for a raw public key. */
  readonly data: Uint8Array;
  /** Of raw public keys that belong to somebody by configuration. */
  readonly subject?: Identity;
}

/** What is configured about a certification authority. */
export interface AuthorityConfig {
  readonly name: string;
  /** PEM or DER of its certificate. */
  readonly cacert: Uint8Array;
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
  /** Prefix of URIs at which its certificates are found by their SHA-1 (RFC 7296 section 3.6). */
  readonly certUriBase?: string;
}

/** What loading an authority changes: keys of swanctl.conf with another value, empty if it is new. Or why it would be refused. */
export type AuthorityDiff =
  | {
      readonly ok: true;
      readonly outcome: 'added' | 'replaced' | 'unchanged';
      readonly keys: readonly string[];
    }
  | { readonly ok: false; readonly explanation: string };

/** A loaded authority as it is listed. */
export interface AuthorityView {
  readonly name: string;
  /** Subject of its certificate. */
  readonly subject: Identity;
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
  readonly certUriBase?: string;
}

/** What steers the credentials of a daemon from outside. Shared secrets and private keys have doors of their own. */
export interface CredentialControl {
  /** Loads all that a PEM text or DER holds, or nothing of it. */
  load(type: CredentialType, flag: CertificateFlag, data: Uint8Array): LoadOutcome;
  /** Whatever matches, of every origin, in the order of {@link CredentialType} and {@link CertificateFlag}. */
  list(filter: CredentialFilter): Iterable<CredentialView>;
  /** Forgets what was fetched or received, of one type or of all. */
  flush(type?: CredentialType): void;
  /** Forgets what `load` brought, and what was fetched or received. */
  clear(): void;
  /** Adds or replaces authorities: all of them, or none if one is refused. */
  loadAuthorities(authorities: readonly AuthorityConfig[]): LoadOutcome;
  /** What loading this authority would change now. */
  compareAuthority(authority: AuthorityConfig): AuthorityDiff;
  /** False if there is none of that name. */
  unloadAuthority(name: string): boolean;
  /** In the order of loading. */
  authorities(): readonly AuthorityView[];
}
