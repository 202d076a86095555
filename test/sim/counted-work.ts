import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { PrivateKeys } from '../../daemon/contracts/signatures.ts';

/** Signatures that other threads are making or verifying: while there are any, virtual time must not pass. */
export class CountedWork {
  #pending = 0;

  get pending(): number {
    return this.#pending;
  }

  /** The same cryptography, counted. */
  crypto(inner: Crypto): Crypto {
    const { signatures } = inner;
    return {
      aead: (...args) => inner.aead(...args),
      cipher: (...args) => inner.cipher(...args),
      mac: (...args) => inner.mac(...args),
      prf: (...args) => inner.prf(...args),
      keyExchange: (...args) => inner.keyExchange(...args),
      hash: (...args) => inner.hash(...args),
      inventory: inner.inventory,
      signatures: {
        publicKey: (spki) => signatures.publicKey(spki),
        verify: (...args) => this.#counted(Promise.resolve(signatures.verify(...args))),
      },
    };
  }

  /** The same keys, counted. */
  keys(inner: PrivateKeys): PrivateKeys {
    return {
      load: (input) => this.#counted(inner.load(input)),
      unload: (...args) => inner.unload(...args),
      clear: (...args) => inner.clear(...args),
      find: (keyId) => inner.find(keyId),
      list: () => inner.list(),
      sign: (...args) => this.#counted(inner.sign(...args)),
      onLost: (listener) => inner.onLost(listener),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await work;
    } finally {
      this.#pending -= 1;
    }
  }
}
