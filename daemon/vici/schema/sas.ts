import {
  bigint,
  extended,
  type Field,
  type Fields,
  flag,
  maybe,
  named,
  number,
  one,
  oneOf,
  section,
  someOf,
  text,
  texts,
} from './fields.ts';

/** States of IKE_SAs. */
export const IKE_STATES = [
  'CREATED',
  'CONNECTING',
  'ESTABLISHED',
  'PASSIVE',
  'REKEYING',
  'REKEYED',
  'DELETING',
  'DESTROYING',
];

/** States of CHILD_SAs. */
export const CHILD_STATES = [
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
];

/** What is done with the traffic of a CHILD_SA or policy. */
export const MODES = ['TUNNEL', 'TRANSPORT', 'TRANSPORT_PROXY', 'BEET', 'IPTFS', 'PASS', 'DROP'];

const TASKS = [
  'IKE_INIT',
  'IKE_NATD',
  'IKE_MOBIKE',
  'IKE_AUTH',
  'IKE_AUTH_LIFETIME',
  'IKE_CERT_PRE',
  'IKE_CERT_POST',
  'IKE_CONFIG',
  'IKE_REKEY',
  'IKE_REAUTH',
  'IKE_REAUTH_COMPLETE',
  'IKE_REDIRECT',
  'IKE_VERIFY_PEER_CERT',
  'IKE_MID_SYNC',
  'IKE_DELETE',
  'IKE_DPD',
  'IKE_VENDOR',
  'IKE_ESTABLISH',
  'IKE_ME',
  'CHILD_CREATE',
  'CHILD_DELETE',
  'CHILD_REKEY',
];

const additional = (): Fields =>
  Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7].map((n): [string, Field] => [
      `ake${n}`,
      maybe(text(`Additional key exchange ${n}.`)),
    ]),
  );

const IKE_KEYS: Fields = {
  uniqueid: number('Number of the IKE_SA in this daemon.'),
  version: number('Version of IKE.'),
  state: oneOf(IKE_STATES),
  'local-host': text('Own address, or %any.'),
  'local-port': number(),
  'local-id': text('Own identity, %any while it is not known.'),
  'remote-host': text('Address of the peer.'),
  'remote-port': number(),
  'remote-id': text('Identity of the peer.'),
  'remote-xauth-id': maybe(text('User of XAuth, which belongs to IKEv1.')),
  'remote-eap-id': maybe(text('Identity in EAP, if it is another.')),
  initiator: flag('Whether this end began it.'),
  'initiator-spi': text('16 hexadecimal digits.'),
  'responder-spi': text('16 hexadecimal digits, zeros while it is not known.'),
  'nat-local': flag('This end is behind a NAT.'),
  'nat-remote': flag('The peer is behind a NAT.'),
  'nat-fake': flag('A NAT is pretended.'),
  'nat-any': flag('Any of the three.'),
  'if-id-in': maybe(text('XFRM interface for inbound traffic, 8 hexadecimal digits.')),
  'if-id-out': maybe(text('XFRM interface for outbound traffic.')),
  'encr-alg': maybe(text('Encryption, once a proposal was chosen.')),
  'encr-keysize': maybe(number('Bits.')),
  'integ-alg': maybe(text('Integrity; absent with AEAD.')),
  'integ-keysize': maybe(number('Bits.')),
  'prf-alg': maybe(text()),
  'dh-group': maybe(text('Key exchange.')),
  ...additional(),
  ppk: flag('A post-quantum preshared key was used.'),
  established: maybe(number('Seconds since it was established.')),
  'rekey-time': maybe(number('Seconds until it is rekeyed; negative when overdue.')),
  'reauth-time': maybe(number('Seconds until the peers authenticate anew.')),
  'local-vips': texts('Virtual addresses of this end.'),
  'remote-vips': texts('Virtual addresses of the peer.'),
  'tasks-queued': someOf(TASKS, 'What waits to be done.'),
  'tasks-active': someOf(TASKS, 'What is being done.'),
  'tasks-passive': someOf(TASKS, 'What is being done for the peer.'),
};

