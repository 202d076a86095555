import type { IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';

/** Transforms of a selected proposal, by their printed names. */
export interface AlgorithmsView {
  readonly encrAlg?: string | undefined;
  readonly encrKeysize?: number | undefined;
  readonly integAlg?: string | undefined;
  readonly integKeysize?: number | undefined;
  readonly prfAlg?: string | undefined;
  readonly dhGroup?: string | undefined;
  /** Additional key exchanges (RFC 9370) by their number, 1 to 7. */
  readonly additionalKe?: readonly { readonly number: number; readonly name: string }[] | undefined;
  readonly esn?: boolean | undefined;
}

export type IkeSaStateName =
  | 'CREATED'
  | 'CONNECTING'
  | 'ESTABLISHED'
  | 'PASSIVE'
  | 'REKEYING'
  | 'REKEYED'
  | 'DELETING'
  | 'DESTROYING';

export type ChildSaStateName =
  | 'CREATED'
  | 'ROUTED'
  | 'INSTALLING'
  | 'INSTALLED'
  | 'UPDATING'
  | 'REKEYING'
  | 'REKEYED'
  | 'RETRYING'
  | 'DELETING'
  | 'DELETED'
  | 'DESTROYING';

/** Counters of one direction; `use` is seconds since the last packet, absent if there was none. */
export interface UsageView {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly use?: number | undefined;
}

/** What is in the kernel of a CHILD_SA. Times in seconds from now. */
export interface InstalledView {
  readonly protocol: 'ESP' | 'AH';
  readonly encap: boolean;
  readonly spiIn: number;
  readonly spiOut: number;
  /** IPComp, RFC 3173: both or neither. */
  readonly cpiIn?: number | undefined;
  readonly cpiOut?: number | undefined;
  readonly markIn?: { readonly value: number; readonly mask: number } | undefined;
  readonly markOut?: { readonly value: number; readonly mask: number } | undefined;
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  /** The CHILD_SA is one of several, RFC 9611; `cpu` is the one it is bound to. */
  readonly perCpuSas?: boolean | undefined;
  readonly cpu?: number | undefined;
  readonly algorithms: AlgorithmsView;
  readonly in: UsageView;
  readonly out: UsageView;
  readonly rekeyTime?: number | undefined;
  readonly lifeTime?: number | undefined;
  readonly installTime: number;
}

/** Read-only snapshot of a CHILD_SA. Times in seconds from now. */
export interface ChildSaView {
  readonly name: string;
  readonly uniqueId: number;
  readonly reqid: number;
  readonly state: ChildSaStateName;
  /** In capitals; `TRANSPORT_PROXY` for transport mode on behalf of others. */
  readonly mode: string;
  /** Security label, octets as they are on the wire. */
  readonly label?: Uint8Array | undefined;
  /** Present once installed. */
  readonly installed?: InstalledView | undefined;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
}

/** Read-only snapshot of an IKE_SA. Times in seconds from now. */
export interface IkeSaView {
  /** Connection name, `(unnamed)` while none is assigned. */
  readonly name: string;
  readonly uniqueId: number;
  readonly state: IkeSaStateName;
  readonly localHost: IpAddress;
  readonly localPort: number;
  /** Printed identity, `%any` if unset. */
  readonly localId: string;
  readonly remoteHost: IpAddress;
  readonly remotePort: number;
  readonly remoteId: string;
  /** Identity that EAP proved, if another than `remoteId`. */
  readonly remoteEapId?: string | undefined;
  readonly initiator: boolean;
  /** Sixteen hexadecimal digits. */
  readonly initiatorSpi: string;
  readonly responderSpi: string;
  readonly natLocal: boolean;
  readonly natRemote: boolean;
  readonly natFake: boolean;
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  readonly algorithms?: AlgorithmsView | undefined;
  /** A post-quantum preshared key was used, RFC 8784. */
  readonly ppk?: boolean | undefined;
  /** Present in state ESTABLISHED. */
  readonly established?: number | undefined;
  /** Negative when overdue. */
  readonly rekeyTime?: number | undefined;
  readonly reauthTime?: number | undefined;
  readonly localVips: readonly IpAddress[];
  readonly remoteVips: readonly IpAddress[];
  readonly tasksQueued: readonly string[];
  readonly tasksActive: readonly string[];
  readonly tasksPassive: readonly string[];
  readonly children: readonly ChildSaView[];
}

/** Read-only snapshot of an installed trap or shunt. */
export interface PolicyView {
  readonly kind: 'trap' | 'pass' | 'drop';
  readonly ike: string;
  readonly child: string;
  /** Of traps only. */
  readonly reqid?: number;
  readonly mode: string;
  /** Printed selectors; `dynamic` where a shunt leaves it so. */
  readonly localTs: readonly string[];
  readonly remoteTs: readonly string[];
}
