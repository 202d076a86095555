import type { PrfAlgorithm } from '../contracts/crypto.ts';
import { concatBytes } from '../util/bytes.ts';
import type { Secret } from '../util/secret.ts';

/**
 * What IKE_INTERMEDIATE exchanges add to the octets that both sides sign, RFC 9242 section 3.3.2. Messages come in as
 * `coveredOctets` of daemon/wire makes them: header and content in the clear.
 */
export class IntAuth {
  #initiator: Uint8Array = new Uint8Array(0);
  #responder: Uint8Array = new Uint8Array(0);
  #exchanges = 0;

  /** Counts one exchange, with the keys that protected it: those from before it made new ones. */
  add(
    prf: PrfAlgorithm,
    { skPi, skPr }: { readonly skPi: Secret; readonly skPr: Secret },
    request: Uint8Array,
    response: Uint8Array,
  ): void {
    this.#initiator = prf.compute(skPi.bytes, this.#initiator, request);
    this.#responder = prf.compute(skPr.bytes, this.#responder, response);
    this.#exchanges++;
  }

  /** IntAuth_i | IntAuth_r | message id of the first IKE_AUTH request (4 octets, big-endian). */
  octets(): Uint8Array {
    const messageId = new Uint8Array(4);
    // IKE_SA_INIT has message id 0, and the ids are in sequence.
    new DataView(messageId.buffer).setUint32(0, this.#exchanges + 1);
    return concatBytes(this.#initiator, this.#responder, messageId);
  }
}
