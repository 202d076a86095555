/** Numbers of `<linux/rtnetlink.h>` and its neighbours. */
export const RtMsg = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
} as const;

/** Multicast groups. */
export const RtGroup = {
  LINK: 1,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV4_RULE: 8,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
  IPV6_RULE: 19,
} as const;

export const LinkAttr = { IFNAME: 3, MTU: 4, LINK: 5, LINKINFO: 18 } as const;
export const LinkInfoAttr = { KIND: 1, DATA: 2 } as const;
/** Attributes of a link of kind `xfrm`. */
export const XfrmLinkAttr = { LINK: 1, IF_ID: 2 } as const;
export const AddressAttr = { ADDRESS: 1, LOCAL: 2, LABEL: 3, CACHEINFO: 6, FLAGS: 8 } as const;
export const RouteAttr = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
  SRC: 2,
} as const;
export const RouteMetric = { MTU: 2, ADVMSS: 8 } as const;
export const RuleAttr = { DST: 1, SRC: 2, PRIORITY: 6, FWMARK: 10, TABLE: 15, FWMASK: 16 } as const;

/** {@link Link.flags}. */
export const LinkFlag = { UP: 1, LOOPBACK: 8, POINTOPOINT: 16, RUNNING: 64 } as const;
/** {@link InterfaceAddress.flags}. */
export const AddressFlag = {
  NODAD: 2,
  DADFAILED: 8,
  DEPRECATED: 32,
  TENTATIVE: 64,
  PERMANENT: 128,
} as const;
/** {@link Route.type}. */
export const RouteType = { UNICAST: 1, LOCAL: 2, BLACKHOLE: 6, UNREACHABLE: 7, THROW: 9 } as const;
/** {@link Route.protocol}. */
export const RouteProtocol = { KERNEL: 2, BOOT: 3, STATIC: 4 } as const;
export const RouteScope = { UNIVERSE: 0, LINK: 253, HOST: 254, NOWHERE: 255 } as const;
export const RouteTable = { UNSPEC: 0, DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;
/** {@link Rule.action}. */
export const RuleAction = { TO_TABLE: 1 } as const;
/** `FIB_RULE_INVERT`. */
export const RULE_INVERT = 2;
