import type { Identity } from './identity.ts';
import type { IkeSpi } from './ike-spi.ts';
import type { Proposal } from './proposal.ts';
import type { TrafficSelector } from './traffic-selector.ts';

/** Every payload of RFC 7296 section 3 as a value; octets are copies that nobody else writes to. */
export type Payload =
  | { readonly kind: 'SA'; readonly proposals: readonly Proposal[] }
  | { readonly kind: 'KE'; readonly method: number; readonly data: Uint8Array }
  | { readonly kind: 'IDi' | 'IDr'; readonly identity: Identity }
  | { readonly kind: 'CERT'; readonly encoding: number; readonly data: Uint8Array }
  | { readonly kind: 'CERTREQ'; readonly encoding: number; readonly authorities: Uint8Array }
  | { readonly kind: 'AUTH'; readonly method: number; readonly data: Uint8Array }
  | { readonly kind: 'Nonce'; readonly data: Uint8Array }
  | NotifyPayload
  | {
      readonly kind: 'Delete';
      readonly protocol: number;
      readonly spiSize: number;
      /** Each of `spiSize` octets. */
      readonly spis: readonly Uint8Array[];
    }
  | { readonly kind: 'Vendor'; readonly data: Uint8Array }
  | { readonly kind: 'TSi' | 'TSr'; readonly selectors: readonly TrafficSelector[] }
  | { readonly kind: 'CP'; readonly type: number; readonly attributes: readonly ConfigAttribute[] }
  | { readonly kind: 'EAP'; readonly data: Uint8Array }
  | {
      readonly kind: 'Unknown';
      readonly type: number;
      readonly critical: boolean;
      readonly data: Uint8Array;
    };

/** Notify payload, RFC 7296 section 3.10. Protocol 0 and an empty SPI if it concerns no SA. */
export interface NotifyPayload {
  readonly kind: 'Notify';
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly type: number;
  readonly data: Uint8Array;
}

/** One attribute of a Configuration payload, RFC 7296 section 3.15.1. */
export interface ConfigAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export type PayloadKind = Payload['kind'];

/** A whole IKE message in the clear. */
export interface Message {
  readonly spiI: IkeSpi;
  readonly spiR: IkeSpi;
  /** Exchange type, RFC 7296 section 3.1. */
  readonly exchange: number;
  readonly isResponse: boolean;
  /** The Initiator flag: set by the *original* initiator of the IKE_SA. */
  readonly fromInitiator: boolean;
  readonly messageId: number;
  readonly payloads: readonly Payload[];
}
