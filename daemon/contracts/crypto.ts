import type { SignatureVerifier } from './signatures.ts';

/** AEAD cipher of an SK payload or of ESP, RFC 5282. */
export interface AeadAlgorithm {
  /** Transform id (type 1). */
  readonly id: number;
  /** Key length in bits, without the salt; also for algorithms whose transform carries no Key Length attribute. */
  readonly keyBits: number;
  /** Octets of salt that follow the key in the keying material. */
  readonly saltOctets: number;
  /** Octets of the explicit IV. */
  readonly ivOctets: number;
  readonly icvOctets: number;
  /** `key` is copied: it may be wiped when this returns. */
  create(key: Uint8Array): AeadContext;
}

export interface AeadContext extends Disposable {
  /** Ciphertext followed by the ICV. `nonce` is salt and IV, 12 octets, never twice under one key. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or `undefined` if the ICV does not match. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** Block cipher in CBC mode without padding. */
export interface CipherAlgorithm {
  readonly id: number;
  readonly keyBits: number;
  readonly blockOctets: number;
  readonly ivOctets: number;
  create(key: Uint8Array): CipherContext;
}

export interface CipherContext extends Disposable {
  /** `data` is a multiple of the block size. */
  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
}

/** Integrity algorithm (transform type 3), truncated as its name says. */
export interface MacAlgorithm {
  readonly id: number;
  readonly keyOctets: number;
  readonly icvOctets: number;
  create(key: Uint8Array): MacContext;
}

export interface MacContext extends Disposable {
  /** The truncated MAC of the chunks joined. */
  sign(...chunks: readonly Uint8Array[]): Uint8Array;
}

/** Pseudo-random function (transform type 2). */
export interface PrfAlgorithm {
  readonly id: number;
  /** Preferred key length, RFC 7296 section 2.13; a nonce is at least half of it. */
  readonly keyOctets: number;
  readonly outputOctets: number;
  /** prf(key, chunks joined). */
  compute(key: Uint8Array, ...chunks: readonly Uint8Array[]): Uint8Array;
  /** prf+(key, seed) of `length` octets, RFC 7296 section 2.13; at most 255 blocks. */
  expand(key: Uint8Array, seed: Uint8Array, length: number): Uint8Array;
}

/** Thrown by a key exchange for a public value that must be refused (wrong size, off curve, low order…). */
export class KeyExchangeError extends Error {
  override readonly name = 'KeyExchangeError';
}

/** Key exchange method (transform type 4), classic or KEM. */
export interface KeyExchangeAlgorithm {
  readonly id: number;
  /** Octets of the initiator's and of the responder's public value on the wire. */
  readonly initiatorOctets: number;
  readonly responderOctets: number;
  /** Initiator's half. */
  initiate(): KeyExchange;
  /** An initiator's half that another process saved; `undefined` if the octets are none. */
  restore?(saved: Uint8Array): KeyExchange | undefined;
  /** Responder's half in one step. Throws {@link KeyExchangeError}. */
  respond(peerPublic: Uint8Array): {
    readonly publicValue: Uint8Array;
    readonly secret: Uint8Array;
  };
}

export interface KeyExchange extends Disposable {
  readonly publicValue: Uint8Array;
  /** The private half, for {@link KeyExchangeAlgorithm.restore}; the caller wipes it. */
  save?(): Uint8Array;
  /** The shared secret g^ir, in the encoding of the method's RFC. Throws {@link KeyExchangeError}. */
  secret(peerPublic: Uint8Array): Uint8Array;
}

/** Hash by name, for NAT detection, cookies and key identifiers. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Everything IKE needs from cryptography; each algorithm is `undefined` where no provider has it. */
export interface Crypto {
  aead(id: number, keyBits: number | undefined): AeadAlgorithm | undefined;
  cipher(id: number, keyBits: number | undefined): CipherAlgorithm | undefined;
  mac(id: number): MacAlgorithm | undefined;
  prf(id: number): PrfAlgorithm | undefined;
  keyExchange(id: number): KeyExchangeAlgorithm | undefined;
  hash(name: HashName, ...chunks: readonly Uint8Array[]): Uint8Array;
  /** Public keys and the verification of signatures; knows no key where no provider has it. */
  readonly signatures: SignatureVerifier;
  /** What is registered and by whom, for `get-algorithms` and the default proposals. */
  readonly inventory: readonly CryptoInventoryEntry[];
}

export interface CryptoInventoryEntry {
  readonly kind: 'aead' | 'cipher' | 'mac' | 'prf' | 'keyExchange' | 'hash';
  readonly id: number;
  readonly keyBits?: number;
  /** Name of the plugin that implements it. */
  readonly provider: string;
}

/** Counted IVs of one key. A successor of this process must begin above every IV that may have been used. */
export interface IvSequence {
  /**
   * From now on no IV is used before `reserve` was called with a limit that is not below it. Calls it at once, and again each
   * time the limit is reached.
   */
  reserveAhead(reserve: (limit: number) => void): void;
}

/** Encrypts and authenticates IKE messages in one direction, RFC 7296 section 3.14 and RFC 5282 section 3. */
export interface MessageProtection extends Disposable {
  /** Octets of the IV at the start of the SK body. */
  readonly ivOctets: number;
  /** Octets of the Integrity Checksum Data at its end. */
  readonly icvOctets: number;
  /** Plaintext with padding and Pad Length is a multiple of this. */
  readonly blockOctets: number;
  /** Absent where IVs are random. */
  readonly ivs?: IvSequence;
  /** IV, ciphertext and ICV. `aad` is the message up to and including the SK (SKF) payload header. */
  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array;
  /** Padded plaintext, or `undefined` if the ICV does not match. `body` is IV, ciphertext and ICV. */
  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined;
}
