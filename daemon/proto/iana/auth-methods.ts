import { printerOf } from './registry.ts';

/** IKEv2 Authentication Methods, RFC 7296 section 3.8, RFC 4754, RFC 6467, RFC 7427, RFC 7619. */
export const AuthMethod = {
  RSA_DIGITAL_SIGNATURE: 1,
  SHARED_KEY_MIC: 2,
  DSS_DIGITAL_SIGNATURE: 3,
  ECDSA_SHA256_P256: 9,
  ECDSA_SHA384_P384: 10,
  ECDSA_SHA512_P521: 11,
  GENERIC_SECURE_PASSWORD: 12,
  NULL: 13,
  DIGITAL_SIGNATURE: 14,
} as const;
export type AuthMethod = (typeof AuthMethod)[keyof typeof AuthMethod];

/** The name of an authentication method, `(1234)` if it is not registered. */
export const nameOfAuthMethod: (method: number) => string = printerOf(AuthMethod);
