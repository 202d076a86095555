import type {
  AeadAlgorithm,
  CipherAlgorithm,
  Crypto,
  CryptoInventoryEntry,
  HashName,
  KeyExchangeAlgorithm,
  MacAlgorithm,
  PrfAlgorithm,
} from '../contracts/crypto.ts';
import type { CryptoProvider, HashFunction } from '../contracts/plugin.ts';
import type { SignatureVerifier } from '../contracts/signatures.ts';
import { TransformType, transformName } from '../proto/iana/transforms.ts';
import { InternalError } from '../util/error.ts';
import { LazilyTestedKeyExchange } from './lazy-self-test.ts';
import { testAead, testCipher, testHash, testMac, testPrf } from './self-test.ts';

/**
 * The algorithms of several providers as one; where two have the same algorithm the first provider wins, and a responder's half
 * that comes before the method takes the place of the method's own.
 * Every algorithm passes a self test before it is registered (key exchange methods at their first use);
 * throws {@link InternalError} if one fails, since nothing may run on broken cryptography.
 */
export function createCrypto(providers: readonly CryptoProvider[]): Crypto {
  const registry = new Registry();
  for (const provider of providers) registry.add(provider);
  return registry;
}

/** Runs the tests postponed to first use as well; throws {@link InternalError} at the first failure. */
export function selfTest(crypto: Crypto): void {
  for (const { kind, id } of crypto.inventory) {
    if (kind !== 'keyExchange') continue;
    const method = crypto.keyExchange(id);
    if (method instanceof LazilyTestedKeyExchange) method.selfTest();
  }
}

class Registry implements Crypto {
  readonly inventory: CryptoInventoryEntry[] = [];
  #signatures: SignatureVerifier | undefined;
  readonly #aeads = new Map<number, AeadAlgorithm>();
  readonly #ciphers = new Map<number, CipherAlgorithm>();
  readonly #macs = new Map<number, MacAlgorithm>();
  readonly #prfs = new Map<number, PrfAlgorithm>();
  readonly #keyExchanges = new Map<number, KeyExchangeAlgorithm>();
  readonly #responders = new Map<number, KeyExchangeAlgorithm['respond']>();
  readonly #hashes = new Map<HashName, HashFunction>();

  add(provider: CryptoProvider): void {
    const { name } = provider;
    this.#signatures ??= provider.signatures;
    for (const aead of provider.aeads) {
      const { id, keyBits } = aead;
      const key = sizedKey(id, keyBits);
      if (this.#aeads.has(key)) continue;
      demand(testAead(aead), name, () => `${transformName(TransformType.ENCR, id)}_${keyBits}`);
      this.#aeads.set(key, aead);
      this.inventory.push({ kind: 'aead', id, keyBits, provider: name });
    }
    for (const cipher of provider.ciphers) {
      const { id, keyBits } = cipher;
      const key = sizedKey(id, keyBits);
      if (this.#ciphers.has(key)) continue;
      demand(testCipher(cipher), name, () => `${transformName(TransformType.ENCR, id)}_${keyBits}`);
      this.#ciphers.set(key, cipher);
      this.inventory.push({ kind: 'cipher', id, keyBits, provider: name });
    }
    for (const mac of provider.macs) {
      if (this.#macs.has(mac.id)) continue;
      demand(testMac(mac), name, () => transformName(TransformType.INTEG, mac.id));
      this.#macs.set(mac.id, mac);
      this.inventory.push({ kind: 'mac', id: mac.id, provider: name });
    }
    for (const prf of provider.prfs) {
      if (this.#prfs.has(prf.id)) continue;
      demand(testPrf(prf), name, () => transformName(TransformType.PRF, prf.id));
      this.#prfs.set(prf.id, prf);
      this.inventory.push({ kind: 'prf', id: prf.id, provider: name });
    }
    for (const method of provider.keyExchanges) {
      if (this.#keyExchanges.has(method.id)) continue;
      const respond = this.#responders.get(method.id);
      this.#keyExchanges.set(method.id, new LazilyTestedKeyExchange(method, respond));
      this.inventory.push({ kind: 'keyExchange', id: method.id, provider: name });
    }
    for (const { id, respond } of provider.responders ?? []) {
      if (!this.#responders.has(id)) this.#responders.set(id, respond);
    }
    for (const [hash, id] of HASH_IDS) {
      const digest = provider.hashes[hash];
      if (digest === undefined || this.#hashes.has(hash)) continue;
      demand(testHash(hash, digest), name, () => hash);
      this.#hashes.set(hash, digest);
      this.inventory.push({ kind: 'hash', id, provider: name });
    }
  }

  get signatures(): SignatureVerifier {
    return this.#signatures ?? NO_SIGNATURES;
  }

  aead(id: number, keyBits: number | undefined): AeadAlgorithm | undefined {
    return this.#aeads.get(sizedKey(id, keyBits ?? FIXED_KEY_BITS.get(id)));
  }

  cipher(id: number, keyBits: number | undefined): CipherAlgorithm | undefined {
    return this.#ciphers.get(sizedKey(id, keyBits ?? FIXED_KEY_BITS.get(id)));
  }

  mac(id: number): MacAlgorithm | undefined {
    return this.#macs.get(id);
  }

  prf(id: number): PrfAlgorithm | undefined {
    return this.#prfs.get(id);
  }

  keyExchange(id: number): KeyExchangeAlgorithm | undefined {
    return this.#keyExchanges.get(id);
  }

  hash(name: HashName, ...chunks: readonly Uint8Array[]): Uint8Array {
    const digest = this.#hashes.get(name);
    if (digest === undefined) throw new InternalError(`no provider of ${name}`);
    return digest(...chunks);
  }
}

const NO_SIGNATURES: SignatureVerifier = {
  publicKey: () => undefined,
  verify: () => Promise.resolve(false),
};

// IKEv2 Hash Algorithms, RFC 7427 section 7: the numbers under which the inventory lists hashes.
const HASH_IDS: ReadonlyMap<HashName, number> = new Map([
  ['sha1', 1],
  ['sha256', 2],
  ['sha384', 3],
  ['sha512', 4],
]);

// Ciphers whose transform may lack the Key Length attribute because there is one length only.
const FIXED_KEY_BITS: ReadonlyMap<number, number> = new Map([
  [3, 192], // 3DES_CBC
  [28, 256], // CHACHA20_POLY1305
]);

// Key lengths and transform ids are 16-bit numbers (RFC 7296 section 3.3): one number holds both.
function sizedKey(id: number, keyBits: number | undefined): number {
  return id * 0x10000 + (keyBits ?? 0);
}

function demand(failure: string | undefined, provider: string, algorithm: () => string): void {
  if (failure !== undefined)
    throw new InternalError(`self test of ${algorithm()} of ${provider} failed: ${failure}`);
}
