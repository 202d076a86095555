import type { IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';

/** Transforms of a selected proposal, by their printed names. */
export interface AlgorithmsView {
  readonly encrAlg?: string;
  readonly encrKeysize?: number;
  readonly integAlg?: string;
  readonly integKeysize?: number;
  readonly prfAlg?: string;
  readonly dhGroup?: string;
  readonly esn?: boolean;
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
  readonly use?: number;
}

/** Read-only snapshot of a CHILD_SA. Times in seconds from now. */
export interface ChildSaView {
  readonly name: string;
  readonly uniqueId: number;
  readonly reqid: number;
  readonly state: ChildSaStateName;
  readonly mode: string;
  /** Present once installed. */
  readonly installed?: {
    readonly protocol: 'ESP' | 'AH';
    readonly encap: boolean;
    readonly spiIn: number;
    readonly spiOut: number;
    readonly markIn?: { readonly value: number; readonly mask: number };
    readonly markOut?: { readonly value: number; readonly mask: number };
    readonly ifIdIn: number;
    readonly ifIdOut: number;
    readonly algorithms: AlgorithmsView;
    readonly in: UsageView;
    readonly out: UsageView;
    readonly rekeyTime?: number;
    readonly lifeTime?: number;
    readonly installTime: number;
  };
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
  readonly initiator: boolean;
  /** Sixteen hexadecimal digits. */
  readonly initiatorSpi: string;
  readonly responderSpi: string;
  readonly natLocal: boolean;
  readonly natRemote: boolean;
  readonly natFake: boolean;
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  readonly algorithms?: AlgorithmsView;
  /** Present in state ESTABLISHED. */
  readonly established?: number;
  readonly rekeyTime?: number;
  readonly reauthTime?: number;
  readonly localVips: readonly IpAddress[];
  readonly remoteVips: readonly IpAddress[];
  readonly tasksQueued: readonly string[];
  readonly tasksActive: readonly string[];
  readonly tasksPassive: readonly string[];
  readonly children: readonly ChildSaView[];
}
