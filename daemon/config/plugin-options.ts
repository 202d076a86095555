import {
  bool,
  int,
  loopback,
  oneOf,
  ruleMark,
  seconds,
  text,
  textOf,
  words,
} from './option-kinds.ts';

const U32 = [0, 0xffffffff] as const;

/** The options of `charon.plugins`: a part of the table in `options.ts`. */
export const PLUGIN_OPTIONS = {
  'plugins.vici.read_only_group': {
    ...text('start', 'Group of the VICI socket for reading, name or number.'),
    strict: true,
  },
  'plugins.vici.read_only_socket': text(
    'start',
    'A second VICI socket whose clients may list and watch but change nothing, such as unix:///run/charon-read.vici. Not an option of strongSwan.',
  ),
  'plugins.vici.socket': textOf(
    'unix:///run/charon.vici',
    'start',
    'Where the VICI server listens; only unix:// is served.',
  ),
  'plugins.save-keys.esp': bool(
    false,
    'start',
    'Write the keys of ESP SAs to the table esp_sa of Wireshark.',
  ),
  'plugins.save-keys.ike': bool(
    false,
    'start',
    'Write the keys of IKE_SAs to the table ikev2_decryption_table of Wireshark.',
  ),
  'plugins.save-keys.load': bool(
    false,
    'start',
    'Give keys away to whoever may read the files, for debugging: a warning at every start.',
  ),
  'plugins.save-keys.wireshark_keys': text(
    'start',
    'Directory of these tables, which must exist; nothing is written without it.',
  ),
  'plugins.socket-default.fwmark': int(
    0,
    U32,
    'start',
    'Mark of the packets that IKE sends; 0 = none.',
  ),
  'plugins.socket-default.set_source': bool(
    true,
    'start',
    'Send from the address of the IKE_SA; without it the kernel chooses.',
  ),
  'plugins.socket-default.use_ipv4': bool(true, 'start', 'Open IPv4 sockets.'),
  'plugins.socket-default.use_ipv6': bool(true, 'start', 'Open IPv6 sockets.'),
  'plugins.kernel-null.load': bool(
    false,
    'start',
    'Use a kernel that does nothing instead of the real one: for measurements. Not an option of strongSwan.',
  ),
  'plugins.credentials-files.directory': textOf(
    '/etc/swanctl',
    'start',
    'Directory whose folders x509, x509ca, x509aa, x509ocsp, x509crl, x509ac, pubkey, private, rsa, ecdsa and pkcs8 are read. Not an option of strongSwan.',
  ),
  'plugins.credentials-files.interval': seconds(
    10,
    'start',
    'How often these files are looked at, beside being watched; at least 1. Not an option of strongSwan.',
  ),
  'plugins.credentials-files.load': bool(
    false,
    'start',
    'Load certificates and private keys from files and follow their changes, without swanctl. Not an option of strongSwan.',
  ),
  'plugins.credentials-files.strict_permissions': bool(
    true,
    'start',
    'Refuse files of private keys that every user may read or write, that their group may write, or whose owner is neither root nor the user of the daemon. Not an option of strongSwan.',
  ),
  'plugins.crypto-libcrypto.load': bool(
    true,
    'start',
    'Call the libcrypto inside Node directly where that is faster; where it cannot be used, crypto-node does all. Not an option of strongSwan.',
  ),
  'plugins.crypto-noble.load': bool(
    false,
    'start',
    'Use the portable crypto in JavaScript instead of the fast one. Not an option of strongSwan.',
  ),
  'plugins.kernel-netlink.fwmark': ruleMark(
    'start',
    'Packets whose lookups go to our routing table; all unless set.',
  ),
  'plugins.kernel-netlink.install_routes_xfrmi': bool(
    false,
    'now',
    'Install routes for CHILD_SAs with interface IDs too, into the XFRM interface that has the ID.',
  ),
  'plugins.kernel-netlink.mss': int(
    0,
    [0, 65535],
    'now',
    'MSS of installed routes; 0 = not set.',
    'octets',
  ),
  'plugins.kernel-netlink.mtu': int(
    0,
    [0, 65535],
    'now',
    'MTU of installed routes; 0 = not set.',
    'octets',
  ),
  'plugins.kernel-netlink.port_bypass': bool(
    false,
    'start',
    'Exempt the IKE ports from policies by policies of the highest priority, instead of each socket.',
  ),
  'plugins.kernel-netlink.roam_events': bool(
    true,
    'now',
    'React to changes of addresses and links.',
  ),
  'plugins.kernel-netlink.set_proto_port_transport_sa': bool(
    false,
    'now',
    'Put protocol and ports into the selector of transport mode SAs.',
  ),
  'plugins.kernel-netlink.xfrm_acq_expires': seconds(
    165,
    'start',
    'How long the kernel keeps an unanswered acquire and a reserved SPI; 0 leaves its own.',
  ),
  'plugins.metrics.address': loopback(
    '127.0.0.1',
    'start',
    'Where metrics and listings are served by HTTP. Not an option of strongSwan.',
  ),
  'plugins.metrics.load': bool(
    false,
    'start',
    'Serve metrics of Prometheus, listings and health by HTTP, read-only, to this host. Not an option of strongSwan.',
  ),
  'plugins.metrics.port': int(
    9501,
    [0, 0xffff],
    'start',
    'The port; 0 lets the system choose, and the log tells. Not an option of strongSwan.',
  ),
  'plugins.revocation.enable_crl': bool(true, 'now', 'Check CRLs.'),
  'plugins.revocation.enable_ocsp': bool(true, 'now', 'Check OCSP.'),
  'plugins.revocation.fetch_addresses': oneOf(
    'private',
    ['public', 'private', 'any'],
    'start',
    'How far inward URLs of certificates and peers may lead: to public addresses only, also to private ones, or also to this host itself and its links. URLs of authorities may lead anywhere. Not an option of strongSwan.',
  ),
  'plugins.revocation.timeout': seconds(
    10,
    'now',
    'Longest fetch of a CRL or OCSP answer, and of all that is asked about one chain; 0 is ten minutes.',
  ),
  'plugins.updown.max_parallel': int(
    8,
    [1, 256],
    'now',
    'Updown scripts that run at once; of one peer and child they run one after the other. Not an option of strongSwan.',
  ),
  'plugins.updown.timeout': seconds(
    30,
    'now',
    'How long an updown script may take before it is ended with all it started. Not an option of strongSwan.',
  ),
  'plugins.updown.dns_handler': bool(
    false,
    'now',
    'Pass received DNS servers to the updown script.',
  ),
  'plugins.resolve.file': textOf(
    '/etc/resolv.conf',
    'start',
    'Where received DNS servers are entered.',
  ),
  'plugins.resolve.resolvconf.iface': textOf(
    'lo.ipsec',
    'start',
    'Interface name given to resolvconf.',
  ),
  'plugins.resolve.resolvconf.path': textOf('/sbin/resolvconf', 'start', 'The resolvconf program.'),
  'plugins.resolve.resolvectl.path': textOf(
    '/usr/bin/resolvectl',
    'start',
    'The resolvectl program, for hosts with systemd-resolved. Not an option of strongSwan.',
  ),
  'plugins.resolve.load': bool(
    true,
    'start',
    'Ask for DNS servers together with virtual IPs and put them into force.',
  ),
  'plugins.bypass-lan.interfaces_ignore': words(
    'now',
    'Interfaces whose networks are not bypassed.',
  ),
  'plugins.bypass-lan.interfaces_use': words(
    'now',
    'The only interfaces whose networks are bypassed; goes before interfaces_ignore.',
  ),
  'plugins.bypass-lan.load': bool(
    false,
    'start',
    'Let traffic of this host with the networks it is attached to pass without protection.',
  ),
} as const;
