import type { PrfAlgorithm } from '../../contracts/crypto.ts';
import { signedParts } from '../../crypto/auth-octets.ts';
import type { Identity } from '../../proto/identity.ts';
import { concatBytes } from '../../util/bytes.ts';
import { InternalError } from '../../util/error.ts';
import { idPayloadBody } from '../identities.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SignedMessage } from '../initial-exchanges.ts';

/** What a side with this identity signs, RFC 7296 section 2.15, and the PRF of the IKE_SA. */
export function octetsToSign(
  sa: IkeSa,
  signed: SignedMessage,
  identity: Identity,
): { readonly prf: PrfAlgorithm; readonly octets: Uint8Array } {
  const { prf, parts } = partsToSign(sa, signed, identity);
  return { prf, octets: concatBytes(...parts) };
}

/** The same, not joined. */
export function partsToSign(
  { prf }: IkeSa,
  { message, nonceOfPeer, skP, intAuth }: SignedMessage,
  identity: Identity,
): { readonly prf: PrfAlgorithm; readonly parts: readonly Uint8Array[] } {
  if (prf === undefined) throw new InternalError('AUTH before there are keys');
  const body = idPayloadBody(identity);
  return { prf, parts: signedParts(message, nonceOfPeer, prf, skP, body, intAuth) };
}
