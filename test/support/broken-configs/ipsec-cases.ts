import { type BrokenFile, latin1Octets, utf16Octets } from './broken-file.ts';

const inConn = (text: string): string =>
  `conn gw\n  auto=add\n  left=192.0.2.1\n  right=192.0.2.2\n${text}\n`;
const included = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf\n`]),
  );

/** Broken files of ipsec.conf; `errors` are all lines that are said. */
export const IPSEC_CONF: readonly BrokenFile[] = [
  {
    name: 'a setting outside of any section',
    text: '\n  left=%any\n',
    errors: ['/etc/ipsec.conf:2:3: a setting outside of any section'],
  },
  {
    name: 'a setting in the first column',
    text: 'conn gw\nleft=%any\n',
    errors: [
      "/etc/ipsec.conf:2:1: found 'left=%any', expected config setup, conn, ca or include in the first column",
    ],
  },
  {
    name: 'a section that is no kind',
    text: 'con gw\n',
    errors: [
      "/etc/ipsec.conf:1:1: found 'con', expected config setup, conn, ca or include in the first column",
    ],
  },
  {
    name: 'a section without name',
    text: '\nconn\n',
    errors: ["/etc/ipsec.conf:2:1: 'conn' needs one name"],
  },
  {
    name: 'a section with two names',
    text: 'conn gw west\n',
    errors: ["/etc/ipsec.conf:1:1: 'conn' needs one name"],
  },
  {
    name: 'setup of something else',
    text: 'config daemon\n',
    errors: ["/etc/ipsec.conf:1:1: found 'config daemon', expected config setup"],
  },
  {
    name: 'no equals sign',
    text: 'conn gw\n  left %any\n',
    errors: ["/etc/ipsec.conf:2:3: found 'left %any', expected keyword=value"],
  },
  {
    name: 'no keyword',
    text: 'conn gw\n  =%any\n',
    errors: ["/etc/ipsec.conf:2:3: found '=%any', expected keyword=value"],
  },
  {
    name: 'a keyword that is misspelt',
    text: inConn('  leftsubnt=10.0.0.0/8'),
    errors: [
      "/etc/ipsec.conf:5:3: unknown keyword 'leftsubnt' in a conn section, did you mean 'leftsubnet'?",
    ],
  },
  {
    name: 'a keyword of another section',
    text: inConn('  uniqueids=no'),
    errors: ["/etc/ipsec.conf:5:3: unknown keyword 'uniqueids' in a conn section"],
  },
  {
    name: 'a keyword of IKEv1',
    text: inConn('  aggressive=yes'),
    errors: [
      "/etc/ipsec.conf:5:3: 'aggressive' belongs to IKEv1, which this daemon does not speak: leave it out",
    ],
  },
  {
    name: 'IKEv1',
    text: inConn('  keyexchange=ikev1'),
    errors: [
      '/etc/ipsec.conf:5:3: keyexchange: found ikev1, which this daemon does not speak: expected ikev2',
    ],
  },
  {
    name: 'a quote that is not closed',
    text: inConn('  leftid="C=CH, CN=gw'),
    errors: ['/etc/ipsec.conf:5:3: a quoted value without its closing quote, or text behind it'],
  },
  {
    name: 'text behind a quote',
    text: inConn('  leftid="gw" west'),
    errors: ['/etc/ipsec.conf:5:3: a quoted value without its closing quote, or text behind it'],
  },
  {
    name: 'a quote over the end of the file',
    text: inConn('  leftid="C=CH, \\'),
    errors: ['/etc/ipsec.conf:5:3: a quoted value without its closing quote, or text behind it'],
  },
  {
    name: 'nobody to inherit from',
    text: inConn('  also=base'),
    errors: ['/etc/ipsec.conf:5:3: also=base: there is no conn base'],
  },
  {
    name: 'a section that inherits itself',
    text: inConn('  also=gw'),
    errors: ['/etc/ipsec.conf:5:3: also=gw: sections inherit each other in a circle'],
  },
  {
    name: 'sections that inherit each other',
    text: 'conn a\n  auto=add\n  also=b\nconn b\n  also=a\n',
    errors: ['/etc/ipsec.conf:5:3: also=a: sections inherit each other in a circle'],
  },
  {
    name: 'every section inherits the next one twice',
    text: `${Array.from({ length: 60 }, (_, i) => `conn c${i}\n  also=c${i + 1}\n  also=c${i + 1}\n`).join('')}conn c60\n  auto=perhaps\n`,
    errors: [
      "/etc/ipsec.conf:182:3: auto: found 'perhaps', expected one of ignore, add, route, start",
    ],
  },
  {
    name: 'a file that includes itself',
    text: 'include main\n',
    errors: [
      "/etc/ipsec.conf:1:1: '/etc/ipsec.conf' is included by itself: /etc/ipsec.conf → /etc/ipsec.conf",
    ],
  },
  {
    name: 'a file that includes itself often',
    text: 'include main\n'.repeat(50),
    errors: [
      "/etc/ipsec.conf:1:1: '/etc/ipsec.conf' is included by itself: /etc/ipsec.conf → /etc/ipsec.conf",
    ],
  },
  {
    name: 'two files that include each other',
    text: 'include x.conf\n',
    more: { 'x.conf': '\ninclude main\n' },
    errors: [
      "/etc/x.conf:2:1: '/etc/ipsec.conf' is included by itself: /etc/ipsec.conf → /etc/x.conf → /etc/ipsec.conf",
    ],
  },
  {
    name: 'files that include each other without end',
    text: 'include 0.conf\n',
    more: included(40),
    errors: ["/etc/14.conf:1:1: '/etc/15.conf' is included more than 16 levels deep"],
  },
  {
    name: 'a value of auto that is none',
    text: 'conn gw\n  auto=ad\n',
    errors: ["/etc/ipsec.conf:2:3: auto: found 'ad', expected one of ignore, add, route, start"],
  },
  {
    name: 'a time that is none',
    text: inConn('  ikelifetime=1w'),
    errors: [
      "/etc/ipsec.conf:5:3: ikelifetime: found '1w', expected a time such as 540, 9m, 1h or 1d",
    ],
  },
  {
    name: 'a number that is none',
    text: inConn('  reqid=x'),
    errors: [
      "loading connection 'gw' failed: invalid value for: reqid, config discarded: 'x' is none of: a whole number of 32 bits",
      "/etc/ipsec.conf:5:3: invalid value for: reqid, config discarded: 'x' is none of: a whole number of 32 bits",
    ],
  },
  {
    name: 'a word that is none',
    text: inConn('  type=tunel'),
    errors: [
      "/etc/ipsec.conf:5:3: type: found 'tunel', expected one of tunnel, transport, transport_proxy, beet, passthrough, pass, drop, reject",
    ],
  },
  {
    name: 'a flag that is none',
    text: inConn('  mobike=perhaps'),
    errors: ["/etc/ipsec.conf:5:3: mobike: found 'perhaps', expected one of yes, no"],
  },
  {
    name: 'an action that is none',
    text: inConn('  dpdaction=hold_'),
    errors: [
      "/etc/ipsec.conf:5:3: dpdaction: found 'hold_', expected one of none, clear, hold, restart",
    ],
  },
  {
    name: 'a mark that is none',
    text: inConn('  mark=x'),
    errors: [
      "loading connection 'gw' failed: invalid value for: mark_in, config discarded: 'x' is none of: value[/mask], %unique[/mask], %unique-dir[/mask]",
      "/etc/ipsec.conf:5:3: invalid value for: mark_in, config discarded: 'x' is none of: value[/mask], %unique[/mask], %unique-dir[/mask]",
      "/etc/ipsec.conf:5:3: invalid value for: mark_out, config discarded: 'x' is none of: value[/mask], %unique[/mask], %unique-dir[/mask]",
    ],
  },
  {
    name: 'authentication that is none',
    text: inConn('  leftauth=pks'),
    errors: [
      "loading connection 'gw' failed: invalid value for: auth, config discarded: 'pks' is none of: psk, pubkey, rsa, ecdsa, ike:..., null; did you mean 'psk'?",
      "/etc/ipsec.conf:5:3: invalid value for: auth, config discarded: 'pks' is none of: psk, pubkey, rsa, ecdsa, ike:..., null; did you mean 'psk'?",
    ],
  },
  {
    name: 'unique ids that are none',
    text: `config setup\n  uniqueids=perhaps\n${inConn('')}`,
    errors: [
      "/etc/ipsec.conf:2:3: uniqueids: found 'perhaps', expected one of yes, no, never, replace, keep",
    ],
  },
  {
    name: 'levels of a log that are none',
    text: 'config setup\n  charondebug="ike x"\n',
    errors: [
      "/etc/ipsec.conf:2:3: charondebug: found 'ike x', expected a group (dmn, mgr, ike, chd, job, wch, cfg, knl, net, asn, enc, tnc, imc, imv, pts, tls, app, esp, lib) and a level from -1 to 4, as in 'ike 2, net -1'",
    ],
  },
  {
    name: 'a certificate that is not there',
    text: inConn('  leftcert=gw.pem'),
    errors: [
      "loading certs certificate '/etc/ipsec.d/certs/gw.pem' failed: No such file or directory",
      "/etc/ipsec.conf:5:3: loading certs certificate '/etc/ipsec.d/certs/gw.pem' failed: No such file or directory",
    ],
  },
  {
    name: 'a proposal that is none',
    text: inConn('  ike=aes265-sha256-x25519!'),
    errors: [
      "loading connection 'gw' failed: invalid value for: proposals, config discarded: proposal 'aes265-sha256-x25519': unknown algorithm 'aes265', did you mean 'aes256'?",
      "/etc/ipsec.conf:5:3: invalid value for: proposals, config discarded: proposal 'aes265-sha256-x25519': unknown algorithm 'aes265', did you mean 'aes256'?",
    ],
  },
  {
    name: 'a subnet that is none',
    text: inConn('  leftsubnet=10.0.0.0/33'),
    errors: [
      "loading connection 'gw' failed: invalid value for: local_ts, config discarded: traffic selector '10.0.0.0/33': '/33' is not a prefix length from 0 to 32",
      "/etc/ipsec.conf:5:3: invalid value for: local_ts, config discarded: traffic selector '10.0.0.0/33': '/33' is not a prefix length from 0 to 32",
    ],
  },
  {
    name: 'a pool that is none',
    text: inConn('  rightsourceip=10.0.0.0/33'),
    errors: [
      "loading pool '10.0.0.0/33' failed: invalid addrs value: 10.0.0.0/33",
      '/etc/ipsec.conf:5:3: invalid addrs value: 10.0.0.0/33',
    ],
  },
  {
    name: 'an authority without certificate',
    text: 'ca x\n  auto=add\n  crluri=http://x/\n',
    errors: ['/etc/ipsec.conf:1:1: cacert: missing: name the CA certificate'],
  },
  {
    name: 'an authority whose certificate is not there',
    text: 'ca x\n  auto=add\n  cacert=ca.pem\n',
    errors: [
      "loading ca certificate '/etc/ipsec.d/cacerts/ca.pem' failed: No such file or directory",
      "/etc/ipsec.conf:3:3: loading ca certificate '/etc/ipsec.d/cacerts/ca.pem' failed: No such file or directory",
    ],
  },
  {
    name: 'NUL in a value',
    text: inConn('  leftid=gw\0west'),
    errors: ['/etc/ipsec.conf:5:12: found NUL, allowed is UTF-8 text'],
  },
  {
    name: 'NUL in a name',
    text: 'conn g\0w\n  auto=add\n',
    errors: ['/etc/ipsec.conf:1:7: found NUL, allowed is UTF-8 text'],
  },
  {
    name: 'NUL in a keyword',
    text: inConn('  left\0id=gw'),
    errors: ['/etc/ipsec.conf:5:7: found NUL, allowed is UTF-8 text'],
  },
  {
    name: 'zeros where the disk was full',
    text: `${inConn('')}${'\0'.repeat(512)}`,
    errors: ['/etc/ipsec.conf:6:1: found NUL, allowed is UTF-8 text'],
  },
  {
    name: 'ISO 8859-1 in a value',
    text: latin1Octets(inConn('  leftid=M\u00fcnchen')),
    errors: ['/etc/ipsec.conf:5:11: found octets that are no UTF-8, allowed is UTF-8 text'],
  },
  {
    name: 'ISO 8859-1 in a name',
    text: latin1Octets('conn M\u00fcnchen\n  auto=add\n'),
    errors: ['/etc/ipsec.conf:1:7: found octets that are no UTF-8, allowed is UTF-8 text'],
  },
  {
    name: 'UTF-16',
    text: utf16Octets(inConn('')),
    errors: ['/etc/ipsec.conf:1:1: found octets that are no UTF-8, allowed is UTF-8 text'],
  },
  {
    name: 'a value that is too long',
    text: inConn(`  leftid=${'x'.repeat(70_000)}`),
    errors: [
      "loading connection 'gw' failed: /etc/ipsec.conf:5:3: 'id' has 70000 octets, at most 65535 are allowed",
    ],
  },
  {
    name: 'a name that is too long',
    text: `conn ${'x'.repeat(300)}\n  auto=add\n`,
    errors: ["loading connection '…"],
  },
  {
    name: 'a swanctl.conf',
    text: 'connections {\n  gw {\n  }\n}\n',
    errors: [
      "/etc/ipsec.conf:1:1: found 'connections', expected config setup, conn, ca or include in the first column",
    ],
  },
  {
    name: 'a merge that was not finished',
    text: '<<<<<<< HEAD\nconn x\n',
    errors: [
      "/etc/ipsec.conf:1:1: found '<<<<<<<', expected config setup, conn, ca or include in the first column",
    ],
  },
];

/** What looks broken and is allowed in ipsec.conf. */
export const ALLOWED_IPSEC_CONF: readonly BrokenFile[] = [
  { name: 'nothing', text: '', errors: [] },
  { name: 'comments', text: '# x\n   # y\n', errors: [] },
  { name: 'CRLF', text: inConn('  leftid="gw"').replaceAll('\n', '\r\n'), errors: [] },
  {
    name: 'a byte order mark',
    text: Uint8Array.of(0xef, 0xbb, 0xbf, ...latin1Octets(inConn(''))),
    errors: [],
  },
  { name: 'no newline at the end', text: inConn('').trimEnd(), errors: [] },
  { name: 'a version line', text: `version 2.0\n${inConn('')}`, errors: [] },
  {
    name: 'includes that find nothing',
    text: 'include nothing.conf\ninclude x/*.conf\n',
    errors: [],
  },
  {
    name: 'a section that stands twice',
    text: `${inConn('')}${inConn('  leftid=gw')}`,
    errors: [],
  },
  {
    name: 'a comment in ISO 8859-1',
    text: latin1Octets(`# M\u00fcnchen\n${inConn('')}`),
    errors: [],
  },
  { name: 'a line of a megabyte', text: `# ${'x'.repeat(1_000_000)}\n${inConn('')}`, errors: [] },
];

