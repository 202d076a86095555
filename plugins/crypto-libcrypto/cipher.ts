import type { CipherAlgorithm, CipherContext } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { LibcryptoCipher } from '../../native/libcrypto.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';
import { KeptKey } from './kept-key.ts';

const BLOCK_OCTETS = 16;

function aesCbc(calls: Calls, cipher: number, keyOctets: number): CipherAlgorithm {
  return {
    id: EncryptionId.AES_CBC,
    keyBits: keyOctets * 8,
    blockOctets: BLOCK_OCTETS,
    ivOctets: BLOCK_OCTETS,
    create(key) {
      if (key.length !== keyOctets)
        throw new TypeError(`AES-CBC key of ${key.length} octets, not ${keyOctets}`);
      return new LibcryptoCbc(calls, cipher, key);
    },
  };
}

class LibcryptoCbc extends KeptKey implements CipherContext {
  readonly #calls: Calls;
  readonly #cipher: number;
  readonly #keyOctets: number;

  constructor(calls: Calls, cipher: number, key: Uint8Array) {
    super(calls.keys, key);
    this.#calls = calls;
    this.#cipher = cipher;
    this.#keyOctets = key.length;
  }

  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return this.#run(1, iv, data);
  }

  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return this.#run(0, iv, data);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#calls.addon.forget(this.#cipher);
  }

  #run(encrypt: 0 | 1, iv: Uint8Array, data: Uint8Array): Uint8Array {
    if (iv.length !== BLOCK_OCTETS)
      throw new TypeError(`IV of ${iv.length} octets, not ${BLOCK_OCTETS}`);
    if (data.length % BLOCK_OCTETS !== 0)
      throw new TypeError(`${data.length} octets are not whole blocks of ${BLOCK_OCTETS}`);
    const { addon, octets } = this.#calls;
    const start = this.#keyOctets + BLOCK_OCTETS;
    this.copyKeyTo(octets);
    octets.set(iv, this.#keyOctets);
    octets.set(data, start);
    demandDone(addon.cbc(this.#cipher, encrypt, data.length));
    return takeSecret(octets, start, start + data.length);
  }
}

/** AES in CBC mode without padding, RFC 3602. */
export function libcryptoCiphers(calls: Calls): readonly CipherAlgorithm[] {
  return [
    aesCbc(calls, LibcryptoCipher.AES_128_CBC, 16),
    aesCbc(calls, LibcryptoCipher.AES_192_CBC, 24),
    aesCbc(calls, LibcryptoCipher.AES_256_CBC, 32),
  ];
}
