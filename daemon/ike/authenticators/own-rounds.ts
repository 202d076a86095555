import type { AuthRoundConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import type { Payload } from '../../proto/payload.ts';
import { settled, type Waits } from '../../util/waits.ts';
import { AuthenticationError, OwnAuthenticationError } from '../errors.ts';
import { localIdentity, NOBODY } from '../identities.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SignedMessage } from '../initial-exchanges.ts';
import { notify } from '../payloads.ts';
import type { Abilities } from './abilities.ts';
import { certPayloads } from './cert-payloads.ts';
import { buildNullAuth } from './null.ts';
import { hasCredential, ownCredential } from './own-credential.ts';
import { buildPskAuth } from './psk.ts';
import { buildSignatureAuth } from './signature.ts';

/** Our part of one round of authentication. */
export interface OwnRound {
  readonly identity: Identity;
  readonly certs: readonly Payload[];
  readonly auth: Payload;
  /** N(ANOTHER_AUTH_FOLLOWS), if this is not our last round (RFC 4739). */
  readonly follows: readonly Payload[];
}

/** Who we are in a round; `asked` is the IDr in which the peer named us. */
export function ownIdentity(
  sa: IkeSa,
  round: AuthRoundConfig,
  asked: Identity | undefined,
): Identity {
  if (round.class === 'null') return NOBODY;
  return localIdentity(round.id, sa.local.address, asked);
}

/**
 * Proves who we are in a round of a connection: with a shared key, a signature, or nothing at all. Throws
 * {@link OwnAuthenticationError} that says what we lack.
 */
export function* ownRound(...args: Parameters<typeof prove>): Waits<OwnRound> {
  try {
    return yield* prove(...args);
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    throw new OwnAuthenticationError(error.message, { cause: error, failure: error.failure });
  }
}

function* prove(
  sa: IkeSa,
  connection: ConnectionConfig,
  index: number,
  own: SignedMessage,
  asked: Identity | undefined,
  peer: { readonly identity: Identity; readonly abilities: Abilities },
): Waits<OwnRound> {
  const round = connection.local[index];
  if (round === undefined) throw new AuthenticationError('no round of ours is left');
  const identity = ownIdentity(sa, round, asked);
  const last = index + 1 === connection.local.length;
  const follows = last ? [] : [notify(NotifyType.ANOTHER_AUTH_FOLLOWS)];
  if (!last && !peer.abilities.rounds) {
    throw new AuthenticationError(
      `'${connection.name}' has ${connection.local.length} rounds of ours, but the peer does not support multiple authentication (RFC 4739)`,
    );
  }
  switch (methodOf(sa, round, identity)) {
    case 'null':
      return { identity, certs: [], auth: buildNullAuth(sa, own), follows };
    case 'psk':
      return { identity, certs: [], auth: buildPskAuth(sa, own, identity, peer.identity), follows };
    case 'pubkey': {
      const credential = ownCredential(sa, round, identity, peer.abilities);
      const certs = yield* settled(certPayloads(sa, connection, credential, peer.abilities));
      const auth = yield* settled(buildSignatureAuth(sa, own, identity, credential));
      return { identity, certs, auth, follows };
    }
  }
}

function methodOf(
  sa: IkeSa,
  round: AuthRoundConfig,
  identity: Identity,
): 'psk' | 'pubkey' | 'null' {
  if (round.class === 'psk' || round.class === 'pubkey' || round.class === 'null')
    return round.class;
  return hasCredential(sa, round, identity) ? 'pubkey' : 'psk';
}
