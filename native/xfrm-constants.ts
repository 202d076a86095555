/** Numbers of `<linux/xfrm.h>`, kernel 6.14; newer ones than a kernel knows are refused or ignored by it. */
export const XfrmMsg = {
  NEWSA: 0x10,
  DELSA: 0x11,
  GETSA: 0x12,
  NEWPOLICY: 0x13,
  DELPOLICY: 0x14,
  GETPOLICY: 0x15,
  ALLOCSPI: 0x16,
  ACQUIRE: 0x17,
  EXPIRE: 0x18,
  UPDPOLICY: 0x19,
  UPDSA: 0x1a,
  POLEXPIRE: 0x1b,
  FLUSHSA: 0x1c,
  FLUSHPOLICY: 0x1d,
  NEWAE: 0x1e,
  GETAE: 0x1f,
  REPORT: 0x20,
  MIGRATE: 0x21,
  NEWSADINFO: 0x22,
  GETSADINFO: 0x23,
  NEWSPDINFO: 0x24,
  GETSPDINFO: 0x25,
  MAPPING: 0x26,
} as const;

export const XfrmAttr = {
  ALG_AUTH: 1,
  ALG_CRYPT: 2,
  ALG_COMP: 3,
  ENCAP: 4,
  TMPL: 5,
  SA: 6,
  POLICY: 7,
  SEC_CTX: 8,
  LTIME_VAL: 9,
  REPLAY_VAL: 10,
  SRCADDR: 13,
  COADDR: 14,
  LASTUSED: 15,
  POLICY_TYPE: 16,
  MIGRATE: 17,
  ALG_AEAD: 18,
  KMADDRESS: 19,
  ALG_AUTH_TRUNC: 20,
  MARK: 21,
  TFCPAD: 22,
  REPLAY_ESN_VAL: 23,
  SA_EXTRA_FLAGS: 24,
  PROTO: 25,
  ADDRESS_FILTER: 26,
  OFFLOAD_DEV: 28,
  SET_MARK: 29,
  SET_MARK_MASK: 30,
  IF_ID: 31,
  MTIMER_THRESH: 32,
  SA_DIR: 33,
  NAT_KEEPALIVE_INTERVAL: 34,
  SA_PCPU: 35,
  IPTFS_DROP_TIME: 36,
  IPTFS_REORDER_WINDOW: 37,
  IPTFS_DONT_FRAG: 38,
  IPTFS_INIT_DELAY: 39,
  IPTFS_MAX_QSIZE: 40,
  IPTFS_PKT_SIZE: 41,
} as const;

/** Multicast groups. */
export const XfrmGroup = {
  ACQUIRE: 1,
  EXPIRE: 2,
  SA: 3,
  POLICY: 4,
  AEVENTS: 5,
  REPORT: 6,
  MIGRATE: 7,
  MAPPING: 8,
} as const;

export const XfrmMode = {
  TRANSPORT: 0,
  TUNNEL: 1,
  ROUTEOPTIMIZATION: 2,
  BEET: 4,
  IPTFS: 5,
} as const;

/** {@link Sa.flags}. */
export const SaFlag = {
  NOECN: 1,
  DECAP_DSCP: 2,
  NOPMTUDISC: 4,
  WILDRECV: 8,
  ICMP: 16,
  AF_UNSPEC: 32,
  ALIGN4: 64,
  ESN: 128,
} as const;

/** {@link Sa.extraFlags}. */
export const SaExtraFlag = { DONT_ENCAP_DSCP: 1, OSEQ_MAY_WRAP: 2 } as const;

/** {@link Policy.flags}. */
export const PolicyFlag = { LOCALOK: 1, ICMP: 2, CPU_ACQUIRE: 4 } as const;

export const XfrmShare = { ANY: 0, SESSION: 1, USER: 2, UNIQUE: 3 } as const;

/** {@link Encap.type}, `<linux/udp.h>` and espintcp. */
export const EncapType = { ESPINUDP: 2, ESPINTCP: 7 } as const;

/** {@link Offload.flags}. */
export const OffloadFlag = { INBOUND: 2, PACKET: 4 } as const;

/** No limit of octets or packets. */
export const XFRM_INF = 0xffff_ffff_ffff_ffffn;

export const AF_INET = 2;
export const AF_INET6 = 10;
