import { pskAuth } from '../../crypto/auth-octets.ts';
import { AuthMethod } from '../../proto/iana/auth-methods.ts';
import type { Payload } from '../../proto/payload.ts';
import { AuthenticationError } from '../errors.ts';
import { NOBODY } from '../identities.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SignedMessage } from '../initial-exchanges.ts';
import { AuthenticatedPeer } from './authenticated-peer.ts';
import { partsToSign } from './octets.ts';

/** The AUTH payload of a side that proves only that it exchanged keys, RFC 7619 section 2.1: SK_p is the secret. */
export function buildNullAuth(sa: IkeSa, own: SignedMessage): Payload {
  return { kind: 'AUTH', method: AuthMethod.NULL, data: compute(sa, own) };
}

/** Verifies the AUTH payload of a peer without a name. Throws {@link AuthenticationError}. */
export function verifyNullAuth(
  sa: IkeSa,
  theirs: SignedMessage,
  data: Uint8Array,
): AuthenticatedPeer {
  const expected = compute(sa, theirs);
  const peer = AuthenticatedPeer.anonymous(NOBODY, expected, data);
  if (peer === undefined)
    throw new AuthenticationError('AUTH payload of NULL authentication is wrong');
  sa.log.log('ike', 1, 'peer goes without authentication (NULL), as configured');
  return peer;
}

function compute(sa: IkeSa, signed: SignedMessage): Uint8Array {
  const { prf, parts } = partsToSign(sa, signed, NOBODY);
  return pskAuth(prf, signed.skP, ...parts);
}
