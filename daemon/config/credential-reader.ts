import type { ConfiguredCertificate } from './connection-types.ts';

/** What was read, or what was found in its place. */
export type ReadCredential<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** Reads what `certs`, `cacerts` and `pubkeys` carry: PEM or DER. */
export interface CredentialReader {
  /** `ca` demands that it is a CA's. */
  certificate(blob: Uint8Array, ca: boolean): ReadCredential<ConfiguredCertificate>;
  /** A SubjectPublicKeyInfo. */
  publicKey(blob: Uint8Array): ReadCredential<Uint8Array>;
}
