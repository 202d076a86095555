import type { ChildConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { matchIdentity } from '../../proto/identity-match.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { alert } from '../announce.ts';
import { agreeOnExtensions, offerExtensions } from '../auth-extensions.ts';
import type { AuthenticatedPeer } from '../authenticators/authenticated-peer.ts';
import { buildPskAuth, verifyPskAuth } from '../authenticators/psk.ts';
import { ChildProposal } from '../child-initiator.ts';
import { AuthenticationError, EstablishError } from '../errors.ts';
import { addressIdentity, isConcrete, localIdentity } from '../identities.ts';
import { authKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { type InitialExchanges, signedBy } from '../initial-exchanges.ts';
import { obeyAuthLifetime } from '../lifetimes.ts';
import { agreeOnMobike, offerMobike } from '../mobike-auth.ts';
import { find, findError, findNotify, notify } from '../payloads.ts';
import { configRequest, receiveConfig } from '../receive-addresses.ts';
import { checkRedirected } from '../redirect.ts';
import type { OutboundRequest, Reply } from '../task.ts';

/**
 * IKE_AUTH as initiator with pre-shared keys, RFC 7296 section 1.2:
 *
 *     HDR, SK {IDi, [N(INITIAL_CONTACT)], [IDr], AUTH, [N(USE_TRANSPORT_MODE)], SAi2, TSi, TSr}  -->
 *                                <--  HDR, SK {IDr, AUTH, [N(USE_TRANSPORT_MODE)], SAr2, TSi, TSr}
 */
export async function* ikeAuth(
  sa: IkeSa,
  connection: ConnectionConfig,
  init: InitialExchanges,
  child: ChildConfig | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const local = localIdentity(connection.local[0]?.id, sa.local.address, undefined);
  const wanted = connection.remote[0]?.id;
  sa.localId = local;
  const expected = isConcrete(wanted) ? wanted : addressIdentity(sa.remote.address);
  if (isConcrete(wanted)) sa.remoteId = wanted;

  const own = signedBy('initiator', init, authKeys(sa));
  const auth = buildPskAuth(sa, own, local, expected);
  const offer = child === undefined ? undefined : await ChildProposal.prepare(sa, child);
  try {
    if (child !== undefined)
      sa.log.log('chd', 1, `establishing CHILD_SA ${child.name}{${offer?.uniqueId}}`);
    const reply: Reply = yield {
      exchange: ExchangeType.IKE_AUTH,
      payloads: [
        { kind: 'IDi', identity: local },
        ...initialContact(sa, connection),
        ...(isConcrete(wanted) ? [{ kind: 'IDr', identity: wanted } as const] : []),
        auth,
        ...configRequest(sa),
        ...(offer?.payloads ?? []),
        ...offerMobike(sa, connection),
        ...offerExtensions(sa),
      ],
    };
    const peer = authenticate(sa, init, reply.message, local, wanted);
    agreeOnMobike(sa, connection, reply.message, true);
    agreeOnExtensions(sa, reply.message);
    checkRedirected(sa, reply.message);
    sa.establish(peer);
    const lifetime = findNotify(reply.message, NotifyType.AUTH_LIFETIME);
    if (lifetime !== undefined) obeyAuthLifetime(sa, lifetime);
    await receiveConfig(sa, reply.message);
    if (offer !== undefined) await offer.complete(reply.message, init.ni, init.nr);
  } finally {
    await offer?.dispose();
  }
}

function initialContact(sa: IkeSa, connection: ConnectionConfig): readonly Payload[] {
  if (connection.unique === 'never' || sa.env.registry.duplicatesOf(sa).length > 0) return [];
  return [notify(NotifyType.INITIAL_CONTACT)];
}

function authenticate(
  sa: IkeSa,
  init: InitialExchanges,
  message: Message,
  local: Identity,
  wanted: Identity | undefined,
): AuthenticatedPeer {
  const [idr, auth] = [find(message, 'IDr'), find(message, 'AUTH')];
  if (idr === undefined || auth === undefined) throw refusal(sa, message);
  try {
    const identity = idr.identity;
    if (
      wanted !== undefined &&
      matchIdentity(wanted, identity, sa.env.options().rdn_matching) === 0
    ) {
      throw new AuthenticationError(
        `constraint check failed: identity '${printIdentity(wanted)}' required, ` +
          `but the peer is '${printIdentity(identity)}'`,
      );
    }
    const theirs = signedBy('responder', init, authKeys(sa));
    return verifyPskAuth(sa, theirs, auth, local, identity);
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    sa.log.log('ike', 1, error.message);
    alert(sa.env, 'peer-auth-failed', sa);
    // The peer believes in this IKE_SA: it is told, RFC 7296 section 2.21.2.
    sa.engine.fireAndForget({
      exchange: ExchangeType.INFORMATIONAL,
      payloads: [notify(NotifyType.AUTHENTICATION_FAILED)],
    });
    throw error;
  }
}

function refusal(sa: IkeSa, message: Message): EstablishError {
  const error = findError(message);
  if (error === undefined)
    return new EstablishError('IKE_AUTH response lacks an IDr or AUTH payload');
  if (error.type === NotifyType.AUTHENTICATION_FAILED) {
    alert(sa.env, 'local-auth-failed', sa);
    return new EstablishError(
      'received AUTHENTICATION_FAILED notify error: the peer does not accept our identity or secret; its log says which',
    );
  }
  return new EstablishError(`received ${notifyName(error.type)} notify error in IKE_AUTH`);
}
