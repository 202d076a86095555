import { printerOf } from './registry.ts';

/** Configuration payload types, RFC 7296 section 3.15. */
export const ConfigType = { CFG_REQUEST: 1, CFG_REPLY: 2, CFG_SET: 3, CFG_ACK: 4 } as const;
export type ConfigType = (typeof ConfigType)[keyof typeof ConfigType];

/** IKEv2 Configuration Payload Attribute Types, RFC 7296 section 3.15.1 and later ones. */
export const ConfigAttributeType = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP4_NBNS: 4,
  INTERNAL_IP4_DHCP: 6,
  APPLICATION_VERSION: 7,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP6_DHCP: 12,
  INTERNAL_IP4_SUBNET: 13,
  SUPPORTED_ATTRIBUTES: 14,
  INTERNAL_IP6_SUBNET: 15,
  MIP6_HOME_PREFIX: 16,
  INTERNAL_IP6_LINK: 17,
  INTERNAL_IP6_PREFIX: 18,
  HOME_AGENT_ADDRESS: 19,
  P_CSCF_IP4_ADDRESS: 20,
  P_CSCF_IP6_ADDRESS: 21,
  FTT_KAT: 22,
  EXTERNAL_SOURCE_IP4_NAT_INFO: 23,
  TIMEOUT_PERIOD_FOR_LIVENESS_CHECK: 24,
  INTERNAL_DNS_DOMAIN: 25,
  INTERNAL_DNSSEC_TA: 26,
  ENCDNS_IP4: 27,
  ENCDNS_IP6: 28,
  ENCDNS_DIGEST_INFO: 29,
} as const;
export type ConfigAttributeType = (typeof ConfigAttributeType)[keyof typeof ConfigAttributeType];

/** The IANA name of a configuration attribute, `(1234)` if it is not registered. */
export const nameOfConfigAttribute: (type: number) => string = printerOf(ConfigAttributeType);

/** The name of a configuration payload type, `(1234)` if it is not registered. */
export const nameOfConfigType: (type: number) => string = printerOf(ConfigType);

/** The name charon's message summaries use inside `CPRQ(…)`, `(1234)` for attributes without one. */
export const configAttributeShortName: (type: number) => string = printerOf({
  ADDR: ConfigAttributeType.INTERNAL_IP4_ADDRESS,
  MASK: ConfigAttributeType.INTERNAL_IP4_NETMASK,
  DNS: ConfigAttributeType.INTERNAL_IP4_DNS,
  NBNS: ConfigAttributeType.INTERNAL_IP4_NBNS,
  DHCP: ConfigAttributeType.INTERNAL_IP4_DHCP,
  VER: ConfigAttributeType.APPLICATION_VERSION,
  ADDR6: ConfigAttributeType.INTERNAL_IP6_ADDRESS,
  DNS6: ConfigAttributeType.INTERNAL_IP6_DNS,
  DHCP6: ConfigAttributeType.INTERNAL_IP6_DHCP,
  SUBNET: ConfigAttributeType.INTERNAL_IP4_SUBNET,
  SUP: ConfigAttributeType.SUPPORTED_ATTRIBUTES,
  SUBNET6: ConfigAttributeType.INTERNAL_IP6_SUBNET,
  DOMAIN: ConfigAttributeType.INTERNAL_DNS_DOMAIN,
});
