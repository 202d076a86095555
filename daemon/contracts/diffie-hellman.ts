import { compareBytes } from '../util/bytes.ts';
import { type KeyExchange, type KeyExchangeAlgorithm, KeyExchangeError } from './crypto.ts';

/** One private key of a Diffie-Hellman method. */
export interface PrivateHalf {
  /** Read once. */
  readonly publicValue: Uint8Array;
  /** Called with a value of the right length only; may throw whatever the runtime throws for a bad one. */
  derive(peerPublic: Uint8Array): Uint8Array;
  /** The private key in an encoding of the implementation's own; the caller wipes it. */
  save?(): Uint8Array;
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
  load?: (saved: Uint8Array) => PrivateHalf,
): KeyExchangeAlgorithm {
  const checkLength = (peerPublic: Uint8Array): void => {
    if (peerPublic.length !== octets)
      throw new KeyExchangeError(
        `${name} public value has ${peerPublic.length} octets, not ${octets}`,
      );
  };
  const derive = (half: PrivateHalf, peerPublic: Uint8Array): Uint8Array => {
    checkLength(peerPublic);
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
    restore(saved) {
      try {
        return load && new PendingExchange(load(saved), derive);
      } catch {
        return undefined;
      }
    },
    respond(peerPublic) {
      checkLength(peerPublic); // before the cost of a key
      const half = generate();
      return { publicValue: half.publicValue, secret: derive(half, peerPublic) };
    },
  };
}

/**
 * Refuses a MODP public value outside 1 < y < p-1 with {@link KeyExchangeError}: the whole check a safe prime
 * needs (RFC 6989 section 2.1). Both as long as the prime, big-endian.
 */
export function checkModpRange(y: Uint8Array, prime: Uint8Array): void {
  const last = y.length - 1;
  const atMostOne = (y[last] ?? 0) <= 1 && y.subarray(0, last).every((octet) => octet === 0);
  const primeMinusOne = prime.slice(); // p is odd: no borrow
  primeMinusOne[last] = (primeMinusOne[last] ?? 0) - 1;
  if (atMostOne || compareBytes(y, primeMinusOne) >= 0)
    throw new KeyExchangeError('MODP public value is not between 1 and p-1');
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

  save(): Uint8Array {
    return this.#half?.save?.() ?? new Uint8Array(0);
  }

  secret(peerPublic: Uint8Array): Uint8Array {
    if (this.#half === undefined) throw new TypeError('key exchange used after it was disposed');
    return this.#derive(this.#half, peerPublic);
  }

  // The last reference to the private key goes; implementations keep it where it is cleared when collected, if
  // they can.
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
