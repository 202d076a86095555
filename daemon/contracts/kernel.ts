import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import type { Awaitable } from '../util/awaitable.ts';
import { IkedError } from '../util/error.ts';

/** IP protocol of an SA: 50 ESP, 51 AH, 108 IPComp. */
export type SaProtocol = 50 | 51 | 108;
export type SaMode = 'transport' | 'tunnel' | 'beet' | 'iptfs';
export type PolicyDirection = 'in' | 'out' | 'fwd';

export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/** Soft and hard limits; `0n`/0 means none. Time in seconds since the SA was added. */
export interface KernelLifetime {
  readonly softSeconds: number;
  readonly hardSeconds: number;
  readonly softBytes: bigint;
  readonly hardBytes: bigint;
  readonly softPackets: bigint;
  readonly hardPackets: bigint;
}

/** What names an SA in the kernel. */
export interface SaId {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly spi: ChildSpi;
  readonly protocol: SaProtocol;
  readonly mark?: Mark;
  readonly ifId?: number;
}

/** How traffic is aggregated and fragmented in mode `iptfs`, RFC 9347. */
export interface IptfsSettings {
  /** Inbound: microseconds to wait for a packet that is missing. */
  readonly dropTimeMicros: number;
  /** Inbound: packets that may come out of order. */
  readonly reorderWindow: number;
  /** Outbound: inner packets are not split over several outer ones. */
  readonly dontFragment: boolean;
  /** Outbound: microseconds to wait for more to send together. */
  readonly initDelayMicros: number;
  /** Outbound: octets that may wait to be sent. */
  readonly maxQueueOctets: number;
  /** Outbound: octets of outer packets, 0 for the path MTU. */
  readonly packetOctets: number;
}

export interface KernelSa extends SaId {
  readonly direction: 'in' | 'out';
  readonly reqid: number;
  readonly mode: SaMode;
  readonly lifetime: KernelLifetime;
  /** Transform ids of RFC 7296 (types 1 and 3) with keys; AEAD keys include the salt. */
  readonly encryption?: {
    readonly id: number;
    readonly keyBits?: number;
    readonly key: Uint8Array;
  };
  readonly integrity?: { readonly id: number; readonly key: Uint8Array };
  readonly esn: boolean;
  /** Packets; 0 disables replay protection. Means nothing outbound. */
  readonly replayWindow: number;
  /** UDP encapsulation, RFC 3948: ports of the outer packets; inbound a source port of 0 is any. */
  readonly encap?: { readonly sourcePort: number; readonly destinationPort: number };
  readonly setMark?: Mark;
  /** Outbound: least octets of an ESP packet; what is beyond the path MTU pads to that. */
  readonly tfcPadding?: number;
  readonly copyDf: boolean;
  readonly copyEcn: boolean;
  readonly copyDscp: 'out' | 'in' | 'yes' | 'no';
  readonly hwOffload?: 'crypto' | 'packet' | 'auto';
  /** Truncate HMAC-SHA-256 to 96 bits (`sha256_96`). */
  readonly sha256Trunc96?: boolean;
  /** Inbound: ICMP errors about protected packets pass although their source is outside the selectors. */
  readonly icmp?: boolean;
  /** Only packets of this CPU take it, RFC 9611. */
  readonly cpu?: number;
  /** Of mode `iptfs`. */
  readonly iptfs?: IptfsSettings;
  /** Selector carried by the SA itself (transport and BEET mode). */
  readonly selector?: { readonly source: TrafficSelector; readonly destination: TrafficSelector };
}

/** Where an SA leads: what changes when an end moves. */
export interface SaEnds {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Absent: no UDP encapsulation. */
  readonly encap?: NonNullable<KernelSa['encap']>;
}

/** Counters of an installed SA. */
export interface SaUsage {
  readonly bytes: bigint;
  readonly packets: bigint;
  /** Seconds since the Unix epoch, `undefined` if never used. */
  readonly lastUsed?: number;
}

