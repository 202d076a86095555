import type { SectionLevel } from './feature-status.ts';

/**
 * What the value of a key is: `time` takes the units s, m, h and d, `size` k, m and g, `switch` is yes or no, `blobs` are files
 * in swanctl.conf and their octets in VICI; an array names every word that is allowed.
 */
export type KeyType =
  | 'text'
  | 'number'
  | 'switch'
  | 'time'
  | 'size'
  | 'texts'
  | 'blobs'
  | readonly string[];

/** What a key of swanctl.conf is for: the source of the manual page and of the types of the VICI client. */
export interface KeyDoc {
  readonly type: KeyType;
  /** The value without the key, in words where it depends on others; empty for none. */
  readonly fallback: string;
  /** What it does, in one or two sentences. */
  readonly doc: string;
}

function key(type: KeyType, fallback: string, doc: string): KeyDoc {
  return { type, fallback, doc };
}

const ACTIONS = ['none', 'trap', 'start', 'trap|start'];

const CONNECTION: Readonly<Record<string, KeyDoc>> = {
  version: key(['0', '2'], '2', 'Version of IKE. This daemon speaks IKEv2; 0 means the same.'),
  local_addrs: key(
    'texts',
    '%any',
    'Addresses of this end: names, addresses, subnets and ranges. The first single one is the source when initiating; a responder looks here for the address a packet came to.',
  ),
  remote_addrs: key(
    'texts',
    '%any',
    'Addresses of the peer, in the same forms. The first single one is where it is looked for when initiating.',
  ),
  local_port: key('number', '500', 'UDP port of this end; another than 500 is kept also with NAT.'),
  remote_port: key('number', '500', 'UDP port of the peer.'),
  proposals: key(
    'texts',
    'default',
    'Algorithms for the IKE_SA, best first, such as aes256gcm16-prfsha384-ecp384. The word default stands for what is known to be good.',
  ),
  vips: key(
    'texts',
    '',
    'Virtual addresses to ask the peer for; 0.0.0.0 and :: ask for any of their family.',
  ),
  aggressive: key('switch', 'no', 'Aggressive mode of IKEv1.'),
  pull: key('switch', 'yes', 'Direction of the mode configuration of IKEv1.'),
  dscp: key('text', '000000', 'DSCP of the IKE packets sent, six binary digits.'),
  encap: key(
    'switch',
    'no',
    'Pretend that there is a NAT, so that ESP always travels in UDP datagrams.',
  ),
  mobike: key('switch', 'yes', 'Let addresses change while the IKE_SA lives (RFC 4555).'),
  dpd_delay: key(
    'time',
    '0s',
    'Ask whether the peer is alive after hearing nothing for this long; 0 never asks.',
  ),
  dpd_timeout: key('time', '0s', 'Belongs to IKEv1; IKEv2 goes by its retransmissions.'),
  fragmentation: key(
    ['yes', 'accept', 'no', 'force'],
    'yes',
    'Fragments of large IKE messages (RFC 7383): send and take, take only, do not announce; force is yes.',
  ),
  childless: key(
    ['allow', 'prefer', 'force', 'never'],
    'allow',
    'IKE_SAs without a CHILD_SA (RFC 6023): take them, prefer them, insist on them, or do not offer them.',
  ),
  send_certreq: key('switch', 'yes', 'Tell the peer which CAs are trusted.'),
  send_cert: key(
    ['always', 'never', 'ifasked'],
    'ifasked',
    'When certificates of this end are sent.',
  ),
  ocsp: key(
    ['never', 'reply', 'request', 'both'],
    'reply',
    'OCSP inside IKE (RFC 4806): answer requests, ask for responses, or both.',
  ),
  ppk_id: key(
    'text',
    '',
    'Identity of the post-quantum preshared key (RFC 8784) to use as initiator, or to accept as responder.',
  ),
  ppk_required: key('switch', 'no', 'Give up if no such key can be used.'),
  keyingtries: key(
    'number',
    '1',
    'How often the initial exchanges are tried anew before giving up; 0 for ever.',
  ),
  unique: key(
    ['never', 'no', 'keep', 'replace'],
    'no',
    'What happens when a peer that is connected connects again: nothing, only if it says INITIAL_CONTACT, refuse the new IKE_SA, or replace the old one.',
  ),
  reauth_time: key('time', '0s', 'Authenticate anew after this time; 0 never.'),
  rekey_time: key(
    'time',
    '4h (0s if reauth_time is set)',
    'Exchange the keys of the IKE_SA after this time; 0 never.',
  ),
  over_time: key(
    'time',
    'a tenth of the longer of the two times above',
    'How long after the time for rekeying or reauthentication an IKE_SA that was not replaced is closed.',
  ),
  rand_time: key(
    'time',
    'over_time',
    'Up to this much is taken off the two times by chance, so that not all peers come at once.',
  ),
  pools: key('texts', '', 'Pools from which peers get virtual addresses, in this order.'),
  if_id_in: key(
    'text',
    '0',
    'Id of the XFRM interface for inbound traffic of all children; %unique and %unique-dir choose one per IKE_SA.',
  ),
  if_id_out: key('text', '0', 'The same for outbound traffic.'),
  mediation: key('switch', 'no', 'Mediation extension.'),
  mediated_by: key('text', '', 'Connection to the mediation server.'),
  mediation_peer: key('text', '', 'Identity of the peer at the mediation server.'),
};

