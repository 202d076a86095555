import type { ChildConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { run } from '../../util/waits.ts';
import { alert } from '../announce.ts';
import { agreeOnExtensions, offerExtensions } from '../auth-extensions.ts';
import { moreAbilities, roundsPayload } from '../authenticators/abilities.ts';
import { methodsPayload } from '../authenticators/announced-methods.ts';
import { AuthenticatedPeer } from '../authenticators/authenticated-peer.ts';
import { certRequests } from '../authenticators/cert-requests.ts';
import { type OwnRound, ownRound } from '../authenticators/own-rounds.ts';
import { PeerRounds, tooFew, tooMany } from '../authenticators/peer-rounds.ts';
import { readCredentials } from '../authenticators/received-credentials.ts';
import { ChildProposal } from '../child-initiator.ts';
import { AuthenticationError, EstablishError, OwnAuthenticationError } from '../errors.ts';
import { addressIdentity, isConcrete, isNobody } from '../identities.ts';
import { authKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { type AuthKeys, type InitialExchanges, signedBy } from '../initial-exchanges.ts';
import { obeyAuthLifetime } from '../lifetimes.ts';
import { agreeOnMobike, offerMobike } from '../mobike-auth.ts';
import { find, findError, findNotify, notify } from '../payloads.ts';
import { OwnPpk } from '../ppk-initiator.ts';
import { configRequest, receiveConfig } from '../receive-addresses.ts';
import { checkRedirected } from '../redirect.ts';
import type { OutboundRequest, Reply } from '../task.ts';

/**
 * IKE_AUTH as initiator, RFC 7296 section 1.2:
 *
 *     HDR, SK {IDi, [CERT], [N(INITIAL_CONTACT)], [CERTREQ], [IDr], AUTH, SAi2, TSi, TSr}  -->
 *                                <--  HDR, SK {IDr, [CERT], AUTH, SAr2, TSi, TSr}
 *
 * With several rounds (RFC 4739) each side says ANOTHER_AUTH_FOLLOWS until its last one; the CHILD_SA is asked for in the first request
 * and answered in the last response. With a PPK (RFC 8784) the first request names it, and unless it is required carries a second
 * proof without it, for a responder that does not know it.
 */
export async function* ikeAuth(
  sa: IkeSa,
  connection: ConnectionConfig,
  init: InitialExchanges,
  child: ChildConfig | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const wanted = connection.remote[0]?.id;
  if (isConcrete(wanted)) sa.remoteId = wanted;
  using ppk = OwnPpk.of(sa, connection, init.ppk);
  let own: OwnRound | undefined = await prove(sa, connection, init, 0, ppk?.keys);
  const aboutPpk = await ppk?.payloads(async () => (await prove(sa, connection, init, 0)).auth);
  const offer = child === undefined ? undefined : await ChildProposal.prepare(sa, child);
  try {
    if (child !== undefined)
      sa.log.log('chd', 1, `establishing CHILD_SA ${child.name}{${offer?.uniqueId}}`);
    const peer = new PeerProofs(sa, connection, init);
    for (let round = 0; !peer.complete || own !== undefined; round++) {
      const more =
        round === 0
          ? [...firstPayloads(sa, connection, init, own, offer), ...(aboutPpk ?? [])]
          : proofOf(own);
      const { message }: Reply = yield { exchange: ExchangeType.IKE_AUTH, payloads: more };
      if (round === 0) settlePpk(sa, ppk, message);
      await peer.take(message);
      const next = round + 1;
      own = next < connection.local.length ? await prove(sa, connection, init, next) : undefined;
    }
    const answer = peer.everything;
    agreeOnMobike(sa, connection, answer, true);
    agreeOnExtensions(sa, answer);
    checkRedirected(sa, answer);
    sa.establish(peer.proof());
    const lifetime = findNotify(answer, NotifyType.AUTH_LIFETIME);
    if (lifetime !== undefined) obeyAuthLifetime(sa, lifetime);
    await receiveConfig(sa, answer);
    if (offer !== undefined) await offer.complete(answer, init.ni, init.nr);
  } finally {
    await offer?.dispose();
  }
}

async function prove(
  sa: IkeSa,
  connection: ConnectionConfig,
  init: InitialExchanges,
  round: number,
  keys: AuthKeys = authKeys(sa),
): Promise<OwnRound> {
  const wanted = connection.remote[round]?.id;
  const identity = isConcrete(wanted)
    ? wanted
    : (sa.remoteId ?? addressIdentity(sa.remote.address));
  const signed = signedBy('initiator', init, keys);
  try {
    const { abilities } = init;
    const peer = { identity, abilities };
    const own = await run(ownRound(sa, connection, round, signed, undefined, peer));
    sa.localId = own.identity;
    return own;
  } catch (error) {
    if (error instanceof OwnAuthenticationError) alert(sa.env, 'local-auth-failed', sa);
    throw error;
  }
}

function firstPayloads(
  sa: IkeSa,
  connection: ConnectionConfig,
  init: InitialExchanges,
  own: OwnRound | undefined,
  offer: ChildProposal | undefined,
): readonly Payload[] {
  if (own === undefined) return [];
  const wanted = connection.remote[0]?.id;
  return [
    { kind: 'IDi', identity: own.identity },
    ...own.certs,
    ...initialContact(sa, connection, own.identity),
    ...certRequests(sa, [connection], false),
    ...(isConcrete(wanted) ? [{ kind: 'IDr', identity: wanted } as const] : []),
    own.auth,
    ...configRequest(sa),
    ...(offer?.payloads ?? []),
    ...offerMobike(sa, connection),
    ...roundsPayload(sa),
    ...own.follows,
    ...(init.abilities.methods === undefined ? [] : methodsPayload(sa, [connection])),
    ...offerExtensions(sa),
  ];
}

function proofOf(own: OwnRound | undefined): readonly Payload[] {
  if (own === undefined) return [];
  return [{ kind: 'IDi', identity: own.identity }, ...own.certs, own.auth, ...own.follows];
}

function initialContact(
  sa: IkeSa,
  connection: ConnectionConfig,
  local: Identity,
): readonly Payload[] {
  if (connection.unique === 'never' || isNobody(local)) return [];
  return sa.env.registry.hasDuplicate(sa) ? [] : [notify(NotifyType.INITIAL_CONTACT)];
}

/** What the responder has said and proved so far. */
class PeerProofs {
  readonly #sa: IkeSa;
  readonly #connection: ConnectionConfig;
  readonly #init: InitialExchanges;
  readonly #rounds: PeerRounds;
  readonly #peers: AuthenticatedPeer[] = [];
  #everything: Message | undefined;
  /** It has done all of its rounds. */
  complete = false;

  constructor(sa: IkeSa, connection: ConnectionConfig, init: InitialExchanges) {
    this.#sa = sa;
    this.#connection = connection;
    this.#init = init;
    this.#rounds = new PeerRounds(sa);
  }

  /** The payloads of all of its answers, in the last of them. */
  get everything(): Message {
    if (this.#everything === undefined) throw new EstablishError('the peer has not answered');
    return this.#everything;
  }

  proof(): AuthenticatedPeer {
    const peer = this.complete ? AuthenticatedPeer.afterRounds(this.#peers) : undefined;
    if (peer === undefined) throw new AuthenticationError('the peer has not authenticated itself');
    return peer;
  }

  async take(message: Message): Promise<void> {
    const before = this.#everything?.payloads ?? [];
    this.#everything = { ...message, payloads: [...before, ...message.payloads] };
    if (this.complete) {
      // What is left can only be a refusal of our proof, or the end.
      if (findNotify(message, NotifyType.AUTHENTICATION_FAILED) !== undefined) {
        throw refusal(this.#sa, message);
      }
      return;
    }
    const [idr, auth] = [find(message, 'IDr'), find(message, 'AUTH')];
    const identity = idr?.identity ?? this.#rounds.identity;
    if (identity === undefined || auth === undefined) throw refusal(this.#sa, message);
    try {
      this.#peers.push(await this.#verify(identity, auth, message));
      const follows = findNotify(message, NotifyType.ANOTHER_AUTH_FOLLOWS) !== undefined;
      const left = this.#connection.remote.length - this.#peers.length;
      if (follows && left === 0) throw new AuthenticationError(tooMany(this.#connection));
      if (!follows && left > 0) {
        throw new AuthenticationError(tooFew(this.#connection, this.#peers.length));
      }
      this.complete = !follows;
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      refuse(this.#sa, error);
    }
  }

  async #verify(
    identity: Identity,
    { method, data }: { readonly method: number; readonly data: Uint8Array },
    message: Message,
  ): Promise<AuthenticatedPeer> {
    const sa = this.#sa;
    const config = this.#connection.remote[this.#rounds.length];
    if (config === undefined) throw new AuthenticationError(tooMany(this.#connection));
    this.#rounds.add({
      identity,
      method,
      data,
      credentials: await run(readCredentials(sa, message)),
      theirs: signedBy('responder', this.#init, authKeys(sa)),
      abilities: moreAbilities(sa, this.#init.abilities, message),
    });
    const peer = await run(
      this.#rounds.last(config, sa.localId ?? addressIdentity(sa.local.address)),
    );
    sa.remoteId = peer.identity;
    return peer;
  }
}

// A refusal has no proof that a PPK could be in.
function settlePpk(sa: IkeSa, ppk: OwnPpk | undefined, message: Message): void {
  if (find(message, 'AUTH') === undefined) return;
  try {
    ppk?.settle(message);
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    refuse(sa, error);
  }
}

/** The peer believes in this IKE_SA: it is told, RFC 7296 section 2.21.2. */
function refuse(sa: IkeSa, error: AuthenticationError): never {
  sa.log.log('ike', 1, error.message);
  alert(sa.env, 'peer-auth-failed', sa);
  sa.engine.fireAndForget({
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [notify(NotifyType.AUTHENTICATION_FAILED)],
  });
  throw error;
}

function refusal(sa: IkeSa, message: Message): EstablishError {
  const error = findError(message);
  if (error === undefined)
    return new EstablishError('IKE_AUTH response lacks an IDr or AUTH payload');
  if (error.type === NotifyType.AUTHENTICATION_FAILED) {
    alert(sa.env, 'local-auth-failed', sa);
    return new EstablishError(
      'received AUTHENTICATION_FAILED notify error: the peer does not accept our identity or our proof of it; its log says which',
      { failure: { kind: 'refused', notify: error.type } },
    );
  }
  return new EstablishError(`received ${notifyName(error.type)} notify error in IKE_AUTH`, {
    failure: { kind: 'refused', notify: error.type },
  });
}
