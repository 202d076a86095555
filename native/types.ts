/**
 * Plain data that crosses into the kernel. Numbers are in host order unless said otherwise; addresses are octets
 * in network order, 4 for IPv4 and 16 for IPv6, and their length decides the address family of a structure.
 */
export type IpOctets = Uint8Array;

/** A value under a mask: matches when `(packet & mask) === value`. */
export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/** `struct xfrm_selector`: which packets. Ports are host order; a mask of 0 matches any, 0xffff exactly. */
export interface Selector {
  readonly src: IpOctets;
  readonly dst: IpOctets;
  readonly srcPrefix: number;
  readonly dstPrefix: number;
  readonly srcPort: number;
  readonly srcPortMask: number;
  readonly dstPort: number;
  readonly dstPortMask: number;
  /** IP protocol, 0 for any. */
  readonly protocol: number;
  /** Interface index, 0 for any. */
  readonly ifindex: number;
  readonly user: number;
}

/** `struct xfrm_lifetime_cfg`: {@link XFRM_INF} octets or packets, or 0 seconds, is no limit. */
export interface LifetimeLimits {
  readonly softBytes: bigint;
  readonly hardBytes: bigint;
  readonly softPackets: bigint;
  readonly hardPackets: bigint;
  /** Seconds since the SA or policy was added. */
  readonly softAddSeconds: bigint;
  readonly hardAddSeconds: bigint;
  /** Seconds since it was first used. */
  readonly softUseSeconds: bigint;
  readonly hardUseSeconds: bigint;
}

/** `struct xfrm_lifetime_cur`; times are seconds since the Unix epoch, 0 for never. */
export interface LifetimeUse {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly addTime: bigint;
  readonly useTime: bigint;
}

/** `struct xfrm_stats`: packets refused by an SA. */
export interface SaStats {
  readonly replayWindow: number;
  readonly replay: number;
  readonly integrityFailed: number;
}

/** An algorithm by its kernel name (`cbc(aes)`); keys belong to the caller and are not kept. */
export interface Algorithm {
  readonly name: string;
  readonly key: Uint8Array;
}

/** `struct xfrm_algo_auth` when `truncateBits` is given, else `struct xfrm_algo`. */
export interface AuthAlgorithm extends Algorithm {
  readonly truncateBits?: number;
}

/** `struct xfrm_algo_aead`; the key ends with the salt. */
export interface AeadAlgorithm extends Algorithm {
  readonly icvBits: number;
}

/** `struct xfrm_encap_tmpl`, ports in host order. */
export interface Encap {
  /** {@link EncapType}. */
  readonly type: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** The peer's address before NAT, RFC 3947 section 5. */
  readonly originalAddress?: IpOctets;
}

/** Sequence numbers of an SA; the high halves are 0 without ESN. */
export interface ReplayState {
  readonly oseq: number;
  readonly oseqHigh: number;
  readonly seq: number;
  readonly seqHigh: number;
  /** Which of the last packets came, as words of 32 bits; absent when none did. */
  readonly bitmap?: readonly number[];
}

/** `struct xfrm_user_offload`; flags of {@link OffloadFlag}. */
export interface Offload {
  readonly ifindex: number;
  readonly flags: number;
}

/** IP-TFS (RFC 9347), kernels of 6.14 and later; what is left out is the kernel's default. */
export interface Iptfs {
  /** Inbound: microseconds to wait for a packet that is missing. */
  readonly dropTimeMicros?: number;
  /** Inbound: packets that may come out of order. */
  readonly reorderWindow?: number;
  /** Outbound: packets are not split over several outer ones. */
  readonly dontFragment?: boolean;
  /** Outbound: microseconds to wait for more to send together. */
  readonly initDelayMicros?: number;
  /** Outbound: octets that may wait to be sent. */
  readonly maxQueueOctets?: number;
  /** Outbound: octets of outer packets, 0 for the path MTU. */
  readonly packetOctets?: number;
}

/** What names an SA. */
export interface SaId {
  readonly dst: IpOctets;
  /** Host order, 0..0xffffffff. */
  readonly spi: number;
  /** IP protocol: 50 ESP, 51 AH, 108 IPComp. */
  readonly protocol: number;
  readonly src?: IpOctets;
  readonly mark?: Mark;
  readonly ifId?: number;
}

