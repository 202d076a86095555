import { printerOf } from './registry.ts';

/** IKEv2 Identification Payload ID Types, RFC 7296 section 3.5. Zero is reserved on the wire. */
export const IdType = {
  ID_IPV4_ADDR: 1,
  ID_FQDN: 2,
  ID_RFC822_ADDR: 3,
  ID_IPV6_ADDR: 5,
  ID_DER_ASN1_DN: 9,
  ID_DER_ASN1_GN: 10,
  ID_KEY_ID: 11,
  ID_FC_NAME: 12,
  ID_NULL: 13,
} as const;
export type IdType = (typeof IdType)[keyof typeof IdType];

/** The name of an ID type, `(1234)` if it is not registered. */
export const nameOfIdType: (type: number) => string = printerOf(IdType);
