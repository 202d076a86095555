import {
  bigint,
  type Field,
  flag,
  items,
  maybe,
  named,
  number,
  octets,
  oneOf,
  section,
  text,
  texts,
} from './fields.ts';
import { MODES } from './sas.ts';

const ACTIONS = ['none', 'trap', 'start', 'trap | start'];

const PROPOSAL = section('ProposalInfo', 'Transforms of a proposal, with key lengths.', {
  encr: texts('Such as AES_CBC_128.'),
  integ: texts(),
  prf: texts(),
  ke: texts('KE_NONE where a key exchange is left to the peer.'),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7].map((n): [string, Field] => [
      `ake${n}`,
      texts(`Additional key exchange ${n}.`),
    ]),
  ),
  sn: texts('NO_EXT_SEQ and EXT_SEQ.'),
});

const ROUND = section('AuthRoundInfo', 'One round of authentication.', {
  class: maybe(oneOf(['public key', 'pre-shared key', 'EAP', 'XAuth', 'NULL', 'any'])),
  'eap-type': maybe(text('Such as EAP_TLS.')),
  'eap-vendor': maybe(number()),
  xauth: maybe(text()),
  revocation: maybe(oneOf(['GOOD', 'SKIPPED'], 'Strict or ifuri; absent if relaxed.')),
  id: maybe(text()),
  ca_id: maybe(text()),
  aaa_id: maybe(text()),
  eap_id: maybe(text()),
  xauth_id: maybe(text()),
  groups: texts(),
  cert_policy: texts('Dotted numbers.'),
  certs: texts('Subjects.'),
  cacerts: texts('Subjects.'),
});

const CHILD = section('ChildInfo', 'The configuration of a CHILD_SA.', {
  mode: oneOf(MODES),
  label: maybe(text('Security label, hexadecimal.')),
  rekey_time: bigint('Seconds.'),
  rekey_bytes: bigint(),
  rekey_packets: bigint(),
  dpd_action: oneOf(ACTIONS),
  close_action: oneOf(ACTIONS),
  esp_proposals: items(PROPOSAL),
  ah_proposals: items(PROPOSAL),
  'local-ts': texts(),
  'remote-ts': texts(),
  interface: maybe(text()),
  priority: maybe(number()),
});

/** A loaded connection. */
export const CONNECTION = section('ConnectionInfo', 'A loaded connection.', {
  local_addrs: texts(),
  remote_addrs: texts(),
  local_port: number(),
  remote_port: number(),
  version: oneOf(['IKEv1/2', 'IKEv1', 'IKEv2']),
  reauth_time: number('Seconds, before chance shortens them.'),
  rekey_time: number('Seconds, before chance shortens them.'),
  unique: oneOf(['UNIQUE_NEVER', 'UNIQUE_NO', 'UNIQUE_REPLACE', 'UNIQUE_KEEP']),
  proposals: items(PROPOSAL),
  dpd_delay: maybe(number('Seconds.')),
  dpd_timeout: maybe(number('Seconds.')),
  ppk_id: maybe(text()),
  ppk_required: flag(),
  local: items(ROUND, 'local-', 'The sections local-1, local-2 and so on.'),
  remote: items(ROUND, 'remote-', 'The sections remote-1, remote-2 and so on.'),
  children: named(CHILD),
});

/** An installed trap or shunt. */
export const POLICY = section('PolicyInfo', 'A trap or shunt in the kernel.', {
  child: text(),
  reqid: maybe(number('Of traps.')),
  ike: maybe(text()),
  mode: oneOf(MODES),
  label: maybe(text('Security label, hexadecimal.')),
  'local-ts': texts(),
  'remote-ts': texts(),
});

/** A certification authority. */
export const AUTHORITY = section('AuthorityInfo', 'A loaded certification authority.', {
  cacert: text('Subject of its certificate.'),
  crl_uris: texts(),
  ocsp_uris: texts(),
  cert_uri_base: maybe(text()),
});

/** A certificate. */
export const CERTIFICATE = section('CertificateInfo', 'A certificate, CRL or raw public key.', {
  type: oneOf(['X509', 'X509_AC', 'X509_CRL', 'OCSP_RESPONSE', 'PUBKEY']),
  flag: maybe(oneOf(['NONE', 'CA', 'AA', 'OCSP'], 'Of type X509 only.')),
  has_privkey: flag('The private key is loaded.'),
  data: octets('DER; a SubjectPublicKeyInfo for PUBKEY.'),
  subject: maybe(text('Of a PUBKEY that belongs to somebody.')),
  'not-before': maybe(text('Of a PUBKEY, as YYYYMMDDHHMMSSZ.')),
  'not-after': maybe(text('Of a PUBKEY, as YYYYMMDDHHMMSSZ.')),
});

const LEASE = section('LeaseInfo', 'A virtual address and whose it is.', {
  address: text(),
  identity: text(),
  status: oneOf(['online', 'offline']),
});

/** A pool of virtual addresses. */
export const POOL = section('PoolInfo', 'A pool of virtual addresses.', {
  base: text('First address that is given out.'),
  size: number('Addresses in all.'),
  online: number('Leases in use.'),
  offline: number('Leases kept for whoever comes back.'),
  leases: items(LEASE, '', 'Only if asked for.'),
});
