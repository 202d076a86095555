import type { Mark } from '../contracts/kernel.ts';
import type { Identity } from '../proto/identity.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Proposal } from '../proto/proposal.ts';
import type { SelectorConfig } from '../proto/traffic-selector-text.ts';

/** One entry of `local_addrs` or `remote_addrs`; `text` is what was configured. */
export type AddressSpec =
  | { readonly kind: 'any'; readonly text: string; readonly family?: 4 | 6 }
  | { readonly kind: 'host'; readonly text: string; readonly address: IpAddress }
  | { readonly kind: 'name'; readonly text: string }
  | {
      readonly kind: 'subnet';
      readonly text: string;
      readonly address: IpAddress;
      readonly prefix: number;
    }
  | {
      readonly kind: 'range';
      readonly text: string;
      readonly from: IpAddress;
      readonly to: IpAddress;
    };

/** How one side proves itself in one round; `any` is a missing section, `null` no proof at all (RFC 7619). */
export type AuthClass = 'psk' | 'pubkey' | 'eap' | 'null' | 'any';

/** A certificate of the configuration, which could be read when it was loaded. */
export interface ConfiguredCertificate {
  readonly der: Uint8Array;
  /** Its distinguished name. */
  readonly subject: Identity;
  /** Certificates that followed it in one text, DER. */
  readonly chain: readonly Uint8Array[];
}

/** One `local…` or `remote…` section. */
export interface AuthRoundConfig {
  readonly class: AuthClass;
  /** The `auth` text as configured. */
  readonly auth: string;
  readonly id?: Identity;
  readonly eapId?: Identity;
  readonly aaaId?: Identity;
  readonly caId?: Identity;
  readonly groups: readonly Identity[];
  readonly certPolicy: readonly string[];
  readonly certs: readonly ConfiguredCertificate[];
  readonly cacerts: readonly ConfiguredCertificate[];
  /** SubjectPublicKeyInfo, DER. */
  readonly pubkeys: readonly Uint8Array[];
  readonly revocation: 'strict' | 'ifuri' | 'relaxed';
}

export type ChildMode =
  | 'tunnel'
  | 'transport'
  | 'transport_proxy'
  | 'beet'
  | 'iptfs'
  | 'pass'
  | 'drop';

/** `trap`, `start` or both; both false is `none`. */
export interface ActionFlags {
  readonly trap: boolean;
  readonly start: boolean;
}

/** Soft limit, hard limit and the random share taken off the soft one; 0 means no limit. */
export interface LifetimeRange {
  readonly rekey: number;
  readonly life: number;
  readonly rand: number;
}

/** A mark to install: a value, or one to be chosen per CHILD_SA. */
export type MarkConfig =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'value' } & Mark)
  | { readonly kind: 'unique' | 'unique-dir' | 'same'; readonly mask: number };

export type IfIdConfig =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'unique' | 'unique-dir' };

/** One `children.<name>` section, defaulted. Times in seconds. */
export interface ChildConfig {
  readonly name: string;
  /** ESP and AH proposals in order of appearance. */
  readonly proposals: readonly Proposal[];
  readonly sha256Trunc96: boolean;
  readonly localTs: readonly SelectorConfig[];
  readonly remoteTs: readonly SelectorConfig[];
  readonly time: LifetimeRange;
  readonly bytes: LifetimeRange;
  readonly packets: LifetimeRange;
  readonly updown?: string;
  readonly hostaccess: boolean;
  readonly mode: ChildMode;
  readonly policies: boolean;
  readonly policiesFwdOut: boolean;
  readonly dpdAction: ActionFlags;
  readonly startAction: ActionFlags;
  readonly closeAction: ActionFlags;
  readonly ipcomp: boolean;
  readonly inactivity: number;
  readonly reqid: number;
  readonly priority: number;
  readonly interface?: string;
  readonly markIn: MarkConfig;
  readonly markInSa: boolean;
  readonly markOut: MarkConfig;
  readonly setMarkIn: MarkConfig;
  readonly setMarkOut: MarkConfig;
  /** Value 0 inherits the connection's. */
  readonly ifIdIn: IfIdConfig;
  readonly ifIdOut: IfIdConfig;
  readonly label?: string;
  readonly labelMode: 'system' | 'simple' | 'selinux';
  /** Octets, or `mtu`. */
  readonly tfcPadding: number | 'mtu';
  /** Packets; `undefined` takes `charon.replay_window`. */
  readonly replayWindow?: number;
  readonly perCpuSas: 'no' | 'yes' | 'encap';
  readonly hwOffload: 'no' | 'crypto' | 'packet' | 'auto';
  readonly copyDf: boolean;
  readonly copyEcn: boolean;
  readonly copyDscp: 'out' | 'in' | 'yes' | 'no';
  readonly icmp: boolean;
}

/** One connection, defaulted and immutable: IKE_SAs keep the one they started with. Times in seconds. */
export interface ConnectionConfig {
  readonly name: string;
  readonly localAddrs: readonly AddressSpec[];
  readonly remoteAddrs: readonly AddressSpec[];
  readonly localPort: number;
  readonly remotePort: number;
  readonly proposals: readonly Proposal[];
  readonly vips: readonly IpAddress[];
  readonly dscp: number;
  readonly encap: boolean;
  readonly mobike: boolean;
  readonly dpdDelay: number;
  readonly dpdTimeout: number;
  readonly fragmentation: 'yes' | 'accept' | 'no' | 'force';
  readonly childless: 'allow' | 'prefer' | 'force' | 'never';
  readonly sendCertreq: boolean;
  readonly sendCert: 'always' | 'never' | 'ifasked';
  readonly ocsp: 'never' | 'reply' | 'request' | 'both';
  readonly ppkId?: Identity;
  readonly ppkRequired: boolean;
  /** 0 is endless. */
  readonly keyingTries: number;
  readonly unique: 'never' | 'no' | 'keep' | 'replace';
  readonly reauthTime: number;
  readonly rekeyTime: number;
  readonly overTime: number;
  readonly randTime: number;
  readonly pools: readonly string[];
  readonly ifIdIn: IfIdConfig;
  readonly ifIdOut: IfIdConfig;
  /** Rounds in order; at least one each. */
  readonly local: readonly AuthRoundConfig[];
  readonly remote: readonly AuthRoundConfig[];
  readonly children: ReadonlyMap<string, ChildConfig>;
}
