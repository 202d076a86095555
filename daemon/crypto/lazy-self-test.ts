import type { KeyExchange, KeyExchangeAlgorithm } from '../contracts/crypto.ts';
import { InternalError } from '../util/error.ts';
import { testKeyExchange } from './self-test.ts';

/**
 * A key exchange method that tests itself at its first use rather than at start: two exchanges of every method
 * would cost 15 ms of each start of the daemon, and most methods are never used. Until the test has passed
 * nothing of the method leaves the process.
 */
export class LazilyTestedKeyExchange implements KeyExchangeAlgorithm {
  readonly id: number;
  readonly initiatorOctets: number;
  readonly responderOctets: number;
  readonly #method: KeyExchangeAlgorithm;
  #tested = false;

  /** `respond` in place of the method's own, if given; both halves are tested with each other. */
  constructor(method: KeyExchangeAlgorithm, respond?: KeyExchangeAlgorithm['respond']) {
    this.id = method.id;
    this.initiatorOctets = method.initiatorOctets;
    this.responderOctets = method.responderOctets;
    this.#method = respond === undefined ? method : withResponder(method, respond);
  }

  initiate(): KeyExchange {
    this.selfTest();
    return this.#method.initiate();
  }

  restore(saved: Uint8Array): KeyExchange | undefined {
    this.selfTest();
    return this.#method.restore?.(saved);
  }

  respond(peerPublic: Uint8Array): {
    readonly publicValue: Uint8Array;
    readonly secret: Uint8Array;
  } {
    this.selfTest();
    return this.#method.respond(peerPublic);
  }

  /** Throws if the method does not agree with itself; does nothing once it has passed. */
  selfTest(): void {
    if (this.#tested) return;
    const failure = testKeyExchange(this.#method);
    if (failure !== undefined)
      throw new InternalError(`self test of key exchange method ${this.id} failed: ${failure}`);
    this.#tested = true;
  }
}

function withResponder(
  method: KeyExchangeAlgorithm,
  respond: KeyExchangeAlgorithm['respond'],
): KeyExchangeAlgorithm {
  const { id, initiatorOctets, responderOctets } = method;
  return {
    id,
    initiatorOctets,
    responderOctets,
    initiate: () => method.initiate(),
    restore: (saved) => method.restore?.(saved),
    respond,
  };
}
