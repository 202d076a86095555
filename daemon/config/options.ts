import type { LogTarget } from '../contracts/log-targets.ts';
import type { ConfigAttribute } from '../proto/payload.ts';
import { EAP_OPTIONS } from './eap-options.ts';
import {
  bits64,
  bool,
  int,
  type Option,
  oneOf,
  real,
  seconds,
  tables,
  text,
  words,
} from './option-kinds.ts';
import { PLUGIN_OPTIONS } from './plugin-options.ts';

const U32 = [0, 0xffffffff] as const;
const PORT = [0, 0xffff] as const;

/**
 * Every option of strongswan.conf this daemon knows, by its name below `charon.`: the one source of names,
 * defaults and prose. `conf/options.md` is generated from it.
 */
export const OPTIONS = {
  accept_private_algs: bool(false, 'now', 'Accept private-use algorithm numbers from any peer.'),
  block_threshold: int(
    5,
    U32,
    'now',
    'Half-open IKE_SAs per source address from which on IKE_SA_INITs are ignored; 0 = off.',
  ),
  cache_crls: bool(false, 'now', 'Write fetched CRLs to the swanctl x509crl directory.'),
  cert_cache: bool(true, 'start', 'Remember the results of issuer and subject signature checks.'),
  check_current_path: bool(
    false,
    'now',
    'Probe the current path after address or route changes even if it looks usable.',
  ),
  child_sa_limit: int(
    64,
    U32,
    'now',
    'CHILD_SAs a peer may have in one IKE_SA, further ones are answered with NO_ADDITIONAL_SAS; 0 = unlimited. Not an option of strongSwan.',
  ),
  cisco_flexvpn: bool(false, 'now', 'Send the FlexVPN vendor ID of Cisco when initiating.'),
  close_ike_on_child_failure: bool(false, 'now', 'Delete the IKE_SA if its first CHILD_SA fails.'),
  cookie_threshold: int(
    30,
    U32,
    'now',
    'Half-open IKE_SAs overall from which on cookies are required; 0 = never.',
  ),
  cookie_threshold_ip: int(3, U32, 'now', 'The same per source address.'),
  delete_rekeyed_delay: seconds(
    5,
    'now',
    'How long the inbound half of a rekeyed CHILD_SA stays installed; 0 = until it expires.',
  ),
  dns1: text('now', 'DNS server handed to peers.'),
  dns2: text('now', 'Second DNS server handed to peers.'),
  dos_protection: bool(true, 'now', 'Master switch of cookies and block_threshold.'),
  follow_redirects: bool(true, 'now', 'Follow REDIRECT as initiator.'),
  fragment_size: int(
    1280,
    [0, 65535],
    'now',
    'Largest IP datagram of IKE fragments sent; 0 = 576 for IPv4 and 1280 for IPv6.',
    'octets',
  ),
  fragment_size_v4: {
    ...int(1280, [0, 65535], 'now', 'The same for IPv4 only.', 'octets'),
    inherits: 'fragment_size',
  },
  fragment_size_v6: {
    ...int(1280, [0, 65535], 'now', 'The same for IPv6 only.', 'octets'),
    inherits: 'fragment_size',
  },
  group: { ...text('start', 'Group of the VICI socket, name or number.'), strict: true },
  half_open_timeout: seconds(
    30,
    'now',
    'After how long a responder drops an IKE_SA that is not established.',
  ),
  hash_and_url: bool(false, 'now', 'Announce and use hash-and-URL certificates.'),
  ignore_acquire_ts: bool(
    false,
    'now',
    'Do not put the selectors of the triggering packet before TSi and TSr.',
  ),
  ignore_routing_tables: tables('start', 'Routing tables left out of route lookups.'),
  ikesa_limit: {
    ...int(
      0,
      U32,
      'now',
      'Largest number of IKE_SAs; further IKE_SA_INITs are dropped; 0 = unlimited.',
    ),
    strict: true,
  },
  inactivity_close_ike: bool(
    false,
    'now',
    'Close the IKE_SA if its only CHILD_SA was closed for inactivity.',
  ),
  init_limit_half_open: {
    ...int(
      5000,
      U32,
      'now',
      'Drop IKE_SA_INITs above this number of half-open IKE_SAs; 0 = off. strongSwan has no limit by default.',
    ),
    strict: true,
  },
  init_limit_job_load: int(
    0,
    U32,
    'now',
    'Drop IKE_SA_INITs above this number of queued jobs; 0 = off.',
  ),
  initiator_only: { ...bool(false, 'now', 'Ignore all IKE_SA_INIT requests.'), strict: true },
  install_routes: bool(true, 'now', 'Install routes for tunnels in the table of their own.'),
  install_virtual_ip: bool(true, 'now', 'Install received virtual IPs on an interface.'),
  install_virtual_ip_on: text('now', 'Interface of virtual IPs instead of the outbound one.'),
  interfaces_ignore: words('now', 'Interfaces not to use.'),
  interfaces_use: words('now', 'The only interfaces to use; goes before interfaces_ignore.'),
  keep_alive: seconds(20, 'now', 'Interval of NAT keepalives; 0 = off.'),
  keep_alive_dpd_margin: seconds(
    0,
    'now',
    'If a keepalive is late by more than this, as after the host slept, send a DPD instead; 0 = off.',
  ),
  'keyd.in_process': bool(
    false,
    'start',
    'Keep private keys in the memory of the daemon instead of a process of their own, for containers that allow one process only. Not an option of strongSwan.',
  ),
  'keyd.user': text(
    'start',
    'User (name, UID or UID:GID) that the key process becomes if the daemon runs as root; nobody if it is not given. Not an option of strongSwan.',
  ),
  make_before_break: bool(true, 'now', 'Reauthenticate by establishing the new IKE_SA first.'),
  max_packet: int(
    10000,
    [576, 65535],
    'now',
    'Largest IKE message accepted, also after reassembly.',
    'octets',
  ),
  multiple_authentication: bool(
    true,
    'now',
    'Announce several rounds of authentication (RFC 4739).',
  ),
  nbns1: text('now', 'WINS server handed to peers.'),
  nbns2: text('now', 'Second WINS server handed to peers.'),
  ocsp_nonce_len: int(32, [1, 32], 'now', 'Length of the nonce in OCSP requests.', 'octets'),
  port: int(500, PORT, 'start', 'Local IKE port; 0 = random.'),
  port_nat_t: int(
    4500,
    PORT,
    'start',
    'Local port of IKE and ESP in UDP; 0 = random; differs from port.',
  ),
  ppk_intermediate: oneOf(
    'yes',
    ['no', 'yes', 'private'],
    'now',
    'Mix PPKs in with IKE_INTERMEDIATE (RFC 9867) where the peer can: identities are protected by them too. "private": also by the numbers of libreswan 5.2. Not an option of strongSwan.',
  ),
  prefer_best_path: bool(false, 'now', 'Follow changes of routes more eagerly with MOBIKE.'),
  prefer_configured_proposals: bool(
    true,
    'now',
    'As responder the order of our own proposals decides, not the order of the peer.',
  ),
  prefer_temporary_addrs: bool(
    false,
    'start',
    'Speak from temporary IPv6 addresses (RFC 8981) where there are some, instead of from lasting ones.',
  ),
  process_route: bool(true, 'now', 'React to changes of routes.'),
  rdn_matching: oneOf(
    'strict',
    ['strict', 'reordered', 'relaxed'],
    'now',
    'How distinguished names are matched.',
  ),
  reject_trusted_end_entity: bool(
    false,
    'start',
    'Refuse peers whose certificate is itself configured as trusted.',
  ),
  replay_window: int(32, [0, 4096], 'now', 'Default anti-replay window.', 'packets'),
  reqid_base: int(1, [1, 0xffffffff], 'start', 'First reqid allocated.'),
  retransmit_base: real(
    1.8,
    [1, 100],
    'now',
    'Base of the exponential growth of retransmission timeouts.',
  ),
  retransmit_jitter: int(0, [0, 20], 'now', 'Share randomly taken off timeouts.', '%'),
  retransmit_limit: seconds(0, 'now', 'Upper bound of one timeout; 0 = none.'),
  retransmit_timeout: real(4, [0.01, 3600], 'now', 'First timeout.', 's'),
  retransmit_tries: int(5, [0, 1000], 'now', 'Retransmissions before giving up.'),
  retry_initiate_interval: seconds(
    0,
    'now',
    'Repeat an initiation that failed early, e.g. in DNS; 0 = off.',
  ),
  reuse_ikesa: bool(
    true,
    'now',
    'Create CHILD_SAs within an existing IKE_SA of the same connection.',
  ),
  routing_table: int(220, U32, 'start', 'Routing table of installed routes.'),
  routing_table_prio: int(220, U32, 'start', 'Priority of the rule that looks this table up.'),
  rsa_pss: bool(false, 'now', 'Prefer RSASSA-PSS for our signatures.'),
  send_vendor_id: bool(
    false,
    'now',
    "Send strongSwan's vendor ID: peers take private numbers (BEET mode) from no other.",
  ),
  signature_authentication: bool(true, 'now', 'Use digital signature authentication (RFC 7427).'),
  signature_authentication_constraints: bool(
    true,
    'now',
    'Apply the constraints of trust chains to IKE signatures too.',
  ),
  spi_label: bits64(0n, 'now', 'Fixed bits in IKE SPIs.'),
  spi_mask: bits64(0n, 'now', 'Which bits of IKE SPIs spi_label replaces.'),
  spi_max: int(0xcfffffff, [0x100, 0xffffffff], 'now', 'Highest ESP and AH SPI.'),
  spi_min: int(0xc0000000, [0x100, 0xffffffff], 'now', 'Lowest ESP and AH SPI.'),
  state_journal: bool(
    false,
    'start',
    'Keep established IKE_SAs, keys included, in a tmpfs file from which a new process takes them over after a crash. Not an option of strongSwan.',
  ),
  user: { ...text('start', 'Owner of the VICI socket, name or number.'), strict: true },
  'x509.enforce_critical': bool(
    true,
    'start',
    'Refuse certificates with unknown critical extensions.',
  ),
  'iptfs.accept_fragments': bool(
    true,
    'now',
    'IP-TFS (RFC 9347): let peers split inner packets over several outer ones.',
  ),
  'iptfs.dont_frag': bool(false, 'now', 'IP-TFS: do not split inner packets ourselves.'),
  'iptfs.drop_time': int(
    1_000_000,
    U32,
    'now',
    'IP-TFS: how long to wait for a packet that is missing.',
    'microseconds',
  ),
  'iptfs.init_delay': int(
    0,
    U32,
    'now',
    'IP-TFS: how long to wait for more packets to send together.',
    'microseconds',
  ),
  'iptfs.max_queue_size': int(
    1_048_576,
    U32,
    'now',
    'IP-TFS: how much may wait to be sent.',
    'octets',
  ),
  'iptfs.packet_size': int(
    0,
    [0, 65535],
    'now',
    'IP-TFS: size of outer packets; 0 = the path MTU.',
    'octets',
  ),
  'iptfs.reorder_window': int(
    3,
    [0, 65535],
    'now',
    'IP-TFS: how many packets may arrive out of order.',
  ),
  ...PLUGIN_OPTIONS,
  ...EAP_OPTIONS,
} as const satisfies Record<string, Option<unknown>>;

type Table = typeof OPTIONS;

/** Name of an option, below `charon.`. */
export type OptionName = keyof Table;

/** The options in force, by name; times in seconds. */
export type DaemonOptions = {
  readonly [K in OptionName]: Table[K] extends Option<infer T> ? T : never;
} & {
  /** `filelog`, `syslog` and `journal` sections, in order of the file; empty if none is configured. */
  readonly loggers: readonly LogTarget[];
  /** What section `plugins.attr` hands to every peer with a virtual IP. */
  readonly attributes: readonly ConfigAttribute[];
  /** Commands of `start-scripts` and `stop-scripts`, in order of the file. */
  readonly startScripts: readonly OperatorScript[];
  readonly stopScripts: readonly OperatorScript[];
};

/** A command of the operator's, and what it is called. */
export interface OperatorScript {
  readonly name: string;
  readonly command: string;
}

/** What holds without any configuration file. */
export function defaultOptions(): DaemonOptions {
  const entries = Object.entries(OPTIONS).map(([name, option]) => [name, option.default]);
  return {
    ...(Object.fromEntries(entries) as { [K in OptionName]: DaemonOptions[K] }),
    loggers: [],
    attributes: [],
    startScripts: [],
    stopScripts: [],
  };
}
