import type { IptfsSettings, KernelLifetime, Mark, SaMode } from '../contracts/kernel.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';

/** Everything negotiated and configured for one CHILD_SA, from our point of view: "in" is towards us. */
export interface ChildSaSpec {
  /** 50 ESP, 51 AH. */
  readonly protocol: 50 | 51;
  readonly mode: SaMode;
  readonly reqid: number;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** Ours, reserved by `allocateSpi`. */
  readonly spiIn: ChildSpi;
  /** The peer's. */
  readonly spiOut: ChildSpi;
  /** Transform type 1; AEAD keys end with the salt. The key octets are read until `install` settles, never kept. */
  readonly encryption?: {
    readonly id: number;
    readonly keyBits?: number;
    readonly keyIn: Uint8Array;
    readonly keyOut: Uint8Array;
  };
  /** Transform type 3; absent with AEAD. */
  readonly integrity?: {
    readonly id: number;
    readonly keyIn: Uint8Array;
    readonly keyOut: Uint8Array;
  };
  readonly esn: boolean;
  /** Packets; 0 disables replay protection. */
  readonly replayWindow: number;
  readonly lifetime: KernelLifetime;
  /** UDP encapsulation (RFC 3948) with these ports. */
  readonly encap?: { readonly localPort: number; readonly remotePort: number };
  /**
   * Where it is encapsulated, it sends from this port instead of `encap.localPort`, so that what spreads load by ports tells it
   * from its sisters (RFC 9611); the peer may then send from any port.
   */
  readonly sendPort?: number;
  /** IPComp (RFC 3173, deflate) within it: ours is reserved, the other is the peer's. Of tunnel and transport mode only. */
  readonly ipcomp?: { readonly cpiIn: ChildSpi; readonly cpiOut: ChildSpi };
  /** Of mode `iptfs`. */
  readonly iptfs?: IptfsSettings;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly markIn?: Mark;
  /** Whether `markIn` names the inbound SA too, not only the policies. */
  readonly markInSa: boolean;
  readonly markOut?: Mark;
  readonly setMarkIn?: Mark;
  readonly setMarkOut?: Mark;
  /** 0 is none. */
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  /** Replaces the computed priority; 0 computes it. */
  readonly priority: number;
  /** Restricts the outbound policies to this interface. */
  readonly interface?: string;
  /** False installs SAs only. */
  readonly policies: boolean;
  readonly policiesFwdOut: boolean;
  readonly tfcPadding?: number;
  readonly copyDf: boolean;
  readonly copyEcn: boolean;
  readonly copyDscp: 'out' | 'in' | 'yes' | 'no';
  readonly hwOffload?: 'crypto' | 'packet' | 'auto';
  readonly sha256Trunc96: boolean;
  /** ICMP errors about packets of this CHILD_SA pass although their source is outside the selectors. */
  readonly icmp?: boolean;
  /** Whether SAs of transport mode carry protocol and ports of the selectors, not only the addresses. */
  readonly portsInSelector?: boolean;
  /** One of several for the same selectors: each CPU asks for its own (RFC 9611), and `cpu` is the one it is for. */
  readonly perCpu?: { readonly cpu: number | undefined };
}
