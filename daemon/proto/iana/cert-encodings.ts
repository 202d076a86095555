import { printerOf } from './registry.ts';

/** IKEv2 Certificate Encodings, RFC 7296 section 3.6, RFC 4806, RFC 7670. */
export const CertEncoding = {
  PKCS7_WRAPPED_X509: 1,
  PGP: 2,
  DNS_SIGNED_KEY: 3,
  X509_SIGNATURE: 4,
  KERBEROS_TOKEN: 6,
  CRL: 7,
  ARL: 8,
  SPKI: 9,
  X509_ATTRIBUTE: 10,
  RAW_RSA_KEY: 11,
  HASH_AND_URL_X509: 12,
  HASH_AND_URL_X509_BUNDLE: 13,
  OCSP_CONTENT: 14,
  RAW_PUBLIC_KEY: 15,
} as const;
export type CertEncoding = (typeof CertEncoding)[keyof typeof CertEncoding];

/** The name of a certificate encoding, `(1234)` if it is not registered. */
export const nameOfCertEncoding: (encoding: number) => string = printerOf(CertEncoding);
