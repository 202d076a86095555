import { printerOf } from './registry.ts';

/** IKEv2 Payload Types, RFC 7296 section 3.2. */
export const PayloadType = {
  NONE: 0,
  SA: 33,
  KE: 34,
  IDi: 35,
  IDr: 36,
  CERT: 37,
  CERTREQ: 38,
  AUTH: 39,
  NONCE: 40,
  NOTIFY: 41,
  DELETE: 42,
  VENDOR: 43,
  TSi: 44,
  TSr: 45,
  SK: 46,
  CP: 47,
  EAP: 48,
  GSPM: 49,
  IDg: 50,
  GSA: 51,
  KD: 52,
  SKF: 53,
  PS: 54,
} as const;
export type PayloadType = (typeof PayloadType)[keyof typeof PayloadType];

/** The name of a payload type, `(1234)` if it is not registered. */
export const nameOfPayloadType: (type: number) => string = printerOf(PayloadType);
