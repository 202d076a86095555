import type { ConnectionConfig } from '../../config/connection-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Attempt } from './attempt-book.ts';
import type { FailureKind } from './failure.ts';

/** What a hint is about. */
export type Hintable = Pick<
  Attempt,
  'kind' | 'role' | 'step' | 'reason' | 'notify' | 'subject' | 'child' | 'differences'
> & { readonly remote: string };

/** What to change so that it works, in one sentence; `undefined` if nobody can tell. */
export function hintFor(about: Hintable, connection: ConnectionConfig): string | undefined {
  return HINTS[about.kind]?.(about, connection);
}

type Hint = (about: Hintable, connection: ConnectionConfig) => string | undefined;

const HINTS: Readonly<Record<FailureKind, Hint | undefined>> = {
  unresolved: () =>
    'check the spelling of the name and that DNS answers on this host, or write an address instead',
  'no-address': ({ subject }) =>
    `put the address or the name of one host into remote_addrs (now ${subject}); without one this side can only answer`,
  'no-route': ({ subject }) =>
    `see what "ip route get ${subject}" says and add a route, or correct remote_addrs and local_addrs`,
  silence: silent,
  refused,
  proposal: otherProposals,
  identity: ({ differences: [found] }) =>
    found && `set remote.id to '${found.theirs}', or local.id of the peer to '${found.ours}'`,
  method: ({ differences: [found] }) =>
    found
      ? `let remote.auth here and local.auth of the peer agree: ${found.ours} is asked for, the peer used ${found.theirs}`
      : 'let remote.auth here and local.auth of the peer agree',
  'no-secret': () =>
    'add an ike secret whose ids are these two identities (or that has no ids) to secrets { } and run swanctl --load-creds',
  'wrong-secret': () =>
    'write the same secret on both sides and run swanctl --load-creds there; look at quotes, blanks at the end and the prefixes 0x and 0s',
  'no-private-key': () =>
    'load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has',
  'no-certificate': ({ subject }) =>
    `let the peer send its certificate (send_cert = always there), or name it in remote.certs here; it must contain '${subject}' as subject or subjectAltName`,
  'no-issuer': () =>
    'put the CA certificate that issued it into the directory x509ca and run swanctl --load-creds, and let the peer send intermediate CAs',
  expired: () => 'renew the certificate, and check the clocks of both sides',
  revoked: () => 'issue a new certificate for the peer: its CA has revoked this one',
  untrusted: () => 'give the peer a certificate that passes this check, or change the check',
  selectors: otherSelectors,
  'virtual-ip': virtualIp,
  'no-connection': ({ differences }) =>
    differences.length === 0
      ? 'let local_addrs, remote_addrs, local.id and remote.id of a connection fit what the peer uses'
      : `change it here or there: ${differences.map(({ what, ours, theirs }) => `${what} is ${theirs}, configured is ${ours}`).join('; ')}`,
  limits: ({ reason }) =>
    reason.startsWith('initiator_only')
      ? 'take initiator_only out of strongswan.conf: with it the daemon answers nobody'
      : 'wait until less is under way, or raise the limit in strongswan.conf (charon.init_limit_half_open, init_limit_job_load, block_threshold, ikesa_limit)',
  unfinished: ({ remote }) =>
    `the peer did not like or did not get our answer: read its log, and check that UDP ports 500 and 4500 are open from here to ${remote}`,
  kernel: () =>
    'read the reason and the log of the kernel (dmesg): a module or an algorithm may be missing, or another program uses the same SAs and policies',
  ended: lost,
  other: undefined,
};

function silent({ remote, step, subject }: Hintable): string {
  if (step === 'IKE_SA_INIT' || step === 'lookup') {
    return `it was sent ${subject} times: check that ${remote} is the peer, that its IKE daemon runs and that nothing on the way blocks UDP ports 500 and 4500; a responder may also drop what it has no connection for`;
  }
  return `IKE_SA_INIT was answered, ${step} was sent ${subject} times: let UDP port 4500 through in both directions, keep fragmentation = yes, and read the log of the peer`;
}

function lost({ reason }: Hintable, { children }: ConnectionConfig): string | undefined {
  const back = [...children.values()].some(
    ({ dpdAction, closeAction }) =>
      dpdAction.start || dpdAction.trap || closeAction.start || closeAction.trap,
  );
  if (back || reason === 'terminated' || children.size === 0) return undefined;
  return 'set dpd_action = restart and close_action = start in its children if it is to come back by itself';
}

function refused({ notify, child }: Hintable, connection: ConnectionConfig): string {
  switch (notify) {
    case NotifyType.AUTHENTICATION_FAILED:
      return refusedProof(connection);
    case NotifyType.INTERNAL_ADDRESS_FAILURE:
      return 'the peer has no address for us: enlarge its pool, or take out vips';
    case NotifyType.FAILED_CP_REQUIRED:
      return 'the peer assigns virtual IPs: set vips = 0.0.0.0 (or ::)';
    case NotifyType.NO_ADDITIONAL_SAS:
      return `the peer takes no further CHILD_SA${child === undefined ? '' : ` such as '${child}'`}: put its selectors into another child, or change the peer`;
    case NotifyType.TEMPORARY_FAILURE:
      return 'the peer is busy with this SA: it is tried again';
    case NotifyType.INVALID_SYNTAX:
      return 'the peer could not read our message: with pre-shared keys look for different secrets first, then read its log';
    default:
      return 'the log of the peer has the reason';
  }
}

function refusedProof({ local, remote }: ConnectionConfig): string {
  const what =
    local[0]?.class === 'psk'
      ? 'that both sides have the same secret for these identities'
      : 'that it trusts the CA of our certificate, which is neither expired nor revoked';
  const other =
    remote[0]?.id === undefined ? '' : ', and that the identity which we ask for is its own';
  return `only the log of the peer has the reason; check that our identity is the remote.id there, ${what}${other}`;
}

function otherProposals(
  { differences, child, notify, step }: Hintable,
  { name }: ConnectionConfig,
): string {
  const ofIke = step === 'IKE_SA_INIT' || child === undefined;
  const key = ofIke ? `proposals of '${name}'` : `esp_proposals (or ah_proposals) of '${child}'`;
  const different = differences.filter(({ what }) => what !== 'proposal');
  if (different.length === 0) {
    return `the log of the peer has what it accepts: add one of its proposals to ${key}, or one of ours to its configuration`;
  }
  const changes = different.map(({ what, theirs }) => `${what} ${theirs}`).join(', ');
  const asked = notify === NotifyType.INVALID_KE_PAYLOAD ? ', which the peer asks for,' : '';
  return `allow ${changes}${asked} in ${key}, or change the proposals of the peer`;
}

function otherSelectors({ child, role }: Hintable): string {
  const which = child === undefined ? 'a child' : `'${child}'`;
  const where = role === 'initiator' ? 'what the peer has' : 'what the peer asks for';
  return `let local_ts and remote_ts of ${which} overlap with ${where}: its remote_ts are our local_ts and the other way round`;
}

function virtualIp({ role, notify }: Hintable): string {
  if (role === 'initiator') return 'give the connection of the peer a pool, or take out vips here';
  return notify === NotifyType.FAILED_CP_REQUIRED
    ? 'let the peer ask for a virtual IP (vips = 0.0.0.0), or take out pools here'
    : 'enlarge the pool, load the one that is missing, or wait until an address is free again';
}
