import type { PrfAlgorithm } from '../contracts/crypto.ts';
import { concatBytes, utf8 } from '../util/bytes.ts';
import type { Secret } from '../util/secret.ts';

/**
 * What one side signs in IKE_AUTH, RFC 7296 section 2.15: its first message exactly as sent (without a non-ESP
 * marker), the nonce of the *other* side, prf(SK_p, its ID payload without the generic header), and what IKE_INTERMEDIATE
 * adds (RFC 9242 section 3.3.2; empty without any). `skP` is SK_pi for the initiator and SK_pr for the responder.
 */
export function signedParts(
  realMessage1: Uint8Array,
  nonceOfPeer: Uint8Array,
  prf: PrfAlgorithm,
  skP: Secret,
  idPayloadBody: Uint8Array,
  intAuth: Uint8Array = EMPTY,
): readonly Uint8Array[] {
  return [realMessage1, nonceOfPeer, prf.compute(skP.bytes, idPayloadBody), intAuth];
}

/** {@link signedParts} joined. */
export function signedOctets(...signed: Parameters<typeof signedParts>): Uint8Array {
  return concatBytes(...signedParts(...signed));
}

const EMPTY = new Uint8Array(0);
const KEY_PAD = utf8('Key Pad for IKEv2');

/** Authentication data of a shared secret (or of the MSK of EAP), RFC 7296 section 2.15; what is signed may come in parts. */
export function pskAuth(
  prf: PrfAlgorithm,
  sharedSecret: Secret,
  ...octetsToSign: readonly Uint8Array[]
): Uint8Array {
  const key = prf.compute(sharedSecret.bytes, KEY_PAD);
  const auth = prf.compute(key, ...octetsToSign);
  key.fill(0);
  return auth;
}