/** What names a policy in the kernel. */
export interface PolicyId {
  readonly direction: PolicyDirection;
  readonly source: TrafficSelector;
  readonly destination: TrafficSelector;
  readonly mark?: Mark;
  readonly ifId?: number;
}

export interface PolicyTemplate {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** 0 matches any SPI (traps and inbound policies). */
  readonly spi: number;
  readonly protocol: SaProtocol;
  readonly mode: SaMode;
  readonly reqid: number;
  readonly optional: boolean;
}

export interface KernelPolicy extends PolicyId {
  readonly action: 'allow' | 'block';
  /** Lower wins. */
  readonly priority: number;
  readonly templates: readonly PolicyTemplate[];
  readonly interfaceName?: string;
  /** Each CPU that finds no SA of its own raises an acquire, RFC 9611. */
  readonly perCpu?: true;
  /** Outbound: ICMP errors about packets of the policy match it too. */
  readonly icmp?: true;
  /** The device with this address of ours takes over the policy (packet offload of the SAs it leads to). */
  readonly offloadTo?: IpAddress;
}

/** The SA that the kernel misses for a packet; until there is one, or this is forgotten, it does not ask again. */
export interface WantedSa {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly protocol: SaProtocol;
  readonly mode: SaMode;
  readonly reqid: number;
  readonly mark?: Mark;
  readonly ifId?: number;
}

/** A packet met a policy without an SA. */
export interface AcquireEvent {
  readonly kind: 'acquire';
  readonly reqid: number;
  /** Selectors of the packet that asked. */
  readonly source: TrafficSelector;
  readonly destination: TrafficSelector;
  /** The CPU that asks, of a policy per CPU. */
  readonly cpu?: number;
  readonly wanted: WantedSa;
}

/** What the kernel tells unasked. */
export type KernelEvent =
  | AcquireEvent
  | { readonly kind: 'expire'; readonly id: Omit<SaId, 'source'>; readonly hard: boolean }
  | {
      readonly kind: 'mapping';
      readonly id: Omit<SaId, 'source'>;
      readonly address: IpAddress;
      readonly port: number;
    }
  /** Events were lost (ENOBUFS): whoever cares dumps and compares. */
  | { readonly kind: 'overrun' };

/** A request that the kernel refused; `errno` is the positive number, `errnoName` its symbol (`EEXIST`). */
export class KernelError extends IkedError {
  readonly operation: string;
  readonly errno: number;
  readonly errnoName: string;

