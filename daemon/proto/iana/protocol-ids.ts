import { printerOf } from './registry.ts';

/** IKEv2 Security Protocol Identifiers, RFC 7296 section 3.3.1. */
export const ProtocolId = {
  NONE: 0,
  IKE: 1,
  AH: 2,
  ESP: 3,
  FC_ESP_HEADER: 4,
  FC_CT_AUTHENTICATION: 5,
} as const;
export type ProtocolId = (typeof ProtocolId)[keyof typeof ProtocolId];

/** The name of a security protocol, `(1234)` if it is not registered. */
export const nameOfProtocol: (protocol: number) => string = printerOf(ProtocolId);
