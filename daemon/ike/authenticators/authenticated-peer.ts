import type { SignatureVerifier } from '../../contracts/signatures.ts';
import type {
  AddressSpan,
  CertificateAlert,
  KeyClaim,
  PeerTrust,
  ReceivedCredentials,
  TrustConstraints,
} from '../../credentials/trust.ts';
import type { Identity } from '../../proto/identity.ts';
import { equalIdentity } from '../../proto/identity-match.ts';
import { equalBytes } from '../../util/bytes.ts';
import { constantTimeEqual } from '../../util/constant-time.ts';
import type { Patience } from '../../util/patience.ts';
import { settled, type Waits } from '../../util/waits.ts';
import { type AuthScheme, nameOfAuthScheme } from './auth-schemes.ts';

/** Addresses that a certificate grants. */
export type Grant = readonly AddressSpan[];

/**
 * Proof that a peer showed it owns an identity. The constructor is private and every factory checks the
 * proof itself, or carries over one that was checked, so that a value of this type cannot exist without a successful verification, and the state
 * `established` cannot be reached without such a value.
 */
export class AuthenticatedPeer {
  readonly identity: Identity;
  /** How it was proven, as the log says it: `pre-shared key`. */
  readonly method: string;

  /** Addresses that its traffic comes from, one list for each certificate that limits them: it stays inside of all (RFC 3779). */
  readonly grants: readonly Grant[];

  private constructor(identity: Identity, method: string, grants: readonly Grant[] = []) {
    this.identity = identity;
    this.method = method;
    this.grants = grants;
  }

  /**
   * The peer was authenticated by a predecessor of this process, as the session store says, which only we and root can write.
   * For restoring alone.
   */
  static authenticatedBefore(
    identity: Identity,
    method: string,
    grants: readonly Grant[],
  ): AuthenticatedPeer {
    return new AuthenticatedPeer(identity, method, grants);
  }

  /** The peer knows the shared key if it computed the AUTH data that we expect, RFC 7296 section 2.15. */
  static byMac(
    identity: Identity,
    expected: Uint8Array,
    received: Uint8Array,
  ): AuthenticatedPeer | undefined {
    if (expected.length === 0 || !constantTimeEqual(expected, received)) return undefined;
    return new AuthenticatedPeer(identity, 'pre-shared key');
  }

  /** The peer that proves nothing is the one we exchanged keys with, RFC 7619 section 2.1. It has no name. */
  static anonymous(
    nobody: Identity,
    expected: Uint8Array,
    received: Uint8Array,
  ): AuthenticatedPeer | undefined {
    if (expected.length === 0 || !constantTimeEqual(expected, received)) return undefined;
    return new AuthenticatedPeer(nobody, 'NULL');
  }

  /**
   * The peer signed with the key of a claim, and the claim is believed under these constraints: that is asked here, as long as `patience`
   * lasts. `warn` gets what an operator should know all the same.
   */
  static *bySignature(
    signature: ProvenSignature,
    trust: PeerTrust,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
    patience: Patience,
    warn: (sentence: string) => void,
  ): Waits<AuthenticatedPeer | Disbelief> {
    const { claim } = signature;
    const judged = trust.judge(claim, received, constraints);
    const verdict =
      judged instanceof Promise || patience.over !== undefined
        ? yield* settled(patience.wait(Promise.resolve(judged)))
        : judged;
    if (verdict === undefined) {
      const reason = `nobody waits for the judgement of its key any more: ${patience.over}`;
      return { trusted: false, reason };
    }
    if (!verdict.trusted) return verdict;
    for (const warning of verdict.warnings) warn(warning);
    const { addressBlocks } = verdict;
    const grants = addressBlocks === undefined ? [] : [addressBlocks];
    return new AuthenticatedPeer(claim.identity, nameOfAuthScheme(signature.by), grants);
  }

  /**
   * The peer proved itself in each of several rounds (RFC 4739): it goes by the identity of the last one, and what its chains say holds
   * together.
   */
  static afterRounds(rounds: readonly AuthenticatedPeer[]): AuthenticatedPeer | undefined {
    const last = rounds.at(-1);
    if (last === undefined || rounds.length === 1) return last;
    const method = rounds.map((round) => round.method).join(', ');
    return new AuthenticatedPeer(
      last.identity,
      method,
      rounds.flatMap(({ grants }) => grants),
    );
  }
}

/** A claim that is not believed; the reason is for our own log. */
export interface Disbelief {
  readonly trusted: false;
  readonly reason: string;
  readonly alert?: CertificateAlert;
}

/** The peer owns the private key of a claim. Whose key it is, is another question. */
export class ProvenSignature {
  readonly claim: KeyClaim;
  readonly by: AuthScheme;

  private constructor(claim: KeyClaim, by: AuthScheme) {
    this.claim = claim;
    this.by = by;
  }

  /** Verifies the signature; whatever goes wrong is `undefined`. */
  static *verify(
    verifier: SignatureVerifier,
    claim: KeyClaim,
    by: AuthScheme,
    octets: Uint8Array,
    signature: Uint8Array,
  ): Waits<ProvenSignature | undefined> {
    try {
      const good = yield* settled(verifier.verify(claim.publicKey, by.scheme, octets, signature));
      return good === true ? new ProvenSignature(claim, by) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The same proof for a claim under the constraints of another connection, if it is one of the same key and identity. */
  of(claim: KeyClaim): ProvenSignature | undefined {
    const same =
      equalBytes(claim.publicKey.spki, this.claim.publicKey.spki) &&
      equalIdentity(claim.identity, this.claim.identity);
    return same ? new ProvenSignature(claim, this.by) : undefined;
  }
}
