import type { IptfsSettings, KernelLifetime } from '../../contracts/kernel.ts';
import type { ChildSaStateName } from '../../contracts/views.ts';
import type { ChildSaSpec } from '../../kernel/child-sa-spec.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { type SavedLinks, savedLinks } from './child-links.ts';
import { childSpi, ipAddress, mark, proposal, selector } from './proto-shapes.ts';
import {
  bool,
  list,
  oneOf,
  optional,
  real,
  record,
  type Shape,
  text,
  u16,
  u32,
  u64,
  uint,
} from './shape.ts';

/** A CHILD_SA's specification without the keys, which the kernel has. */
export type KeylessSpec = Omit<ChildSaSpec, 'encryption' | 'integrity'>;

/** What a successor must know of a CHILD_SA. */
export interface SavedChild {
  /** Number of the IKE_SA that owns it. */
  readonly ike: number;
  readonly uniqueId: number;
  /** Name of its configuration within that of the IKE_SA, or of a record of its own. */
  readonly config: string;
  readonly ownConfig: boolean;
  readonly proposal: Proposal;
  readonly spec: KeylessSpec;
  readonly state: ChildSaStateName;
  /** What sends is in the kernel. */
  readonly sends: boolean;
  /** Milliseconds of the wall clock. */
  readonly installedAt: number;
  readonly links: SavedLinks;
}

const lifetime = record<KernelLifetime>({
  softSeconds: real,
  hardSeconds: real,
  softBytes: u64,
  hardBytes: u64,
  softPackets: u64,
  hardPackets: u64,
});

const iptfs = record<IptfsSettings>({
  dropTimeMicros: u32,
  reorderWindow: u32,
  dontFragment: bool,
  initDelayMicros: u32,
  maxQueueOctets: u32,
  packetOctets: u32,
});

/** The number of a CPU, -1 for none. */
const perCpu: Shape<NonNullable<KeylessSpec['perCpu']>> = {
  write: ({ cpu }) => cpu ?? -1,
  read: (plain, path) => ({ cpu: plain === -1 ? undefined : u32.read(plain, path) }),
};

const spec: Shape<KeylessSpec> = record<KeylessSpec>({
  protocol: oneOf(50, 51),
  mode: oneOf('transport', 'tunnel', 'beet', 'iptfs'),
  reqid: u32,
  local: ipAddress,
  remote: ipAddress,
  spiIn: childSpi,
  spiOut: childSpi,
  esn: bool,
  replayWindow: u32,
  lifetime,
  encap: optional(record({ localPort: u16, remotePort: u16 })),
  sendPort: optional(u16),
  ipcomp: optional(record({ cpiIn: childSpi, cpiOut: childSpi })),
  iptfs: optional(iptfs),
  localTs: list(selector),
  remoteTs: list(selector),
  markIn: optional(mark),
  markInSa: bool,
  markOut: optional(mark),
  setMarkIn: optional(mark),
  setMarkOut: optional(mark),
  ifIdIn: u32,
  ifIdOut: u32,
  priority: u32,
  interface: optional(text),
  policies: bool,
  policiesFwdOut: bool,
  tfcPadding: optional(u32),
  copyDf: bool,
  copyEcn: bool,
  copyDscp: oneOf('out', 'in', 'yes', 'no'),
  hwOffload: optional(oneOf('crypto', 'packet', 'auto')),
  sha256Trunc96: bool,
  icmp: optional(bool),
  portsInSelector: optional(bool),
  perCpu: optional(perCpu),
});

/** A field added to `ChildSaSpec` is missing here until it has a shape. */
export const savedChild: Shape<SavedChild> = record<SavedChild>({
  ike: uint(),
  uniqueId: uint(),
  config: text,
  ownConfig: bool,
  proposal,
  spec,
  state: oneOf(
    'CREATED',
    'ROUTED',
    'INSTALLING',
    'INSTALLED',
    'UPDATING',
    'REKEYING',
    'REKEYED',
    'RETRYING',
    'DELETING',
    'DELETED',
    'DESTROYING',
  ),
  sends: bool,
  installedAt: real,
  links: savedLinks,
});
