import { IdType } from './iana/id-types.ts';

/**
 * Types an identity can have in the configuration beside those of RFC 7296 section 3.5. Subnets are an address
 * and its mask, ranges two addresses; URIs use a number of the private range.
 */
export const ConfiguredIdType = {
  ...IdType,
  ANY: 0,
  ID_IPV4_ADDR_SUBNET: 4,
  ID_IPV6_ADDR_SUBNET: 6,
  ID_IPV4_ADDR_RANGE: 7,
  ID_IPV6_ADDR_RANGE: 8,
  ID_URI: 201,
} as const;