/** The same of ipsec.secrets: what stands above the fault is loaded, and nothing is unloaded. */
export const IPSEC_SECRETS: readonly BrokenFile[] = [
  {
    name: 'no colon',
    text: 'moon PSK "x"\n',
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
  {
    name: 'a colon without blanks',
    text: 'moon :PSK "x"\n',
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
  {
    name: 'no type',
    text: '\nmoon : "x"\n',
    errors: [
      '/etc/ipsec.secrets:2:1: no type behind the colon, expected one of PSK, EAP, NTLM, XAUTH, RSA, ECDSA, PKCS8, P12, PIN',
    ],
  },
  {
    name: 'a type that is none',
    text: 'moon : PKS "x"\n',
    errors: [
      '/etc/ipsec.secrets:1:1: no type behind the colon, expected one of PSK, EAP, NTLM, XAUTH, RSA, ECDSA, PKCS8, P12, PIN; did you mean PSK?',
    ],
  },
  {
    name: 'no secret',
    text: 'moon : PSK\n',
    errors: ['/etc/ipsec.secrets:1:1: PSK without a value'],
  },
  {
    name: 'a quote that is not closed',
    text: '# x\nmoon : PSK "x\n',
    errors: ['/etc/ipsec.secrets:2:1: a quote without its end'],
  },
  {
    name: 'a quote over two lines',
    text: 'moon : PSK "x\ny"\n',
    errors: ['/etc/ipsec.secrets:1:1: a quote without its end'],
  },
  {
    name: 'text behind a quote',
    text: 'moon : PSK "x"y\n',
    errors: ['/etc/ipsec.secrets:1:1: text right behind a quote'],
  },
  {
    name: 'hexadecimal that is none',
    text: 'moon : PSK 0xabxy\n',
    errors: ['/etc/ipsec.secrets:1:1: a secret that is neither hexadecimal nor base64'],
  },
  {
    name: 'base64 that is none',
    text: 'moon : PSK 0s!!!!\n',
    errors: ['/etc/ipsec.secrets:1:1: a secret that is neither hexadecimal nor base64'],
  },
  {
    name: 'a secret that is empty',
    text: 'moon : PSK ""\n',
    errors: ['/etc/ipsec.secrets:1:1: loading ike secret for moon failed: shared key data missing'],
  },
  {
    name: 'an owner that is a broken expression',
    text: '"dns:^[$" : PSK "0123456789abcdef"\n',
    errors: [
      "/etc/ipsec.secrets:1:1: loading ike secret for dns:^[$ failed: parsing shared key owners failed: identity 'dns:^[$': the regular expression does not compile",
    ],
  },
  {
    name: 'a key without a file',
    text: ': RSA\n',
    errors: ['/etc/ipsec.secrets:1:1: RSA without a value'],
  },
  {
    name: 'a key that is not there',
    text: ': RSA gw.pem\n',
    errors: [
      "mapping file '/etc/ipsec.d/private/gw.pem' failed: No such file or directory, skipped",
      "/etc/ipsec.secrets:1:1: names the file '/etc/ipsec.d/private/gw.pem'",
    ],
  },
  {
    name: 'a smartcard',
    text: ': PIN %smartcard 1234\n',
    errors: ['/etc/ipsec.secrets:1: smartcards are not supported, put the key into a file'],
  },
  {
    name: 'a file that includes itself',
    text: 'include main\n',
    errors: [
      "/etc/ipsec.secrets:1:1: '/etc/ipsec.secrets' is included by itself: /etc/ipsec.secrets → /etc/ipsec.secrets",
    ],
  },
  {
    name: 'a file that includes itself often',
    text: 'include main\n'.repeat(50),
    errors: [
      "/etc/ipsec.secrets:1:1: '/etc/ipsec.secrets' is included by itself: /etc/ipsec.secrets → /etc/ipsec.secrets",
    ],
  },
  {
    name: 'files that include each other without end',
    text: 'include 0.conf\n',
    more: included(40),
    errors: ["/etc/9.conf:1:1: '/etc/10.conf' is included more than 10 levels deep"],
  },
  {
    name: 'NUL between',
    text: 'moon\0 :\0 PSK "x"\n',
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
  {
    name: 'zeros where the disk was full',
    text: `: PSK "0123456789abcdef"\n${'\0'.repeat(512)}`,
    errors: ["/etc/ipsec.secrets:2:1: no ' : ' between identities and secret"],
  },
  {
    name: 'UTF-16',
    text: utf16Octets(': PSK "x"\n'),
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
  {
    name: 'a swanctl.conf',
    text: 'secrets {\n  ike { }\n}\n',
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
  {
    name: 'a PEM file',
    text: '-----BEGIN PRIVATE KEY-----\nMIIB\n',
    errors: ["/etc/ipsec.secrets:1:1: no ' : ' between identities and secret"],
  },
];