const ROUND = key(
  'number',
  '0',
  'Order of the rounds of authentication; rounds with equal numbers keep the order of the file.',
);

const LOCAL: Readonly<Record<string, KeyDoc>> = {
  round: ROUND,
  auth: key(
    'text',
    'pubkey',
    'How this end authenticates: psk, pubkey, rsa, ecdsa, null, or ike: with the signature schemes to use.',
  ),
  id: key(
    'text',
    'the subject of the certificate, or the own address',
    'Identity of this end; a certificate must contain it.',
  ),
  certs: key(
    'blobs',
    '',
    'Certificates of this end: files, absolute or in x509/, or octets after 0x or 0s.',
  ),
  pubkeys: key('blobs', '', 'Raw public keys of this end: files, absolute or in pubkey/.'),
  eap_id: key('text', 'id', 'Identity in EAP.'),
  aaa_id: key('text', 'the identity of the peer', 'Identity of the EAP server.'),
  xauth_id: key('text', 'id', 'User name of XAuth, which belongs to IKEv1.'),
};

const REMOTE: Readonly<Record<string, KeyDoc>> = {
  round: ROUND,
  auth: key(
    'text',
    'pubkey',
    'How the peer must authenticate, in the words of local; constraints on keys, hashes and signature schemes follow after dashes.',
  ),
  id: key(
    'text',
    '%any',
    'Identity the peer must prove. Wildcards and regular expressions between ^ and $ are allowed.',
  ),
  eap_id: key('text', 'id', 'Identity of the peer in EAP.'),
  groups: key('texts', '', 'The peer must belong to one of these groups.'),
  cert_policy: key(
    'texts',
    '',
    'Certificate policies of which the certificate of the peer must carry one, as dotted numbers.',
  ),
  certs: key('blobs', '', 'Only these certificates of the peer are accepted.'),
  cacerts: key('blobs', '', 'One of these CAs must be in the chain of the peer.'),
  ca_id: key('text', '', 'A CA with this name must be in the chain of the peer.'),
  pubkeys: key('blobs', '', 'Raw public keys of the peer.'),
  revocation: key(
    ['strict', 'ifuri', 'relaxed'],
    'relaxed',
    'Whether certificates must be known to be good: always, if they name where to ask, or only not known to be revoked.',
  ),
};

