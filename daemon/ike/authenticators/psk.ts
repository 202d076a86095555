import { pskAuth } from '../../crypto/auth-octets.ts';
import { AuthMethod, nameOfAuthMethod } from '../../proto/iana/auth-methods.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Payload } from '../../proto/payload.ts';
import type { Secret } from '../../util/secret.ts';
import { AuthenticationError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SignedMessage } from '../initial-exchanges.ts';
import { AuthenticatedPeer } from './authenticated-peer.ts';
import { partsToSign } from './octets.ts';

/** Keys tried against one AUTH payload: secrets with equal owners are told apart by trying, not without end. */
const MAX_CANDIDATES = 10;

/** Our AUTH payload with the best matching shared key, RFC 7296 section 2.15. Throws {@link AuthenticationError}. */
export function buildPskAuth(
  sa: IkeSa,
  own: SignedMessage,
  local: Identity,
  remote: Identity,
): Payload {
  const [secret] = candidates(sa, local, remote);
  if (secret === undefined) throw noKey(local, remote);
  return {
    kind: 'AUTH',
    method: AuthMethod.SHARED_KEY_MIC,
    data: compute(sa, secret, own, local),
  };
}

/** Verifies the peer's AUTH payload against every shared key that fits. Throws {@link AuthenticationError}. */
export function verifyPskAuth(
  sa: IkeSa,
  theirs: SignedMessage,
  auth: { readonly method: number; readonly data: Uint8Array },
  local: Identity,
  remote: Identity,
): AuthenticatedPeer {
  if (auth.method !== AuthMethod.SHARED_KEY_MIC) {
    throw new AuthenticationError(
      `constraint check failed: '${printIdentity(remote)}' authenticated with ` +
        `${nameOfAuthMethod(auth.method)}, but a pre-shared key is required`,
      { failure: { kind: 'method' } },
    );
  }
  const secrets = candidates(sa, local, remote);
  for (const secret of secrets) {
    const expected = compute(sa, secret, theirs, remote);
    const peer = AuthenticatedPeer.byMac(remote, expected, auth.data);
    expected.fill(0);
    if (peer !== undefined) {
      if (sa.log.enabled('ike', 1)) {
        const who = printIdentity(remote);
        sa.log.log('ike', 1, `authentication of '${who}' with ${peer.method} successful`);
      }
      return peer;
    }
  }
  if (secrets.length === 0) throw noKey(local, remote);
  throw new AuthenticationError(
    `tried ${secrets.length} shared key${secrets.length === 1 ? '' : 's'} for ` +
      `'${printIdentity(local)}' - '${printIdentity(remote)}', but MAC mismatched: ` +
      'the secrets of the two sides differ',
    { failure: { kind: 'wrong-secret', subject: pair(local, remote) } },
  );
}

function candidates(sa: IkeSa, local: Identity, remote: Identity): readonly Secret[] {
  return sa.env.sharedKeys
    .find('ike', local, remote)
    .slice(0, MAX_CANDIDATES)
    .map((candidate) => candidate.data);
}

function noKey(local: Identity, remote: Identity): AuthenticationError {
  const who = pair(local, remote);
  return new AuthenticationError(
    `no shared key found for ${who}; load a secret of type ike whose ids match these two identities`,
    { failure: { kind: 'no-secret', subject: who } },
  );
}

function pair(local: Identity, remote: Identity): string {
  return `'${printIdentity(local)}' - '${printIdentity(remote)}'`;
}

function compute(sa: IkeSa, secret: Secret, signed: SignedMessage, identity: Identity): Uint8Array {
  const { prf, parts } = partsToSign(sa, signed, identity);
  return pskAuth(prf, secret, ...parts);
}
