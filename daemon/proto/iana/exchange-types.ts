import { printerOf } from './registry.ts';

/** IKEv2 Exchange Types, RFC 7296 section 3.1, RFC 5723, RFC 9242, RFC 9370. */
export const ExchangeType = {
  IKE_SA_INIT: 34,
  IKE_AUTH: 35,
  CREATE_CHILD_SA: 36,
  INFORMATIONAL: 37,
  IKE_SESSION_RESUME: 38,
  GSA_AUTH: 39,
  GSA_REGISTRATION: 40,
  GSA_REKEY: 41,
  GSA_INBAND_REKEY: 42,
  IKE_INTERMEDIATE: 43,
  IKE_FOLLOWUP_KE: 44,
} as const;
export type ExchangeType = (typeof ExchangeType)[keyof typeof ExchangeType];

/** The name of an exchange type, `(1234)` if it is not registered. */
export const exchangeName: (type: number) => string = printerOf(ExchangeType);