const CHILD: Readonly<Record<string, KeyDoc>> = {
  ah_proposals: key('texts', '', 'Algorithms for AH, best first.'),
  esp_proposals: key('texts', 'default', 'Algorithms for ESP, best first.'),
  sha256_96: key(
    'switch',
    'no',
    'Cut HMAC-SHA-256 to 96 bits, for peers that know no better; it is not negotiated.',
  ),
  local_ts: key(
    'texts',
    'dynamic',
    'Traffic of this end: subnets or ranges, with [protocol/port] if wanted. The word dynamic is the own or the virtual address.',
  ),
  remote_ts: key('texts', 'dynamic', 'Traffic of the peer, in the same forms.'),
  rekey_time: key('time', '1h', 'Exchange the keys of the CHILD_SA after this time; 0 never.'),
  life_time: key('time', '1.1 times rekey_time', 'Close it after this time.'),
  rand_time: key('time', 'life_time less rekey_time', 'Taken off rekey_time by chance.'),
  rekey_bytes: key('size', '0', 'Rekey after this much traffic; 0 never.'),
  life_bytes: key('size', '1.1 times rekey_bytes', 'Close it after this much traffic.'),
  rand_bytes: key('size', 'life_bytes less rekey_bytes', 'Taken off rekey_bytes by chance.'),
  rekey_packets: key('number', '0', 'Rekey after this many packets; 0 never.'),
  life_packets: key('number', '1.1 times rekey_packets', 'Close it after this many packets.'),
  rand_packets: key(
    'number',
    'life_packets less rekey_packets',
    'Taken off rekey_packets by chance.',
  ),
  updown: key(
    'text',
    '',
    'Command run by the shell for each pair of selectors when the CHILD_SA comes and goes.',
  ),
  hostaccess: key('switch', 'no', 'Tells that command to let traffic to this host itself pass.'),
  mode: key(
    ['tunnel', 'transport', 'transport_proxy', 'beet', 'iptfs', 'pass', 'drop'],
    'tunnel',
    'What is done with the traffic. The last two are no IPsec: let pass in plain text, and drop.',
  ),
  policies: key('switch', 'yes', 'Install policies in the kernel.'),
  policies_fwd_out: key('switch', 'no', 'Install forwarding policies for outbound traffic too.'),
  dpd_action: key(ACTIONS, 'none', 'What to do with it when the peer is dead.'),
  start_action: key(
    ACTIONS,
    'none',
    'What to do once it is loaded: nothing, wait for traffic, connect at once, or both.',
  ),
  close_action: key(ACTIONS, 'none', 'What to do when the peer closes it.'),
  ipcomp: key('switch', 'no', 'Compress packets (RFC 3173).'),
  inactivity: key('time', '0s', 'Close it after this long without traffic; 0 never.'),
  reqid: key('number', '0', 'Fixed reqid in the kernel; 0 chooses one.'),
  priority: key(
    'number',
    '0',
    'Fixed priority of the policies; 0 computes one from the selectors.',
  ),
  interface: key('text', '', 'Interface to which outbound policies are bound.'),
  mark_in: key(
    'text',
    '0/0x00000000',
    'Mark that inbound packets must have, value/mask; %unique and %unique-dir choose one.',
  ),
  mark_in_sa: key('switch', 'no', 'Put mark_in on the inbound SA too.'),
  mark_out: key('text', '0/0x00000000', 'Mark of outbound packets, in the same forms.'),
  set_mark_in: key(
    'text',
    '0/0x00000000',
    'Mark that packets get after they were decrypted; %same is mark_in.',
  ),
  set_mark_out: key(
    'text',
    '0/0x00000000',
    'Mark that packets get after they were encrypted; %same is mark_out.',
  ),
  if_id_in: key('text', '0', 'Id of the XFRM interface for inbound traffic, before that above.'),
  if_id_out: key('text', '0', 'The same for outbound traffic; no routes are installed then.'),
  label: key('text', '', 'Security label.'),
  label_mode: key(['system', 'simple', 'selinux'], 'system', 'How the label is used.'),
  tfc_padding: key(
    'text',
    '0',
    'Pad ESP packets to this many octets, or to the path MTU with the word mtu.',
  ),
  replay_window: key('number', '32', 'Packets that may overtake each other; 0 checks nothing.'),
  per_cpu_sas: key(
    ['no', 'yes', 'encap'],
    'no',
    'One more CHILD_SA for each CPU (RFC 9611); encap also lets each send from a UDP port of its own where UDP is used (encap = yes on both sides, no NAT between them).',
  ),
  hw_offload: key(
    ['no', 'yes', 'crypto', 'packet', 'auto'],
    'no',
    'Let the network card work; yes is crypto.',
  ),
  copy_df: key('switch', 'yes', 'Copy the DF bit to the outer header.'),
  copy_ecn: key('switch', 'yes', 'Copy ECN to the outer header and back.'),
  copy_dscp: key(['out', 'in', 'yes', 'no'], 'out', 'Directions in which the DSCP is copied.'),
  icmp: key(
    'switch',
    'no',
    'Let ICMP errors pass that belong to the traffic though their source does not match.',
  ),
};

/** Every key of a connection, by the section it stands in. */
export const KEY_DOCS: Readonly<Record<SectionLevel, Readonly<Record<string, KeyDoc>>>> = {
  connection: CONNECTION,
  local: LOCAL,
  remote: REMOTE,
  child: CHILD,
};
