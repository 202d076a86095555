import type {
  ActionFlags,
  AddressSpec,
  AuthRoundConfig,
  ChildConfig,
  ConfiguredCertificate,
  ConnectionConfig,
  IfIdConfig,
  LifetimeRange,
  MarkConfig,
} from '../../config/connection-types.ts';
import type { Upper } from '../../proto/traffic-selector-math.ts';
import type { SelectorConfig } from '../../proto/traffic-selector-text.ts';
import { identity, ipAddress, proposal, selector } from './proto-shapes.ts';
import {
  bool,
  list,
  octets,
  oneOf,
  optional,
  real,
  record,
  type Shape,
  text,
  u16,
  u32,
  uint,
  variant,
} from './shape.ts';

/** Shapes of the configuration that an IKE_SA runs under. A key added there is missing here until it has a shape. */

const addressSpec = variant<AddressSpec>({
  any: record<Extract<AddressSpec, { kind: 'any' }>>({
    kind: oneOf('any'),
    text,
    family: optional(oneOf(4, 6)),
  }),
  host: record({ kind: oneOf('host'), text, address: ipAddress }),
  name: record({ kind: oneOf('name'), text }),
  subnet: record({ kind: oneOf('subnet'), text, address: ipAddress, prefix: uint(128) }),
  range: record({ kind: oneOf('range'), text, from: ipAddress, to: ipAddress }),
});

const certificate = record<ConfiguredCertificate>({
  der: octets,
  subject: identity,
  chain: list(octets),
});

const authRound = record<AuthRoundConfig>({
  class: oneOf('psk', 'pubkey', 'eap', 'null', 'any'),
  auth: text,
  id: optional(identity),
  eapId: optional(identity),
  aaaId: optional(identity),
  caId: optional(identity),
  groups: list(identity),
  certPolicy: list(text),
  certs: list(certificate),
  cacerts: list(certificate),
  pubkeys: list(octets),
  revocation: oneOf('strict', 'ifuri', 'relaxed'),
});

const actions = record<ActionFlags>({ trap: bool, start: bool });

const range = record<LifetimeRange>({ rekey: real, life: real, rand: real });

const markConfig = variant<MarkConfig>({
  none: record({ kind: oneOf('none') }),
  value: record({ kind: oneOf('value'), value: u32, mask: u32 }),
  unique: record({ kind: oneOf('unique'), mask: u32 }),
  'unique-dir': record({ kind: oneOf('unique-dir'), mask: u32 }),
  same: record({ kind: oneOf('same'), mask: u32 }),
});

const ifId = variant<IfIdConfig>({
  value: record({ kind: oneOf('value'), value: u32 }),
  unique: record({ kind: oneOf('unique') }),
  'unique-dir': record({ kind: oneOf('unique-dir') }),
});

const upper = record<Upper>({ protocol: uint(255), startPort: u16, endPort: u16 });

const selectorConfig = variant<SelectorConfig>({
  dynamic: record({ kind: oneOf('dynamic'), upper }),
  fixed: record({ kind: oneOf('fixed'), selector }),
});

const padding: Shape<number | 'mtu'> = {
  write: (value) => value,
  read: (plain, path) => (plain === 'mtu' ? plain : uint().read(plain, path)),
};

/** One child of a connection. */
export const childConfig: Shape<ChildConfig> = record<ChildConfig>({
  name: text,
  proposals: list(proposal),
  sha256Trunc96: bool,
  localTs: list(selectorConfig),
  remoteTs: list(selectorConfig),
  time: range,
  bytes: range,
  packets: range,
  updown: optional(text),
  hostaccess: bool,
  mode: oneOf('tunnel', 'transport', 'transport_proxy', 'beet', 'iptfs', 'pass', 'drop'),
  policies: bool,
  policiesFwdOut: bool,
  dpdAction: actions,
  startAction: actions,
  closeAction: actions,
  ipcomp: bool,
  inactivity: real,
  reqid: u32,
  priority: u32,
  interface: optional(text),
  markIn: markConfig,
  markInSa: bool,
  markOut: markConfig,
  setMarkIn: markConfig,
  setMarkOut: markConfig,
  ifIdIn: ifId,
  ifIdOut: ifId,
  label: optional(text),
  labelMode: oneOf('system', 'simple', 'selinux'),
  tfcPadding: padding,
  replayWindow: optional(u32),
  perCpuSas: oneOf('no', 'yes', 'encap'),
  hwOffload: oneOf('no', 'crypto', 'packet', 'auto'),
  copyDf: bool,
  copyEcn: bool,
  copyDscp: oneOf('out', 'in', 'yes', 'no'),
  icmp: bool,
});

const children: Shape<ReadonlyMap<string, ChildConfig>> = {
  write: (value) => [...value.values()].map((child) => childConfig.write(child)),
  read: (plain, path) =>
    new Map(
      list(childConfig)
        .read(plain, path)
        .map((child) => [child.name, child]),
    ),
};

/** A connection with its children. */
export const connectionConfig: Shape<ConnectionConfig> = record<ConnectionConfig>({
  name: text,
  localAddrs: list(addressSpec),
  remoteAddrs: list(addressSpec),
  localPort: u16,
  remotePort: u16,
  proposals: list(proposal),
  vips: list(ipAddress),
  dscp: uint(63),
  encap: bool,
  mobike: bool,
  dpdDelay: real,
  dpdTimeout: real,
  fragmentation: oneOf('yes', 'accept', 'no', 'force'),
  childless: oneOf('allow', 'prefer', 'force', 'never'),
  sendCertreq: bool,
  sendCert: oneOf('always', 'never', 'ifasked'),
  ocsp: oneOf('never', 'reply', 'request', 'both'),
  ppkId: optional(identity),
  ppkRequired: bool,
  keyingTries: u32,
  unique: oneOf('never', 'no', 'keep', 'replace'),
  reauthTime: real,
  rekeyTime: real,
  overTime: real,
  randTime: real,
  pools: list(text),
  ifIdIn: ifId,
  ifIdOut: ifId,
  local: list(authRound),
  remote: list(authRound),
  children,
});