/** An SA as NEWSA and UPDSA take it. */
export interface Sa extends SaId {
  readonly src: IpOctets;
  /** {@link XfrmMode}. */
  readonly mode: number;
  readonly reqid: number;
  /** Absent: the SA takes any packet that a policy sends to it. */
  readonly selector?: Selector;
  readonly lifetime?: LifetimeLimits;
  /** Packets; above 32 or with `esn` the kernel's ESN structure carries it. */
  readonly replayWindow: number;
  readonly esn: boolean;
  /** Where sequence numbers go on; all zero when absent. */
  readonly replay?: ReplayState;
  /** Where the counters go on; a new SA starts with zero, now. */
  readonly startUse?: LifetimeUse;
  /** {@link SaFlag}; ESN is set by `esn`. */
  readonly flags: number;
  /** {@link SaExtraFlag}. */
  readonly extraFlags?: number;
  /** Sequence number of the ACQUIRE that this SA answers, 0 for none. */
  readonly seq?: number;
  readonly crypt?: Algorithm;
  readonly auth?: AuthAlgorithm;
  readonly aead?: AeadAlgorithm;
  readonly comp?: Algorithm;
  readonly encap?: Encap;
  readonly setMark?: Mark;
  readonly offload?: Offload;
  /** Octets that packets are padded to. */
  readonly tfcPad?: number;
  /** Told to kernels of 6.10 and later. */
  readonly direction?: 'in' | 'out';
  /** Seconds between NAT keepalives that the kernel sends itself, kernels of 6.11 and later. */
  readonly natKeepaliveSeconds?: number;
  /**
   * Of an inbound SA with {@link encap}: seconds until the kernel tells again of the port that packets come from, as long as it is the
   * same; without it every packet from another port than `encap.srcPort` is told (`mapping`). Kernels of 5.17 and later.
   */
  readonly mappingPauseSeconds?: number;
  /** The only CPU whose packets take it, kernels of 6.13 and later (RFC 9611). */
  readonly cpu?: number;
  /** Of an SA in mode IPTFS. */
  readonly iptfs?: Iptfs;
}

/** An SA as the kernel describes it. */
export interface SaInfo extends Sa {
  readonly lifetime: LifetimeLimits;
  readonly current: LifetimeUse;
  readonly stats: SaStats;
  /** Seconds since the Unix epoch. */
  readonly lastUsed?: bigint;
}

/** `struct xfrm_user_tmpl`: an SA that packets of a policy must have passed, or will be given. */
export interface PolicyTemplate {
  /** Any address when unspecified (all zero). */
  readonly src: IpOctets;
  readonly dst: IpOctets;
  /** 0 matches any. */
  readonly spi: number;
  readonly protocol: number;
  readonly mode: number;
  readonly reqid: number;
  readonly optional: boolean;
  /** {@link XfrmShare}, normally 0. */
  readonly share?: number;
}

export type PolicyDirection = 'in' | 'out' | 'fwd';

/** What names a policy: by selector, or by `index` when that is not 0. */
export interface PolicyId {
  readonly selector: Selector;
  readonly direction: PolicyDirection;
  readonly index?: number;
  readonly mark?: Mark;
  readonly ifId?: number;
}

/** A policy as NEWPOLICY and UPDPOLICY take it. */
export interface Policy extends PolicyId {
  readonly action: 'allow' | 'block';
  /** Lower wins. */
  readonly priority: number;
  /** {@link PolicyFlag}. */
  readonly flags: number;
  readonly share?: number;
  readonly lifetime?: LifetimeLimits;
  readonly templates: readonly PolicyTemplate[];
  /** 0 main, 1 sub. */
  readonly type?: number;
  readonly offload?: Offload;
}

/** A policy as the kernel describes it. */
export interface PolicyInfo extends Policy {
  readonly index: number;
  /** A policy of one socket, which only that socket can remove. */
  readonly socket?: true;
  readonly lifetime: LifetimeLimits;
  readonly current: LifetimeUse;
}

/** One SA that MIGRATE moves from its old to its new addresses. */
export interface MigrateStep {
  readonly oldSrc: IpOctets;
  readonly oldDst: IpOctets;
  readonly newSrc: IpOctets;
  readonly newDst: IpOctets;
  readonly protocol: number;
  readonly mode: number;
  readonly reqid: number;
}

