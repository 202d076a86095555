import { printerOf } from './registry.ts';

/** IKEv2 Traffic Selector Types, RFC 7296 section 3.13.1, RFC 4595, RFC 9478. */
export const TsType = {
  TS_IPV4_ADDR_RANGE: 7,
  TS_IPV6_ADDR_RANGE: 8,
  TS_FC_ADDR_RANGE: 9,
  TS_SECLABEL: 10,
} as const;
export type TsType = (typeof TsType)[keyof typeof TsType];

/** The name of a traffic selector type, `(1234)` if it is not registered. */
export const nameOfTsType: (type: number) => string = printerOf(TsType);
