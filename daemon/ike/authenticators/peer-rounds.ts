import type { AuthRoundConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { AuthMethod, nameOfAuthMethod } from '../../proto/iana/auth-methods.ts';
import type { Identity } from '../../proto/identity.ts';
import { matchIdentity } from '../../proto/identity-match.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Waits } from '../../util/waits.ts';
import { clipped } from '../attempts/clipped.ts';
import type { Failure } from '../attempts/failure.ts';
import { AuthenticationError } from '../errors.ts';
import { isNobody } from '../identities.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { PeerPpk } from '../ppk-responder.ts';
import type { AuthenticatedPeer } from './authenticated-peer.ts';
import { verifyNullAuth } from './null.ts';
import { verifyPskAuth } from './psk.ts';
import { isSignature, type ReceivedSignature, SignatureProof } from './signature.ts';

/** What a peer sent in one round of authentication. */
export type ReceivedRound = ReceivedSignature;

/**
 * The rounds in which a peer has proved itself so far. The same proofs may be held against the demands of several connections; what
 * does not depend on the connection is found out once.
 */
export class PeerRounds {
  readonly #sa: IkeSa;
  readonly #ppk: PeerPpk | undefined;
  readonly #rounds: Round[] = [];

  /** `ppk`: what the peer says about one, which a connection may not allow either. */
  constructor(sa: IkeSa, ppk?: PeerPpk) {
    this.#sa = sa;
    this.#ppk = ppk;
  }

  get length(): number {
    return this.#rounds.length;
  }

  /** The identity of the last round. */
  get identity(): Identity | undefined {
    return this.#rounds.at(-1)?.received.identity;
  }

  add(received: ReceivedRound): void {
    this.#rounds.push({
      received,
      met: new Map(),
      ...(isSignature(received.method) && { proof: new SignatureProof(this.#sa, received) }),
    });
  }

  /** Whether the methods of the rounds so far are those of a connection. */
  areOfClassesOf({ remote }: ConnectionConfig): boolean {
    return this.#rounds.every(({ received }, index) => {
      const config = remote[index];
      return config !== undefined && isOfClass(config, received.method);
    });
  }

  /** Why the rounds so far do not meet those of a connection, as far as one sees without verifying anything. */
  unmet(connection: ConnectionConfig): Unmet | undefined {
    const { remote } = connection;
    const ppk = this.#ppk?.unmet(connection);
    if (ppk !== undefined) return { reason: ppk };
    for (const [index, { received }] of this.#rounds.entries()) {
      const config = remote[index];
      const unmet = config && unmetDemand(this.#sa, config, received);
      if (unmet !== undefined) return unmet;
    }
    return undefined;
  }

  /** The peer as it proved itself in the last round, as a round of the configuration demands. Throws {@link AuthenticationError}. */
  last(config: AuthRoundConfig, local: Identity): Waits<AuthenticatedPeer> {
    return this.#judge(this.#rounds.length - 1, config, local);
  }

  /** All rounds so far held against those of a connection, in order. Throws {@link AuthenticationError}. */
  *all(
    connection: ConnectionConfig,
    local: (round: number) => Identity,
  ): Waits<readonly AuthenticatedPeer[]> {
    const peers: AuthenticatedPeer[] = [];
    for (let index = 0; index < this.#rounds.length; index++) {
      const config = connection.remote[index];
      if (config === undefined) throw new AuthenticationError(tooMany(connection));
      peers.push(yield* this.#judge(index, config, local(index)));
    }
    return peers;
  }

  *#judge(index: number, config: AuthRoundConfig, local: Identity): Waits<AuthenticatedPeer> {
    const round = this.#rounds[index];
    if (round === undefined) throw new AuthenticationError('the peer has not proved itself');
    const unmet = unmetDemand(this.#sa, config, round.received);
    if (unmet !== undefined) throw new AuthenticationError(unmet.reason, unmet);
    const known = round.met.get(config);
    if (known !== undefined) return known;
    const peer = yield* this.#verify(round, config, local);
    round.met.set(config, peer);
    return peer;
  }

  *#verify(
    { received, proof }: Round,
    config: AuthRoundConfig,
    local: Identity,
  ): Waits<AuthenticatedPeer> {
    const { identity, method, data, theirs } = received;
    if (method === AuthMethod.NULL) return verifyNullAuth(this.#sa, theirs, data);
    if (proof !== undefined) return yield* proof.peer(config);
    return verifyPskAuth(this.#sa, theirs, { method, data }, local, identity);
  }
}

interface Round {
  readonly received: ReceivedRound;
  readonly proof?: SignatureProof;
  /** Rounds of the configuration whose demands it met: asked again when the next round chooses another connection. */
  readonly met: Map<AuthRoundConfig, AuthenticatedPeer>;
}

/** Why what a peer did is not what a connection demands. */
export interface Unmet {
  readonly reason: string;
  readonly failure?: Failure;
}

/** Why a round does not meet what is demanded, as far as one sees without verifying anything. */
export function unmetDemand(
  sa: IkeSa,
  config: AuthRoundConfig,
  { identity, method }: { readonly identity: Identity; readonly method: number },
): Unmet | undefined {
  const who = (): string => printIdentity(identity);
  if (!isOfClass(config, method)) {
    const wanted = config.auth === '' ? 'another' : config.auth;
    const used = nameOfMethod(method);
    return {
      reason: `constraint check failed: ${wanted} authentication is required, '${who()}' used ${used}`,
      failure: {
        kind: 'method',
        differences: [{ what: 'authentication of the peer', ours: wanted, theirs: used }],
      },
    };
  }
  // Nobody proves only that it is nobody, and somebody proves who it is: neither goes by the other's name.
  if (isNobody(identity) !== (method === AuthMethod.NULL)) {
    return { reason: `identity '${who()}' does not go with ${nameOfMethod(method)}` };
  }
  if (config.id === undefined || method === AuthMethod.NULL) return undefined;
  if (matchIdentity(config.id, identity, sa.env.options().rdn_matching) > 0) return undefined;
  const wanted = printIdentity(config.id);
  return {
    reason: `constraint check failed: identity '${wanted}' required, but the peer is '${who()}'`,
    failure: {
      kind: 'identity',
      differences: [{ what: 'identity of the peer', ours: wanted, theirs: clipped(who()) }],
    },
  };
}

function isOfClass({ class: wanted }: AuthRoundConfig, method: number): boolean {
  switch (wanted) {
    case 'psk':
      return method === AuthMethod.SHARED_KEY_MIC;
    case 'pubkey':
      return isSignature(method);
    case 'null':
      return method === AuthMethod.NULL;
    case 'any':
      return method === AuthMethod.SHARED_KEY_MIC || isSignature(method);
    case 'eap':
      return false;
  }
}

function nameOfMethod(method: number): string {
  if (method === AuthMethod.SHARED_KEY_MIC) return 'a pre-shared key';
  return method === AuthMethod.NULL ? 'NULL authentication' : nameOfAuthMethod(method);
}

/** Why a peer that announces a further round is refused. */
export function tooMany({ name, remote }: ConnectionConfig): string {
  return (
    `peer wants to authenticate in more than the ${remote.length} round${remote.length === 1 ? '' : 's'} ` +
    `that '${name}' has`
  );
}

/** Why a peer that has done with authenticating is refused. */
export function tooFew({ name, remote }: ConnectionConfig, done: number): string {
  return (
    `constraint check failed: '${name}' requires ${remote.length} rounds of authentication, ` +
    `the peer did ${done}`
  );
}
