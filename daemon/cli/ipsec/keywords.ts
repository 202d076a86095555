/** What a section of ipsec.conf is. */
export type SectionKind = 'config' | 'conn' | 'ca';

/** Keywords of either side, without `left` or `right`. */
const SIDED = [
  '',
  'allowany',
  'ikeport',
  'subnet',
  'protoport',
  'sourceip',
  'dns',
  'id',
  'id2',
  'auth',
  'auth2',
  'cert',
  'cert2',
  'sigkey',
  'ca',
  'ca2',
  'certpolicy',
  'groups',
  'groups2',
  'sendcert',
  'updown',
  'firewall',
  'hostaccess',
];

const CONN = [
  'auto',
  'keyexchange',
  'type',
  'authby',
  'eap_identity',
  'aaa_identity',
  'ike',
  'esp',
  'ah',
  'ikelifetime',
  'lifetime',
  'margintime',
  'rekeyfuzz',
  'lifebytes',
  'marginbytes',
  'lifepackets',
  'marginpackets',
  'rekey',
  'reauth',
  'keyingtries',
  'dpdaction',
  'dpddelay',
  'dpdtimeout',
  'closeaction',
  'inactivity',
  'mobike',
  'forceencaps',
  'fragmentation',
  'ikedscp',
  'compress',
  'installpolicy',
  'mark',
  'mark_in',
  'mark_out',
  'reqid',
  'replay_window',
  'tfc',
  'sha256_96',
];

/** Other names of keywords. */
const ALIASES: Readonly<Record<string, string>> = {
  keylife: 'lifetime',
  rekeymargin: 'margintime',
  leftsubnetwithin: 'leftsubnet',
  rightsubnetwithin: 'rightsubnet',
  leftrsasigkey: 'leftsigkey',
  rightrsasigkey: 'rightsigkey',
};

const CONFIG = ['charondebug', 'uniqueids', 'cachecrls', 'strictcrlpolicy'];
const CA = ['auto', 'cacert', 'crluri', 'crluri2', 'ocspuri', 'ocspuri2', 'certuribase'];
const CA_ALIASES: Readonly<Record<string, string>> = { crluri1: 'crluri', ocspuri1: 'ocspuri' };

/** Keywords by section, and what each is called here. */
export const KEYWORDS: Readonly<Record<SectionKind, ReadonlyMap<string, string>>> = {
  config: named(CONFIG, {}),
  conn: named(
    [...CONN, ...['left', 'right'].flatMap((side) => SIDED.map((word) => side + word))],
    ALIASES,
  ),
  ca: named(CA, CA_ALIASES),
};

/** Keywords that had a meaning once. */
export const DEPRECATED: ReadonlySet<string> = new Set([
  ...'interfaces dumpdir charonstart plutostart klipsdebug plutodebug prepluto postpluto plutostderrlog fragicmp'.split(
    ' ',
  ),
  ...'packetdefault hidetos overridemtu crlcheckinterval nocrsend nat_traversal keep_alive force_keepalive'.split(
    ' ',
  ),
  ...'virtual_private pkcs11module pkcs11initargs pkcs11keepstate pkcs11proxy ldaphost ldapbase'.split(
    ' ',
  ),
  ...'pfs pfsgroup eap leftnexthop rightnexthop'.split(' '),
]);

/** Keywords of IKEv1 and of the mediation extension, which do not exist here, and the value that asks for neither. */
export const IKEV1_ONLY: ReadonlyMap<string, string | undefined> = new Map([
  ['aggressive', 'no'],
  ['modeconfig', 'pull'],
  ['xauth', 'client'],
  ['xauth_identity', undefined],
  ['mediation', 'no'],
  ['mediated_by', undefined],
  ['me_peerid', undefined],
]);

function named(
  words: readonly string[],
  aliases: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  return new Map([...words.map((word) => [word, word] as const), ...Object.entries(aliases)]);
}
