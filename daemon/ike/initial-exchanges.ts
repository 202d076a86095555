import type { Secret } from '../util/secret.ts';
import type { Abilities } from './authenticators/abilities.ts';
import type { PpkUse } from './ppk.ts';

/** What the exchanges before IKE_AUTH leave to it: AUTH payloads prove that both sides saw the same. */
export interface InitialExchanges {
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** Both IKE_SA_INIT messages as sent, RFC 7296 section 2.15. */
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  /** What IKE_INTERMEDIATE adds, RFC 9242 section 3.3.2; empty without any. */
  readonly intAuth: Uint8Array;
  /** What the peer said about authentication. */
  readonly abilities: Abilities;
  readonly ppk: PpkUse;
}

/** What one side signs besides its identity. */
export interface SignedMessage {
  /** Its own first message. */
  readonly message: Uint8Array;
  readonly nonceOfPeer: Uint8Array;
  /** SK_pi of the initiator or SK_pr of the responder, in the form that this AUTH payload is about (RFC 8784). */
  readonly skP: Secret;
  readonly intAuth: Uint8Array;
}

/** The keys of AUTH payloads: SK_pi and SK_pr, as they are or with a PPK in them. */
export interface AuthKeys {
  readonly skPi: Secret;
  readonly skPr: Secret;
}

/** What the initiator (or the responder) of the IKE_SA signs besides its identity. */
export function signedBy(
  side: 'initiator' | 'responder',
  { ni, nr, request, response, intAuth }: InitialExchanges,
  { skPi, skPr }: AuthKeys,
): SignedMessage {
  return side === 'initiator'
    ? { message: request, nonceOfPeer: nr, skP: skPi, intAuth }
    : { message: response, nonceOfPeer: ni, skP: skPr, intAuth };
}