/** `XFRM_MSG_MIGRATE`: the policy, its steps, and what else moves with them. */
export interface Migrate {
  readonly policy: PolicyId;
  readonly steps: readonly MigrateStep[];
  /** Addresses for the key manager, told to listeners. */
  readonly kmAddress?: { readonly local: IpOctets; readonly remote: IpOctets };
  readonly encap?: Encap;
  readonly offload?: Offload;
}

/** What the kernel tells unasked. */
export type XfrmEvent =
  | {
      readonly kind: 'acquire';
      /** Addresses and protocol of the SA that is missing. */
      readonly src: IpOctets;
      readonly dst: IpOctets;
      readonly protocol: number;
      /** The packet that asked. */
      readonly selector: Selector;
      readonly policy: PolicyInfo;
      /** Goes into {@link Sa.seq} of the answer. */
      readonly seq: number;
      /** The CPU that asks, of policies with `CPU_ACQUIRE`. */
      readonly cpu?: number;
    }
  | { readonly kind: 'expire'; readonly sa: SaInfo; readonly hard: boolean }
  | { readonly kind: 'policy-expire'; readonly policy: PolicyInfo; readonly hard: boolean }
  | {
      readonly kind: 'mapping';
      readonly sa: SaId;
      readonly reqid: number;
      readonly oldSrc: IpOctets;
      readonly oldPort: number;
      readonly newSrc: IpOctets;
      readonly newPort: number;
    }
  | { readonly kind: 'migrate'; readonly migrate: Migrate }
  /** Another message of a group that was joined: its type and its body, undecoded. */
  | { readonly kind: 'other'; readonly type: number; readonly body: Uint8Array }
  /** A message that could not be read. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** Events were lost (ENOBUFS): whoever cares dumps and compares. */
  | { readonly kind: 'overrun' };

/** An address of an interface, `struct ifaddrmsg`. */
export interface InterfaceAddress {
  readonly address: IpOctets;
  readonly prefix: number;
  readonly ifindex: number;
  /** `rt_scope_t`: 0 global, 253 link, 254 host. */
  readonly scope: number;
  /** {@link AddressFlag}. */
  readonly flags: number;
  /** Far end of a point-to-point link. */
  readonly peer?: IpOctets;
  readonly label?: string;
  /**
   * When adding: seconds for which it may be chosen as a source address; 0 keeps it from ever being chosen (IPv6). It
   * stays valid for ever.
   */
  readonly preferredSeconds?: number;
}

/** An interface, `struct ifinfomsg`. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** {@link LinkFlag}. */
  readonly flags: number;
  readonly mtu: number;
  /** Index of the interface it sits on. */
  readonly parent?: number;
  /** `xfrm`, `veth`, ... */
  readonly linkKind?: string;
  /** Of a `xfrm` interface. */
  readonly ifId?: number;
}

/** A route, `struct rtmsg`. The default route has no `dst` and prefix 0. */
export interface Route {
  readonly family: 4 | 6;
  readonly dst?: IpOctets;
  readonly prefix: number;
  readonly table: number;
  /** {@link RouteType}. */
  readonly type: number;
  /** {@link RouteProtocol}. */
  readonly protocol: number;
  /** `rt_scope_t`. */
  readonly scope: number;
  readonly gateway?: IpOctets;
  readonly ifindex?: number;
  /** Preferred source address. */
  readonly source?: IpOctets;
  readonly metric?: number;
  readonly mtu?: number;
  /** Largest TCP segment that is announced over it, `RTAX_ADVMSS`. */
  readonly mss?: number;
}

/** A policy routing rule, `struct fib_rule_hdr`. */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  /** {@link RuleAction}; 1 is "look up the table". */
  readonly action: number;
  readonly src?: { readonly address: IpOctets; readonly prefix: number };
  readonly dst?: { readonly address: IpOctets; readonly prefix: number };
  readonly mark?: Mark;
  /** Matches when the mark does *not*. */
  readonly invert?: boolean;
}

/** A change of the network configuration. */
export type RouteEvent =
  | { readonly kind: 'address'; readonly gone: boolean; readonly address: InterfaceAddress }
  | { readonly kind: 'link'; readonly gone: boolean; readonly link: Link }
  | { readonly kind: 'route'; readonly gone: boolean; readonly route: Route }
  | { readonly kind: 'rule'; readonly gone: boolean; readonly rule: Rule }
  | { readonly kind: 'other'; readonly type: number; readonly body: Uint8Array }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'overrun' };
