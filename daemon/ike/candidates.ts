import type { ConnectionConfig } from '../config/connection-types.ts';
import type { Identity } from '../proto/identity.ts';
import { printIdentity } from '../proto/identity-text.ts';
import { deepEqual } from '../util/deep-equal.ts';
import { InternalError } from '../util/error.ts';
import type { Waits } from '../util/waits.ts';
import type { AuthenticatedPeer } from './authenticators/authenticated-peer.ts';
import { ownIdentity } from './authenticators/own-rounds.ts';
import { type PeerRounds, tooFew, tooMany, type Unmet } from './authenticators/peer-rounds.ts';
import { AuthenticationError, type Refusal, RefusedByAll } from './errors.ts';
import { addressIdentity } from './identities.ts';
import type { IkeSa } from './ike-sa.ts';

/** Connections tried for one peer in earnest; each may cost a few MACs or a judgement of certificates. */
const MAX_TRIED = 16;

/** Connections of another method that are told in the log. */
const MAX_TOLD = 16;

/**
 * The connections that a peer may belong to, best first. Constraints of the best one may not be met where those of the next are:
 * "switching to peer config".
 */
export class Candidates {
  readonly #sa: IkeSa;
  /** The IDr by which the peer called us. */
  readonly #asked: Identity | undefined;
  readonly #rounds: PeerRounds;
  #left: readonly ConnectionConfig[] | undefined;

  constructor(sa: IkeSa, asked: Identity | undefined, rounds: PeerRounds) {
    this.#sa = sa;
    this.#asked = asked;
    this.#rounds = rounds;
  }

  /** The chosen one. */
  get connection(): ConnectionConfig {
    const { connection } = this.#sa;
    if (connection === undefined) throw new InternalError('no connection was chosen');
    return connection;
  }

  /**
   * Chooses the best connection whose rounds the peer has met so far, and that has more of them if the peer says that another one
   * `follows`. We have `answered` that many rounds already: the choice may only change to one in which we are the same. Throws
   * {@link AuthenticationError} with the reason of the best one.
   */
  *choose(follows: boolean, answered: number): Waits<readonly AuthenticatedPeer[]> {
    const candidates = this.#left ?? this.#find();
    const before = answered === 0 ? undefined : this.connection;
    const { log } = this.#sa;
    const refused: Refusal[] = [];
    let failure: AuthenticationError | undefined;
    let [tried, told] = [0, 0];
    for (const [index, connection] of candidates.entries()) {
      // Whatever the peer proves, thousands of connections of other methods must cost next to nothing.
      if (told >= MAX_TOLD && !this.#rounds.areOfClassesOf(connection)) continue;
      const unmet =
        this.#unmetCount(connection, follows) ??
        this.#rounds.unmet(connection) ??
        unlike(before, connection, answered);
      if (unmet !== undefined) {
        failure ??= new AuthenticationError(unmet.reason, unmet);
        if (told++ >= MAX_TOLD) continue;
        this.#tell(connection, unmet.reason, failure, index);
        refused.push({ connection, ...unmet });
        continue;
      }
      if (tried++ === MAX_TRIED) break;
      if (failure !== undefined) {
        log.log('cfg', 1, `switching to peer config '${connection.name}'`);
      }
      this.#sa.assign(connection);
      try {
        const peers = yield* this.#rounds.all(connection, (round) =>
          this.#local(connection, round),
        );
        this.#left = candidates.slice(index);
        return peers;
      } catch (error) {
        if (!(error instanceof AuthenticationError)) throw error;
        failure ??= error;
        this.#refuse(connection, error.message);
        refused.push({ connection, reason: error.message, failure: error.failure });
      }
    }
    throw new RefusedByAll(failure?.message ?? 'no matching peer config found', refused);
  }

  #tell(
    connection: ConnectionConfig,
    unmet: string,
    failure: AuthenticationError,
    index: number,
  ): void {
    // Whatever is said of it names it.
    if (index === 0) this.#sa.assign(connection);
    if (failure.message !== unmet) {
      this.#sa.log.log('cfg', 1, `switching to peer config '${connection.name}'`);
    }
    this.#refuse(connection, unmet);
  }

  #refuse({ name }: ConnectionConfig, reason: string): void {
    this.#sa.log.log('cfg', 1, `selected peer config '${name}' unacceptable: ${reason}`);
  }

  #find(): readonly ConnectionConfig[] {
    const { env, local, remote, log } = this.#sa;
    const identity = this.#rounds.identity;
    if (identity === undefined) throw new InternalError('candidates for nobody');
    const found = env.connections.candidatesForAuth(local, remote, this.#asked, identity);
    const ends = (): string => {
      const wanted = this.#asked === undefined ? '%any' : printIdentity(this.#asked);
      return `${local.address}[${wanted}]...${remote.address}[${printIdentity(identity)}]`;
    };
    if (log.enabled('cfg', 1)) log.log('cfg', 1, `looking for peer configs matching ${ends()}`);
    if (found.length === 0) {
      log.log('cfg', 1, 'no matching peer config found');
      throw new AuthenticationError(
        `no matching peer config found for ${ends()}; no loaded connection fits these addresses and identities`,
        { failure: { kind: 'no-connection' } },
      );
    }
    return found;
  }

  #unmetCount(connection: ConnectionConfig, follows: boolean): Unmet | undefined {
    const done = this.#rounds.length;
    const { length } = connection.remote;
    if (!follows && length > done) return { reason: tooFew(connection, done) };
    const more = length < done || (follows && length <= done);
    return more ? { reason: tooMany(connection) } : undefined;
  }

  #local(connection: ConnectionConfig, round: number): Identity {
    const config = connection.local[round] ?? connection.local[0];
    if (config === undefined) return addressIdentity(this.#sa.local.address);
    return ownIdentity(this.#sa, config, this.#asked);
  }
}

// What we have proved already we have proved as whom that connection says.
function unlike(
  before: ConnectionConfig | undefined,
  connection: ConnectionConfig,
  answered: number,
): Unmet | undefined {
  if (before === undefined || before === connection) return undefined;
  const [theirs, ours] = [connection.local.slice(0, answered), before.local.slice(0, answered)];
  return deepEqual(theirs, ours)
    ? undefined
    : {
        reason: `we have authenticated ourselves as '${before.name}' says, which '${connection.name}' does not`,
      };
}
