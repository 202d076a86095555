import type { BrokenFile } from './broken-file.ts';

const inConnection = (text: string): string => `connections {\n  gw {\n${text}\n  }\n}\n`;
const inSecrets = (text: string): string => `secrets {\n  ${text}\n}\n`;
const inPools = (text: string): string => `pools {\n  p {\n    ${text}\n  }\n}\n`;
const inAuthorities = (text: string): string => `authorities {\n  a {\n    ${text}\n  }\n}\n`;

/** What only swanctl.conf has: connections, secrets, pools and authorities that are not what they should be. */
export const SWANCTL: readonly BrokenFile[] = [
  {
    name: 'a key that is misspelt',
    text: inConnection('    local_adrs = 192.0.2.1'),
    errors: [
      "swanctl.conf:3:5: error: connections.gw: unknown option: local_adrs, config discarded: did you mean 'local_addrs'? [unknown-option]",
    ],
  },
  {
    name: 'a key in capitals',
    text: inConnection('    Local_addrs = 192.0.2.1'),
    errors: [
      "swanctl.conf:3:5: error: connections.gw: unknown option: Local_addrs, config discarded: did you mean 'local_addrs'? [unknown-option]",
    ],
  },
  {
    name: 'a key of a child in the connection',
    text: inConnection('    start_action = start'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: unknown option: start_action, config discarded: allowed are version, local_addrs, …',
    ],
  },
  {
    name: 'a key of IKEv1 settings of old',
    text: inConnection('    leftsubnet = 10.0.0.0/8'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: unknown option: leftsubnet, config discarded: allowed are version, local_addrs, …',
    ],
  },
  {
    name: 'a section that is misspelt',
    text: inConnection('    lokal {\n auth = psk\n }'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: invalid section: lokal: allowed are local..., remote... and children [invalid-section]',
    ],
  },
  {
    name: 'a section where a value belongs',
    text: inConnection('    proposals {\n a = b\n }'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: invalid section: proposals: allowed are local..., remote... and children [invalid-section]',
    ],
  },
  {
    name: 'a value where a section belongs',
    text: inConnection('    local = psk'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: unknown option: local, config discarded: allowed are version, local_addrs, …',
    ],
  },
  {
    name: 'a child outside of children',
    text: inConnection('    net {\n local_ts = 10.0.0.0/8\n }'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: invalid section: net: allowed are local..., remote... and children [invalid-section]',
    ],
  },
  {
    name: 'settings right in children',
    text: inConnection('    children {\n local_ts = 10.0.0.0/8\n }'),
    errors: [
      "swanctl.conf:4:2: error: connections.gw.children: unknown option: local_ts, config discarded: 'children' holds one section per child [unknown-option]",
    ],
  },
  {
    name: 'a section in a child',
    text: inConnection('    children { net { esp {\n } } }'),
    errors: [
      "swanctl.conf:3:22: error: connections.gw.children.net: invalid section: esp: child 'net' has no sub-sections [invalid-section]",
    ],
  },
  {
    name: 'a section in a round',
    text: inConnection('    remote { id {\n x = 1 } }'),
    errors: [
      "swanctl.conf:3:14: error: connections.gw.remote: invalid section: id: section 'remote' has no such sub-section [invalid-section]",
    ],
  },
  {
    name: 'a certificate by its path for the daemon',
    text: inConnection('    local { cert1 {\n file = /x } }'),
    errors: [
      "swanctl.conf:3:13: error: connections.gw.local: invalid section: cert1: the daemon opens no files and no tokens on behalf of a caller, name the file in certs = ... of section 'local' instead: swanctl reads it [invalid-section]",
    ],
  },
  {
    name: 'a certificate that is not there',
    text: inConnection('    local { certs = gw.pem\n }'),
    errors: [
      "swanctl.conf:3:13: error: connections.gw: loading certs certificate 'x509/gw.pem' failed: No such file or directory [missing-file]",
    ],
  },
  {
    name: 'a certificate that is none',
    text: inConnection('    local { certs = gw.pem\n }'),
    more: { 'x509/gw.pem': 'not a certificate' },
    errors: [
      'swanctl.conf:3:13: error: connections.gw.local: invalid value for: certs, config discarded: found 17 octets that are neither PEM nor DER, expected a certificate [invalid-value]',
      'x509/gw.pem:1:1: error: found 17 octets that are neither PEM nor DER, expected a certificate [unusable-file]',
    ],
  },
  {
    name: 'too many rounds',
    text: inConnection(
      Array.from({ length: 9 }, (_, i) => `    local${i} { auth = psk\n }`).join('\n'),
    ),
    errors: [
      'swanctl.conf:2:3: error: connections.gw: invalid section: local: 9 rounds of authentication, at most 8 are allowed [invalid-section]',
    ],
  },
  {
    name: 'proof and no proof',
    text: inConnection('    local1 { auth = psk\n }\n    local2 { auth = null\n }'),
    errors: [
      'swanctl.conf:2:3: error: connections.gw: invalid section: local: auth = null proves nothing and can be the only round [invalid-section]',
    ],
  },
  {
    name: 'no proof of an identity',
    text: inConnection('    remote { auth = null\n id = x\n }'),
    errors: [
      'swanctl.conf:3:14: error: connections.gw.remote: invalid value for: auth, config discarded: null proves nothing: an identity, certificates, keys, groups or policies beside it would never be checked, leave them out [invalid-value]',
    ],
  },
  {
    name: 'a secret of somebody with certificates',
    text: inConnection('    remote { auth = psk\n cacerts = ca.pem\n }'),
    errors: [
      "swanctl.conf:4:2: error: connections.gw: loading cacerts certificate 'x509ca/ca.pem' failed: No such file or directory [missing-file]",
    ],
  },
  {
    name: 'several mistakes',
    text: inConnection(
      '    encap = x\n    children { net { mode = y\n } }\n    local { auth = z\n }',
    ),
    errors: [
      "swanctl.conf:3:5: error: connections.gw: invalid value for: encap, config discarded: 'x' is none of: yes or no [invalid-value]",
      "swanctl.conf:4:22: error: connections.gw.children.net: invalid value for: mode, config discarded: 'y' is none of: tunnel, transport, transport_proxy, beet, iptfs, pass, drop [invalid-value]",
      "swanctl.conf:6:13: error: connections.gw.local: invalid value for: auth, config discarded: 'z' is none of: psk, pubkey, rsa, ecdsa, ike:..., null [invalid-value]",
    ],
  },
  {
    name: 'a mistake in each of two connections',
    text: 'connections { a { encap = x\n }\n b { mobike = y\n } }\n',
    errors: [
      "swanctl.conf:1:19: error: connections.a: invalid value for: encap, config discarded: 'x' is none of: yes or no [invalid-value]",
      "swanctl.conf:3:6: error: connections.b: invalid value for: mobike, config discarded: 'y' is none of: yes or no [invalid-value]",
    ],
  },
  {
    name: 'a mistake that is inherited by two',
    text: 'base { encap = x\n}\nconnections { a : base { }\n b : base { } }\n',
    errors: [
      "swanctl.conf:1:8: error: connections.a: invalid value for: encap, config discarded: 'x' is none of: yes or no [invalid-value]",
    ],
  },
  {
    name: 'a mistake in an included file',
    text: 'connections { include gw.conf\n}\n',
    more: { 'gw.conf': '\n gw {\n  encap = x\n }\n' },
    errors: [
      "gw.conf:3:3: error: connections.gw: invalid value for: encap, config discarded: 'x' is none of: yes or no [invalid-value]",
    ],
  },
  {
    name: 'a name with a letter that is no ASCII',
    text: 'connections {\n  m\u00fcnchen { }\n}\n',
    errors: [
      "swanctl.conf:2:3: error: connections.münchen: the name 'm?nchen' has characters other than printable ASCII [invalid-section]",
    ],
  },
  {
    name: 'a name that is too long',
    text: `connections {\n  ${'x'.repeat(256)} { }\n}\n`,
    errors: ['swanctl.conf:2:3: error: connections.…'],
  },
  {
    name: 'a key that is too long',
    text: inConnection(`    ${'x'.repeat(300)} = 1`),
    errors: [
      "swanctl.conf:3:5: error: connections.gw: the name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' has 300 characters, at most 255 are allowed [invalid-value]",
    ],
  },
  {
    name: 'a value that is too long',
    text: inConnection(`    local { id = ${'x'.repeat(70_000)}\n }`),
    errors: [
      "swanctl.conf:3:13: error: connections.gw: 'id' has 70000 octets, at most 65535 are allowed [invalid-value]",
    ],
  },
  {
    name: 'a list that is too long',
    text: inConnection(`    remote_addrs = ${'192.0.2.1, '.repeat(60_000)}`),
    errors: [
      'swanctl.conf:2:3: error: connections.gw: it has 720031 octets, more than the 524288 that VICI carries [invalid-section]',
    ],
  },
  {
    name: 'a connection in itself',
    text: 'connections {\n  gw : connections { }\n}\n',
    errors: [
      'swanctl.conf:2:3: error: connections.gw: sections nest deeper than 64: do they inherit each other in a circle? [invalid-section]',
    ],
  },
  {
    name: 'children that inherit all connections',
    text: inConnection('    children : connections { }'),
    errors: [
      'swanctl.conf:3:5: error: connections.gw: sections nest deeper than 64: do they inherit each other in a circle? [invalid-section]',
    ],
  },
  {
    name: 'everything inherits everything',
    text: `${Array.from({ length: 300 }, (_, i) => `s${i} : s${i + 1} { }`).join('\n')}\nconnections { gw : s0 { } }\n`,
    errors: [
      "swanctl.conf:256:8: error: connections.gw: more than 256 sections inherit each other, 's256' among them [inheritance]",
    ],
  },
  {
    name: 'no kind of secret',
    text: inSecrets('iek { secret = x }'),
    errors: [
      "swanctl.conf:2:3: error: secrets.iek: no kind of secret: names begin with ike, eap, ppk, ntlm, private, rsa, ecdsa, pkcs8, pkcs12; did you mean 'ike'? [unknown-secret]",
    ],
  },
  {
    name: 'a secret that is missing',
    text: inSecrets('ike-a { id = moon }'),
    errors: [
      "swanctl.conf:2:3: error: secrets.ike-a: it has no 'secret = …' and is ignored [missing-secret]",
    ],
  },
  {
    name: 'a secret that is empty',
    text: inSecrets('ike-a { secret = 0x }'),
    errors: ['swanctl.conf:2:11: error: secrets.ike-a: the secret is empty [missing-secret]'],
  },
  {
    name: 'an owner that is a broken expression',
    text: inSecrets('ike-a { secret = 0123456789abcdef\n id-1 = dns:^[$\n }'),
    errors: [
      "swanctl.conf:3:2: error: secrets.ike-a: parsing shared key owners failed: identity 'dns:^[$': the regular expression does not compile [invalid-value]",
    ],
  },
  {
    name: 'a secret that is too long',
    text: inSecrets(`ike-a {\n secret = ${'x'.repeat(70_000)}\n }`),
    errors: [
      'swanctl.conf:3:2: error: secrets.ike-a: it has 70000 octets, at most 65535 are allowed [invalid-value]',
    ],
  },
  {
    name: 'a secret whose name is no ASCII',
    text: inSecrets('ike-\u00fc { secret = 0123456789abcdef }'),
    errors: [
      "swanctl.conf:2:11: error: secrets.ike-ü: the name 'ike-?' has characters other than printable ASCII [invalid-value]",
    ],
  },
  {
    name: 'a pool without addresses',
    text: inPools('dns = 192.0.2.1'),
    errors: ["swanctl.conf:2:3: error: pools.p: missing addrs for pool 'p' [invalid-value]"],
  },
  {
    name: 'a pool of no addresses',
    text: inPools('addrs = 10.0.0.0/33'),
    errors: ['swanctl.conf:3:5: error: pools.p: invalid addrs value: 10.0.0.0/33 [invalid-value]'],
  },
  {
    name: 'a pool of several ranges',
    text: inPools('addrs = 10.0.0.0/24, 10.0.1.0/24'),
    errors: [
      'swanctl.conf:3:5: error: pools.p: invalid addrs value: 10.0.0.0/24, 10.0.1.0/24 [invalid-value]',
    ],
  },
  {
    name: 'a pool whose range ends before it begins',
    text: inPools('addrs = 10.0.0.9-10.0.0.1'),
    errors: [
      'swanctl.conf:3:5: error: pools.p: invalid addrs value: 10.0.0.9-10.0.0.1 [invalid-value]',
    ],
  },
  {
    name: 'an attribute of a pool that is unknown',
    text: inPools('addrs = 10.0.0.0/24\n    dsn = 192.0.2.1'),
    errors: [
      'swanctl.conf:4:5: error: pools.p: invalid attribute: dsn (lists named address, dns, nbns, dhcp, netmask, server, p_cscf, subnet, split_include, split_exclude or a number from 1 to 32767 are attributes) [invalid-value]',
    ],
  },
  {
    name: 'an attribute of a pool without address',
    text: inPools('addrs = 10.0.0.0/24\n    dns = ns.example.org'),
    errors: ['swanctl.conf:4:5: error: pools.p: invalid attribute value for dns [invalid-value]'],
  },
  {
    name: 'an authority without certificate',
    text: inAuthorities('crl_uris = http://x/'),
    errors: ['swanctl.conf:2:3: error: authorities.a: CA certificate missing: a [invalid-value]'],
  },
  {
    name: 'an authority whose certificate is not there',
    text: inAuthorities('cacert = ca.pem'),
    errors: [
      "swanctl.conf:3:5: error: authorities.a: loading ca certificate 'x509ca/ca.pem' failed: No such file or directory [missing-file]",
    ],
  },
  {
    name: 'an authority whose certificate is none',
    text: inAuthorities('cacert = ca.pem'),
    more: { 'x509ca/ca.pem': '' },
    errors: [
      'swanctl.conf:2:3: error: authorities.a: CA certificate missing: a [invalid-value]',
      'x509ca/ca.pem:1:1: error: found nothing, expected a certificate [unusable-file]',
    ],
  },
  {
    name: 'an authority by a path for the daemon',
    text: inAuthorities('file = /etc/ca.pem'),
    errors: [
      'swanctl.conf:3:5: error: authorities.a: invalid value for: file, authority discarded: the daemon reads no files on behalf of VICI clients; write cacert = <file>, which swanctl reads and sends [invalid-value]',
    ],
  },
  {
    name: 'an authority on a token',
    text: inAuthorities('handle = 01'),
    errors: [
      'swanctl.conf:3:5: error: authorities.a: invalid value for: handle, authority discarded: certificates on tokens are not supported; send it as cacert [invalid-value]',
    ],
  },
  {
    name: 'an authority with a slot that is no number',
    text: inAuthorities('cacert = 0xff\n    slot = x'),
    errors: [
      'swanctl.conf:3:5: error: authorities.a: invalid value for: cacert, authority discarded: found 1 octets that are neither PEM nor DER, expected a certificate [invalid-value]',
      "swanctl.conf:4:5: error: authorities.a: invalid value for: slot, authority discarded: 'x' is no number [invalid-value]",
    ],
  },
  {
    name: 'a key of an authority that is misspelt',
    text: inAuthorities('cacert = 0xff\n    crl_uri = http://x/'),
    errors: [
      'swanctl.conf:3:5: error: authorities.a: invalid value for: cacert, authority discarded: found 1 octets that are neither PEM nor DER, expected a certificate [invalid-value]',
      "swanctl.conf:4:5: error: authorities.a: unknown option: crl_uri, authority discarded: did you mean 'crl_uris'? [unknown-option]",
    ],
  },
  {
    name: 'a URI that is none',
    text: inAuthorities('cacert = 0xff\n    crl_uris = "http://x/ y"'),
    errors: [
      'swanctl.conf:3:5: error: authorities.a: invalid value for: cacert, authority discarded: found 1 octets that are neither PEM nor DER, expected a certificate [invalid-value]',
      "swanctl.conf:4:5: error: authorities.a: invalid value for: crl_uris, authority discarded: 'http://x/ y' is no URI: up to 2048 printable ASCII characters [invalid-value]",
    ],
  },
  {
    name: 'a certificate that cannot be read',
    text: '',
    more: { 'x509/a.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n' },
    errors: [
      "x509/a.pem:1:1: error: found PEM block 1 ('CERTIFICATE') begins and does not end, expected a certificate [unusable-file]",
    ],
  },
  {
    name: 'a certificate of a CA that is a private key',
    text: '',
    more: { 'x509ca/a.pem': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' },
    errors: [
      "x509ca/a.pem:1:1: error: found a private key (PEM block 'PRIVATE KEY'), expected a certificate [unusable-file]",
    ],
  },
  {
    name: 'a CRL that is empty',
    text: '',
    more: { 'x509crl/a.crl': '' },
    errors: ['x509crl/a.crl:1:1: error: found nothing, expected a CRL [unusable-file]'],
  },
  {
    name: 'a private key that is text',
    text: '',
    more: { 'private/a.pem': 'secret\n' },
    errors: [
      'private/a.pem:1:1: error: found 7 octets that are neither PEM nor one DER structure, expected a private key as PKCS#1, PKCS#8 or SEC1 [unusable-file]',
    ],
  },
  {
    name: 'a container that is text',
    text: '',
    more: { 'pkcs12/a.p12': 'x' },
    errors: [
      "pkcs12/a.p12:1:1: error: it is no PKCS#12 container, or no section 'pkcs12…' of secrets has a passphrase for this file [passphrase]",
    ],
  },
  {
    name: 'a file that is too large',
    text: '',
    more: { 'pubkey/a': new Uint8Array(70_000) },
    errors: [
      'pubkey/a:1:1: error: 70000 octets are more than the 65535 that VICI carries [unusable-file]',
    ],
  },
];
