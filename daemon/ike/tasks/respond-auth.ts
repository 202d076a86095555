import type { ConnectionConfig } from '../../config/connection-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { alert } from '../announce.ts';
import { assignAddresses } from '../assign-addresses.ts';
import { acceptExtensions, agreeOnExtensions } from '../auth-extensions.ts';
import type { AuthenticatedPeer } from '../authenticators/authenticated-peer.ts';
import { buildPskAuth, verifyPskAuth } from '../authenticators/psk.ts';
import { respondChild } from '../child-responder.ts';
import { childlessViolation } from '../childless.ts';
import { settleCrossing } from '../crossing.ts';
import { AuthenticationError, ProtocolError } from '../errors.ts';
import { localIdentity } from '../identities.ts';
import { authKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { type InitialExchanges, signedBy } from '../initial-exchanges.ts';
import { authLifetime } from '../lifetimes.ts';
import { acceptMobike, agreeOnMobike } from '../mobike-auth.ts';
import { find, findNotify, notify } from '../payloads.ts';
import { redirectAuth } from '../redirect.ts';
import type { InboundRequest, OutboundResponse, ResponderTask } from '../task.ts';
import { closeDuplicates, refusedAsDuplicate } from '../uniqueness.ts';

/** Largest identity accepted, octets: a distinguished name that is longer is an attack (security limits). */
const MAX_IDENTITY_OCTETS = 4096;

/**
 * IKE_AUTH as responder with pre-shared keys. Whatever fails about the proof, the wire says AUTHENTICATION_FAILED and nothing
 * else; a peer that proved itself is told what else is wrong.
 */
export async function* respondAuth(
  sa: IkeSa,
  init: InitialExchanges,
  { message }: InboundRequest,
): ResponderTask {
  try {
    const authenticated = authenticate(sa, init, message);
    yield await accept(sa, init, message, authenticated);
  } catch (error) {
    if (error instanceof ProtocolError && error.notify !== undefined) {
      sa.log.log('ike', 1, error.message);
      yield { payloads: [notify(error.notify)], after: () => sa.destroy(error.message) };
      return;
    }
    if (!(error instanceof AuthenticationError)) throw error;
    sa.log.log('ike', 1, error.message);
    alert(sa.env, 'peer-auth-failed', sa);
    const refusal: OutboundResponse = {
      payloads: [notify(NotifyType.AUTHENTICATION_FAILED)],
      after: () => sa.destroy(error.message),
    };
    yield refusal;
  }
}

interface Authenticated {
  readonly connection: ConnectionConfig;
  readonly peer: AuthenticatedPeer;
  readonly local: Identity;
}

function authenticate(sa: IkeSa, init: InitialExchanges, message: Message): Authenticated {
  const [idi, idr, auth] = [find(message, 'IDi'), find(message, 'IDr'), find(message, 'AUTH')];
  if (idi === undefined) throw new AuthenticationError('IKE_AUTH request lacks an IDi payload');
  const remote = idi.identity;
  if (remote.data.length > MAX_IDENTITY_OCTETS || remote.type === 0) {
    throw new AuthenticationError(
      `peer's identity of type ${remote.type} with ${remote.data.length} octets is refused`,
    );
  }
  sa.remoteId = remote;
  if (auth === undefined) {
    throw new AuthenticationError(
      `'${printIdentity(remote)}' wants to authenticate with EAP, which no connection allows`,
    );
  }
  const candidates = sa.env.connections.candidatesForAuth(
    sa.local,
    sa.remote,
    idr?.identity,
    remote,
  );
  const wanted = idr === undefined ? '%any' : printIdentity(idr.identity);
  sa.log.log(
    'cfg',
    1,
    `looking for peer configs matching ${sa.local.address}[${wanted}]...${sa.remote.address}[${printIdentity(remote)}]`,
  );
  if (candidates.length === 0) {
    sa.log.log('cfg', 1, 'no matching peer config found');
    throw new AuthenticationError(
      `no matching peer config found for ${sa.local.address}[${wanted}]...` +
        `${sa.remote.address}[${printIdentity(remote)}]; no loaded connection fits these addresses and identities`,
    );
  }
  return tryCandidates(sa, init, auth, candidates, remote, idr?.identity);
}

/** Constraints of the best candidate may not be met where those of the next are: "switching to peer config". */
function tryCandidates(
  sa: IkeSa,
  init: InitialExchanges,
  auth: { readonly method: number; readonly data: Uint8Array },
  candidates: readonly ConnectionConfig[],
  remote: Identity,
  asked: Identity | undefined,
): Authenticated {
  let failure: AuthenticationError | undefined;
  for (const connection of candidates.slice(0, MAX_CANDIDATES)) {
    if (failure !== undefined)
      sa.log.log('cfg', 1, `switching to peer config '${connection.name}'`);
    sa.assign(connection);
    const unmet = unmetConstraint(connection);
    if (unmet !== undefined) {
      failure ??= new AuthenticationError(unmet);
      sa.log.log('cfg', 1, `selected peer config '${connection.name}' unacceptable: ${unmet}`);
      continue;
    }
    const local = localIdentity(connection.local[0]?.id, sa.local.address, asked);
    try {
      const signed = signedBy('initiator', init, authKeys(sa));
      const peer = verifyPskAuth(sa, signed, auth, local, remote);
      return { connection, peer, local };
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      failure ??= error;
      sa.log.log(
        'cfg',
        1,
        `selected peer config '${connection.name}' unacceptable: ${error.message}`,
      );
    }
  }
  throw failure ?? new AuthenticationError('no matching peer config found');
}

/** Connections tried for one peer; each costs a few MACs. */
const MAX_CANDIDATES = 16;

function unmetConstraint(connection: ConnectionConfig): string | undefined {
  const round = connection.remote[0];
  if (connection.remote.length > 1) return 'several authentication rounds are required';
  if (round !== undefined && round.class !== 'psk' && round.class !== 'any') {
    return `constraint check failed: ${round.auth} authentication is required, the peer used a pre-shared key`;
  }
  return undefined;
}

async function accept(
  sa: IkeSa,
  init: InitialExchanges,
  message: Message,
  { connection, peer, local }: Authenticated,
): Promise<OutboundResponse> {
  sa.localId = local;
  sa.remoteId = peer.identity;
  const violation = childlessViolation(connection, message);
  if (violation !== undefined) {
    throw new ProtocolError(violation, NotifyType.INVALID_SYNTAX, true);
  }
  const anew = findNotify(message, NotifyType.INITIAL_CONTACT) !== undefined;
  if (anew && connection.unique !== 'never') {
    // One that is busy goes a moment later; it is no reason any more to refuse the peer.
    await closeDuplicates(sa, 'initial-contact');
  } else if (refusedAsDuplicate(sa, connection)) {
    throw new AuthenticationError(
      `peer '${printIdentity(peer.identity)}' has an IKE_SA from another address, and unique = keep`,
    );
  }
  const auth = buildPskAuth(sa, signedBy('responder', init, authKeys(sa)), local, peer.identity);
  agreeOnMobike(sa, connection, message, false);
  agreeOnExtensions(sa, message);
  const elsewhere = redirectAuth(sa);
  if (elsewhere !== undefined)
    return sendElsewhere(sa, [{ kind: 'IDr', identity: local }, auth, elsewhere]);
  sa.establish(peer);
  // The other IKE_SAs of this peer are gone in a moment: nobody uses their addresses any more.
  const replaces = connection.unique === 'replace' || (anew && connection.unique !== 'never');
  const config = assignAddresses(sa, connection, message, replaces);
  const child =
    config.kind === 'refused'
      ? config.payloads
      : await respondChild(sa, connection, message, init.ni, init.nr);
  const assigned = config.kind === 'assigned' ? config.payloads : [];
  const payloads: readonly Payload[] = [
    { kind: 'IDr', identity: local },
    auth,
    ...assigned,
    ...child,
    ...authLifetime(sa),
    ...acceptMobike(sa),
    ...acceptExtensions(sa),
  ];
  const failed = child.length === 1 && child[0]?.kind === 'Notify';
  return {
    payloads,
    after: async () => {
      settleCrossing(sa);
      if (connection.unique === 'replace') await closeDuplicates(sa, 'replace');
      if (failed && sa.env.options().close_ike_on_child_failure) {
        sa.log.log('ike', 1, 'closing IKE_SA due to CHILD_SA setup failure');
        await sa.deleteNow('the CHILD_SA of IKE_AUTH could not be set up');
      }
    },
  };
}

/** Milliseconds a redirected peer has for its DELETE. */
const GOODBYE_TIME = 30_000;

// RFC 5685 section 6: no CHILD_SA, and the peer deletes what there is.
function sendElsewhere(sa: IkeSa, payloads: readonly Payload[]): OutboundResponse {
  sa.transition({ kind: 'deleting', peer: undefined });
  sa.timers.stop('halfOpen');
  sa.timers.start('redirected', GOODBYE_TIME);
  return { payloads };
}
