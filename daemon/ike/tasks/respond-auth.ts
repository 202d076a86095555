import type { ConnectionConfig } from '../../config/connection-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { settled, type Waits } from '../../util/waits.ts';
import { alert } from '../announce.ts';
import { assignAddresses } from '../assign-addresses.ts';
import { failureOf, noteFailure, noteRefusedPeer } from '../attempts/note.ts';
import { acceptExtensions, agreeOnExtensions } from '../auth-extensions.ts';
import { moreAbilities } from '../authenticators/abilities.ts';
import { AuthenticatedPeer } from '../authenticators/authenticated-peer.ts';
import { type OwnRound, ownRound } from '../authenticators/own-rounds.ts';
import { PeerRounds } from '../authenticators/peer-rounds.ts';
import { readCredentials } from '../authenticators/received-credentials.ts';
import { Candidates } from '../candidates.ts';
import { respondChild } from '../child-responder.ts';
import { childlessViolation } from '../childless.ts';
import { settleCrossing } from '../crossing.ts';
import {
  AuthenticationError,
  OwnAuthenticationError,
  ProtocolError,
  RefusedByAll,
} from '../errors.ts';
import { isNobody } from '../identities.ts';
import { authKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { type InitialExchanges, signedBy } from '../initial-exchanges.ts';
import { authLifetime } from '../lifetimes.ts';
import { acceptMobike, agreeOnMobike } from '../mobike-auth.ts';
import { find, findNotify, notify } from '../payloads.ts';
import { type PeerPpk, peerPpk } from '../ppk-responder.ts';
import { redirectAuth } from '../redirect.ts';
import type { InboundRequest, OutboundResponse, ResponderScript } from '../task.ts';
import { closeDuplicates, refusedAsDuplicate } from '../uniqueness.ts';

/** Largest identity accepted, octets: a distinguished name that is longer is an attack (security limits). */
const MAX_IDENTITY_OCTETS = 4096;

/**
 * IKE_AUTH as responder. Whatever fails about the proof, the wire says AUTHENTICATION_FAILED and nothing
 * else; a peer that proved itself is told what else is wrong.
 */
export function* respondAuth(
  sa: IkeSa,
  init: InitialExchanges,
  first: InboundRequest,
): ResponderScript {
  try {
    yield* rounds(sa, init, first);
  } catch (error) {
    if (error instanceof ProtocolError && error.notify !== undefined) {
      sa.log.log('ike', 1, error.message);
      noteFailure(sa, error.message, { kind: 'other', notify: error.notify });
      yield { payloads: [notify(error.notify)], after: () => sa.destroy(error.message) };
      return;
    }
    if (!(error instanceof AuthenticationError)) throw error;
    sa.log.log('ike', 1, error.message);
    const asked = find(first.message, 'IDr')?.identity;
    noteRefusal(sa, error, asked);
    const own = error instanceof OwnAuthenticationError;
    alert(sa.env, own ? 'local-auth-failed' : 'peer-auth-failed', sa);
    const refusal: OutboundResponse = {
      payloads: [notify(NotifyType.AUTHENTICATION_FAILED)],
      after: () => sa.destroy(error.message),
    };
    yield refusal;
  }
}

function noteRefusal(sa: IkeSa, error: AuthenticationError, asked: Identity | undefined): void {
  const notify = NotifyType.AUTHENTICATION_FAILED;
  if (error instanceof RefusedByAll) {
    for (const { connection, reason, failure } of error.refusals) {
      noteFailure(sa, reason, { kind: 'other', ...failure, notify }, { connection });
    }
    return;
  }
  const failure = { ...failureOf(error), notify };
  if (sa.connection !== undefined) noteFailure(sa, error.message, failure);
  else noteRefusedPeer(sa, error.message, failure, { asked });
}

/** Rounds until both sides have done theirs (RFC 4739); everything else that the peer asked for is answered in the last one. */
function* rounds(sa: IkeSa, init: InitialExchanges, first: InboundRequest): ResponderScript {
  using ppk = peerPpk(sa, init.ppk, first.message);
  const peer = new PeerRounds(sa, ppk);
  const asked = find(first.message, 'IDr')?.identity;
  const candidates = new Candidates(sa, asked, peer);
  const abilities = moreAbilities(sa, init.abilities, first.message);
  const payloads: Payload[] = [];
  let { message } = first;
  let proven: readonly AuthenticatedPeer[] = [];
  for (let round = 0, done = false; ; round++) {
    payloads.push(...message.payloads);
    if (!done) {
      yield* addRound(sa, init, peer, message, round === 0 ? ppk : undefined);
      const follows = findNotify(message, NotifyType.ANOTHER_AUTH_FOLLOWS) !== undefined;
      proven = yield* ppk.explain(candidates.choose(follows, round));
      done = !follows;
    }
    const { connection } = candidates;
    const aboutPpk = round === 0 ? ppk.settle() : [];
    const identity = peer.identity;
    if (identity === undefined) throw new AuthenticationError('the peer has no identity');
    const signed = signedBy('responder', init, authKeys(sa));
    const own =
      round < connection.local.length
        ? yield* ownRound(sa, connection, round, signed, asked, { identity, abilities })
        : undefined;
    if (own !== undefined) sa.localId = own.identity;
    if (done && round + 1 >= connection.local.length) {
      const proof = AuthenticatedPeer.afterRounds(proven);
      if (proof === undefined) throw new AuthenticationError('the peer proved nothing');
      const answer = [...proofOf(own), ...aboutPpk];
      yield yield* accept(sa, init, { ...message, payloads }, connection, proof, answer);
      return;
    }
    const next: InboundRequest = yield {
      payloads: [...proofOf(own), ...aboutPpk, ...(own?.follows ?? [])],
    };
    message = next.message;
  }
}

function proofOf(own: OwnRound | undefined): readonly Payload[] {
  return own === undefined ? [] : [{ kind: 'IDr', identity: own.identity }, ...own.certs, own.auth];
}

/** Reads what the peer sent to prove itself in this round; nothing of it is verified yet. */
function* addRound(
  sa: IkeSa,
  init: InitialExchanges,
  rounds: PeerRounds,
  message: Message,
  ppk?: PeerPpk,
): Waits<void> {
  const [idi, auth] = [find(message, 'IDi'), find(message, 'AUTH')];
  const identity: Identity | undefined = idi?.identity ?? rounds.identity;
  if (identity === undefined) {
    throw new AuthenticationError('IKE_AUTH request lacks an IDi payload');
  }
  if (identity.data.length > MAX_IDENTITY_OCTETS || identity.type === 0) {
    throw new AuthenticationError(
      `peer's identity of type ${identity.type} with ${identity.data.length} octets is refused`,
    );
  }
  sa.remoteId = identity;
  if (auth === undefined) {
    throw new AuthenticationError(
      `'${printIdentity(identity)}' wants to authenticate with EAP, which no connection allows`,
    );
  }
  const { keys, data } = ppk?.proof(auth.data) ?? { keys: authKeys(sa), data: auth.data };
  rounds.add({
    identity,
    method: auth.method,
    data,
    credentials: yield* readCredentials(sa, message),
    theirs: signedBy('initiator', init, keys),
    abilities: init.abilities,
  });
}

function* accept(
  sa: IkeSa,
  init: InitialExchanges,
  message: Message,
  connection: ConnectionConfig,
  peer: AuthenticatedPeer,
  proof: readonly Payload[],
): Waits<OutboundResponse> {
  sa.remoteId = peer.identity;
  const violation = childlessViolation(connection, message);
  if (violation !== undefined) {
    throw new ProtocolError(violation, NotifyType.INVALID_SYNTAX, true);
  }
  const anew =
    findNotify(message, NotifyType.INITIAL_CONTACT) !== undefined && !isNobody(peer.identity);
  if (anew && connection.unique !== 'never') {
    // One that is busy goes a moment later; it is no reason any more to refuse the peer.
    closeDuplicates(sa, 'initial-contact');
  } else if (refusedAsDuplicate(sa, connection)) {
    throw new AuthenticationError(
      `peer '${printIdentity(peer.identity)}' has an IKE_SA from another address, and unique = keep`,
    );
  }
  agreeOnMobike(sa, connection, message, false);
  agreeOnExtensions(sa, message);
  const elsewhere = redirectAuth(sa);
  if (elsewhere !== undefined) return sendElsewhere(sa, [...proof, elsewhere]);
  sa.establish(peer);
  // The other IKE_SAs of this peer are gone in a moment: nobody uses their addresses any more.
  const replaces = connection.unique === 'replace' || (anew && connection.unique !== 'never');
  const config = assignAddresses(sa, connection, message, replaces);
  const child =
    config.kind === 'refused'
      ? config.payloads
      : yield* settled(respondChild(sa, connection, message, init.ni, init.nr));
  const assigned = config.kind === 'assigned' ? config.payloads : [];
  const payloads: readonly Payload[] = [
    ...proof,
    ...assigned,
    ...child,
    ...authLifetime(sa),
    ...acceptMobike(sa),
    ...acceptExtensions(sa),
  ];
  const failed = child.length === 1 && child[0]?.kind === 'Notify';
  return {
    payloads,
    after: () => {
      settleCrossing(sa);
      if (connection.unique === 'replace') closeDuplicates(sa, 'replace');
      if (!failed || !sa.env.options().close_ike_on_child_failure) return undefined;
      sa.log.log('ike', 1, 'closing IKE_SA due to CHILD_SA setup failure');
      return sa.deleteNow('the CHILD_SA of IKE_AUTH could not be set up');
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
