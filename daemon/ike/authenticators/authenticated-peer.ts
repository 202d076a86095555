import type { Identity } from '../../proto/identity.ts';
import { constantTimeEqual } from '../../util/constant-time.ts';

/**
 * Proof that a peer showed it owns an identity. The constructor is private and every factory checks the
 * proof itself, or carries over one that was checked, so that a value of this type cannot exist without a successful verification, and the state
 * `established` cannot be reached without such a value.
 */
export class AuthenticatedPeer {
  readonly identity: Identity;
  /** How it was proven, as the log says it: `pre-shared key`. */
  readonly method: string;

  private constructor(identity: Identity, method: string) {
    this.identity = identity;
    this.method = method;
  }

  /**
   * The peer was authenticated by a predecessor of this process, as the session store says, which only we and root can write.
   * For restoring alone.
   */
  static authenticatedBefore(identity: Identity, method: string): AuthenticatedPeer {
    return new AuthenticatedPeer(identity, method);
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
}
