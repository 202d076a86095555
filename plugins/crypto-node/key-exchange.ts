import {
  type KeyExchange,
  type KeyExchangeAlgorithm,
  KeyExchangeError,
} from '../../daemon/contracts/crypto.ts';

/** One private key of a Diffie-Hellman method. */
export interface PrivateHalf {
  readonly publicValue: Uint8Array;
  /** Called with a value of the right length only; may throw whatever the runtime throws for a bad one. */
  derive(peerPublic: Uint8Array): Uint8Array;
}

/**
 * A Diffie-Hellman method out of its key generation: checks lengths, refuses an all-zero secret (RFC 7748
 * section 6) and turns every failure of a derivation into {@link KeyExchangeError}.
 */
export function diffieHellmanMethod(
  id: number,
  name: string,
  octets: number,
  generate: () => PrivateHalf,
): KeyExchangeAlgorithm {
  const derive = (half: PrivateHalf, peerPublic: Uint8Array): Uint8Array => {
    if (peerPublic.length !== octets)
      throw new KeyExchangeError(
        `${name} public value has ${peerPublic.length} octets, not ${octets}`,
      );
    let secret: Uint8Array;
    try {
      secret = half.derive(peerPublic);
    } catch (cause) {
      if (cause instanceof KeyExchangeError) throw cause;
      throw new KeyExchangeError(`${name} public value is invalid`, { cause });
    }
    if (isZero(secret)) throw new KeyExchangeError(`${name} shared secret is zero`);
    return secret;
  };
  return {
    id,
    initiatorOctets: octets,
    responderOctets: octets,
    initiate: () => new PendingExchange(generate(), derive),
    respond(peerPublic) {
      const half = generate();
      return { publicValue: half.publicValue, secret: derive(half, peerPublic) };
    },
  };
}

class PendingExchange implements KeyExchange {
  readonly publicValue: Uint8Array;
  readonly #derive: (half: PrivateHalf, peerPublic: Uint8Array) => Uint8Array;
  #half: PrivateHalf | undefined;

  constructor(
    half: PrivateHalf,
    derive: (half: PrivateHalf, peerPublic: Uint8Array) => Uint8Array,
  ) {
    this.publicValue = half.publicValue;
    this.#half = half;
    this.#derive = derive;
  }

  secret(peerPublic: Uint8Array): Uint8Array {
    if (this.#half === undefined) throw new TypeError('key exchange used after it was disposed');
    return this.#derive(this.#half, peerPublic);
  }

  // The private key lives in memory of the runtime, which clears it when the last reference is gone.
  [Symbol.dispose](): void {
    this.#half = undefined;
  }
}

// No early exit: how long it takes says nothing about the secret.
function isZero(secret: Uint8Array): boolean {
  let bits = 0;
  for (const octet of secret) bits |= octet;
  return bits === 0;
}