  constructor(
    operation: string,
    errno: number,
    errnoName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super('KERNEL', message, options);
    this.operation = operation;
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

/**
 * SAs and policies. Every call fails with {@link KernelError}. Those that a CHILD_SA is made of may have their answer at once,
 * without a promise, and then throw instead of rejecting; whoever calls them takes both.
 */
export interface KernelIpsec extends AsyncDisposable {
  readonly name: string;
  /** Whether an ESP SA with these transforms can be installed; probed once at start. */
  supports(
    protocol: SaProtocol,
    encryption: number | undefined,
    keyBits: number | undefined,
    integrity: number | undefined,
  ): boolean;
  /** Whether SAs of this mode can be installed. */
  supportsMode(mode: SaMode): boolean;
  /** CPUs that can have SAs of their own, numbered from 0 (RFC 9611); 0 if none can. */
  readonly cpus: number;
  /** Reserves an inbound SPI within min..max (inclusive). */
  allocateSpi(
    source: IpAddress,
    destination: IpAddress,
    protocol: SaProtocol,
    reqid: number,
    min: number,
    max: number,
  ): Awaitable<ChildSpi>;
  /** Installs an SA; an inbound one completes the reservation made by {@link allocateSpi}. */
  addSa(sa: KernelSa): Awaitable<void>;
  /**
   * Gives an installed SA other ends, and puts `policies`, whose templates name them, in the same go: packets meet no
   * moment in between. Keys, lifetimes, counters, marks and the replay window stay; the sequence numbers of an outbound SA
   * go on behind a gap, so that none is used twice. Ports alone change in place.
   *
   * Rejects with ESRCH if there is no such SA, EEXIST if another one is at the new ends, ENOKEY if the kernel shows no
   * keys (lockdown), EOVERFLOW if the gap has no room. The SA then stays as it was, and rekeying is the way out.
   */
  moveSa(
    sa: SaId & Pick<KernelSa, 'direction'>,
    to: SaEnds,
    policies?: readonly KernelPolicy[],
  ): Promise<void>;
  /** Removes an SA or a reserved SPI; one that is gone already is no error. */
  deleteSa(id: SaId): Awaitable<void>;
  /** Its counters; `undefined` if there is no such SA. */
  querySa(id: SaId): Awaitable<SaUsage | undefined>;
  /** Takes an acquire back that led to nothing, so that the next packet asks anew; no error if it is gone already. */
  forgetAcquire(wanted: WantedSa): Promise<void>;
  /** Adds or replaces a policy; an `exclusive` one rejects with EEXIST where its {@link PolicyId} is taken. */
  addPolicy(policy: KernelPolicy, options?: { readonly exclusive?: boolean }): Awaitable<void>;
  /** Removes a policy; one that is gone already is no error. */
  deletePolicy(id: PolicyId): Awaitable<void>;
  /** Everything installed, for recognising what a killed predecessor left. */
  listSas(): Promise<readonly (SaId & { readonly reqid: number })[]>;
  listPolicies(): Promise<readonly KernelPolicy[]>;
  /** What packets wait for, as it was told when they met their policies; for whoever may have missed that. */
  listAcquires(): Promise<readonly AcquireEvent[]>;
  onEvent(handler: (event: KernelEvent) => void): void;
}

/** Which packets a rule is for: those with a mark or, inverted, those without. */
export interface RuleMark extends Mark {
  readonly invert: boolean;
}

/** A route in the daemon's own table. */
export interface KernelRoute {
  readonly destination: IpAddress;
  readonly prefix: number;
  readonly table: number;
  readonly type: 'unicast' | 'throw';
  readonly gateway?: IpAddress;
  readonly interfaceName?: string;
  readonly source?: IpAddress;
  /** Octets of packets, and of TCP segments, over it; the interface's unless given. */
  readonly mtu?: number;
  readonly mss?: number;
}

/** What of the network changed: addresses and links, or only routes and rules. */
export type NetworkChange = 'addresses' | 'routes';

/** Addresses and routes. */
export interface KernelNet extends AsyncDisposable {
  /** Source address and interface the kernel would use towards `remote` (or from `source`), if it has a route. */
  route(
    remote: IpAddress,
    source?: IpAddress,
  ): Promise<
    | { readonly source: IpAddress; readonly interfaceName: string; readonly gateway?: IpAddress }
    | undefined
  >;
  /** Addresses of interfaces that are down. The kernel would send from them, but nothing comes back. */
  idleAddresses(): Promise<readonly IpAddress[]>;
  /** Every address configured on an interface that is up. */
  addresses(): Promise<
    readonly {
      readonly address: IpAddress;
      readonly prefix: number;
      readonly interfaceName: string;
    }[]
  >;
  /**
   * Adds a single address (prefix of 32 or 128 bits) that is no source unless asked for; rejects with EEXIST if the
   * interface has it.
   */
  addAddress(address: IpAddress, interfaceName: string): Promise<void>;
  /** Removes it; one that is gone already, even with its interface, is no error. */
  deleteAddress(address: IpAddress, interfaceName: string): Promise<void>;
  /** Name of the XFRM interface with this interface id, if there is one. */
  xfrmInterface(ifId: number): Promise<string | undefined>;
  addRoute(route: KernelRoute): Promise<void>;
  deleteRoute(route: KernelRoute): Promise<void>;
  /** `from all lookup table` at a priority, both families, perhaps for packets of a mark only; an existing rule is no error. */
  addRule(table: number, priority: number, mark?: RuleMark): Promise<void>;
  deleteRule(table: number, priority: number, mark?: RuleMark): Promise<void>;
  /** Calls back after changes, once for a burst of one kind. */
  onChange(handler: (what: NetworkChange) => void): void;
}