/** One CHILD_SA. */
export const CHILD_SA = section('ChildSa', 'A CHILD_SA, with the keys of its SAs if it has any.', {
  name: text('Name of its configuration.'),
  uniqueid: number('Number of the CHILD_SA in this daemon.'),
  reqid: number('What ties SAs and policies together in the kernel.'),
  state: oneOf(CHILD_STATES),
  mode: oneOf(MODES),
  label: maybe(text('Security label, hexadecimal.')),
  protocol: maybe(oneOf(['ESP', 'AH'])),
  encap: flag('ESP travels in UDP datagrams.'),
  'spi-in': maybe(text('8 hexadecimal digits.')),
  'spi-out': maybe(text('8 hexadecimal digits.')),
  'cpi-in': maybe(text('IPComp, 4 hexadecimal digits.')),
  'cpi-out': maybe(text('IPComp, 4 hexadecimal digits.')),
  'mark-in': maybe(text('8 hexadecimal digits.')),
  'mark-mask-in': maybe(text('Absent if it is all ones.')),
  'mark-out': maybe(text('8 hexadecimal digits.')),
  'mark-mask-out': maybe(text('Absent if it is all ones.')),
  'if-id-in': maybe(text('XFRM interface for inbound traffic, 8 hexadecimal digits.')),
  'if-id-out': maybe(text('XFRM interface for outbound traffic.')),
  'per-cpu-sas': flag('There is one for each CPU.'),
  cpu: maybe(number('The CPU it belongs to.')),
  'encr-alg': maybe(text()),
  'encr-keysize': maybe(number('Bits.')),
  'integ-alg': maybe(text()),
  'integ-keysize': maybe(number('Bits.')),
  'dh-group': maybe(text('Key exchange, if one was done for this CHILD_SA.')),
  ...additional(),
  esn: maybe(text('1 with extended sequence numbers.')),
  'bytes-in': maybe(bigint()),
  'packets-in': maybe(bigint()),
  'use-in': maybe(bigint('Seconds since the last packet; absent if there was none.')),
  'bytes-out': maybe(bigint()),
  'packets-out': maybe(bigint()),
  'use-out': maybe(bigint('Seconds since the last packet; absent if there was none.')),
  'rekey-time': maybe(number('Seconds until it is rekeyed.')),
  'life-time': maybe(number('Seconds until it expires.')),
  'install-time': maybe(number('Seconds since it was installed.')),
  'local-ts': texts('Traffic selectors of this end.'),
  'remote-ts': texts('Traffic selectors of the peer.'),
});

/** An IKE_SA by itself. */
export const IKE_KEYS_ONLY = section('IkeSaKeys', 'An IKE_SA without its CHILD_SAs.', IKE_KEYS);

/** An IKE_SA and what it carries. */
export const IKE_SA = extended(IKE_KEYS_ONLY, 'IkeSa', 'An IKE_SA and its CHILD_SAs.', {
  'child-sas': named(CHILD_SA, 'By name and number, such as net-2.'),
});

const CHILD_CHANGE = section('ChildSaChange', 'A CHILD_SA and the one that took its place.', {
  old: one(CHILD_SA),
  new: one(CHILD_SA),
});

/** An IKE_SA one of whose CHILD_SAs was replaced. */
export const IKE_SA_CHILD_CHANGE = extended(
  IKE_KEYS_ONLY,
  'IkeSaWithChange',
  'An IKE_SA and its rekeyed child.',
  {
    'child-sas': named(CHILD_CHANGE, 'By the name of the child, without a number.'),
  },
);

/** Both sides of a rekeying. */
export const IKE_CHANGE = section('IkeSaChange', 'An IKE_SA and the one that took its place.', {
  old: one(IKE_KEYS_ONLY),
  new: one(IKE_KEYS_ONLY),
});
