import type { HashName } from './crypto.ts';

/** Hashes a signature can be made with. */
export type SignatureHash = HashName | 'sha224' | 'sha3-224' | 'sha3-256' | 'sha3-384' | 'sha3-512';

/** Curves of ECDSA: NIST (RFC 5480) and brainpool (RFC 5639). */
export type EcdsaCurve =
  | 'p256'
  | 'p384'
  | 'p521'
  | 'brainpoolP256r1'
  | 'brainpoolP384r1'
  | 'brainpoolP512r1';

/** What kind of key it is and how strong; `bits` of a curve are those of its order. */
export type KeyType =
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ecdsa'; readonly curve: EcdsaCurve; readonly bits: number }
  | { readonly kind: 'ed25519' | 'ed448'; readonly bits: number }
  | { readonly kind: 'ml-dsa'; readonly level: 44 | 65 | 87; readonly bits: number };

/**
 * A public key whose parameters were checked: RSA of 1024 to 16384 bits with an odd modulus and an odd exponent of 3 to 2^32, a
 * point on its curve. Two values are the same key if their `keyId` is equal.
 */
export interface PublicKey {
  readonly type: KeyType;
  /** SubjectPublicKeyInfo, DER (RFC 5280 section 4.1.2.7). */
  readonly spki: Uint8Array;
  /** SHA-1 of the subjectPublicKey bits, 40 lower-case hex digits: how VICI names keys. */
  readonly keyId: string;
  /** Public exponent of an RSA key; keys below 65537 are refused by default. */
  readonly exponent?: bigint;
}

/** How a signature is made. The encoding of ECDSA is that of RFC 7427 (`der`) or of RFC 4754 (`raw`, r and s joined). */
export type SignatureScheme =
  | { readonly kind: 'rsa-pkcs1'; readonly hash: SignatureHash }
  | { readonly kind: 'rsa-pss'; readonly hash: SignatureHash; readonly saltOctets: number }
  | { readonly kind: 'ecdsa'; readonly hash: SignatureHash; readonly encoding: 'der' | 'raw' }
  | { readonly kind: 'ed25519' | 'ed448' }
  | { readonly kind: 'ml-dsa' };

/** Public keys and the verification of signatures. What costs more than the way to another thread is done there. */
export interface SignatureVerifier {
  /** Reads a SubjectPublicKeyInfo; `undefined` for garbage, unknown algorithms and parameters that must be refused. */
  publicKey(spki: Uint8Array): PublicKey | undefined;
  /**
   * Whether the signature is exactly right: strict DER and ranges for ECDSA, PKCS#1 v1.5 by re-encoding and never by parsing,
   * PSS with the salt length the scheme says. Never throws or rejects: whatever goes wrong is `false`. At once if it was done here.
   */
  verify(
    key: PublicKey,
    scheme: SignatureScheme,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean | Promise<boolean>;
}

/** Where a private key came from: a VICI client, a file that the daemon reads itself, a token. */
export type KeyOrigin = 'vici' | 'file' | 'token';

/** A private key as everybody but its keeper sees it. */
export interface PrivateKeyHandle {
  readonly publicKey: PublicKey;
  /** All who loaded it and did not unload it since; never empty while the key is there. */
  readonly origins: readonly KeyOrigin[];
}

/** Result of handing in a private key; `reason` says what was found and what was expected, never a part of the key. */
export type LoadedKey =
  | { readonly ok: true; readonly key: PrivateKeyHandle }
  | { readonly ok: false; readonly reason: string };

/** What is handed in: PEM or DER of PKCS#1, PKCS#8 (encrypted too), SEC1. `data` and `passphrase` are wiped when the promise is settled. */
export interface PrivateKeyInput {
  readonly data: Uint8Array;
  readonly origin: Exclude<KeyOrigin, 'token'>;
  /** Refuses keys of another kind if it says one. */
  readonly kind?: KeyType['kind'];
  readonly passphrase?: Uint8Array;
}

/**
 * Private keys, which stay where the rest of the daemon cannot read them. Handles are known here, so that lookups are synchronous; only
 * loading and signing go to the keeper.
 */
export interface PrivateKeys extends AsyncDisposable {
  /** Adds a key, or an origin to one that is there. Never rejects. */
  load(input: PrivateKeyInput): Promise<LoadedKey>;
  /** Takes an origin from the key of an id (40 hex digits), and forgets it with the last; false if there is none of that origin. */
  unload(keyId: string, origin: KeyOrigin): Promise<boolean>;
  /** The same with all keys of an origin. */
  clear(origin: KeyOrigin): Promise<void>;
  find(keyId: string): PrivateKeyHandle | undefined;
  list(): readonly PrivateKeyHandle[];
  /** Rejects with an `Error` whose message is for the log, if the key is gone or cannot be used with this scheme. */
  sign(keyId: string, scheme: SignatureScheme, message: Uint8Array): Promise<Uint8Array>;
  /** Called after the keeper was lost with all its keys: nothing is found any more, whoever has keys loads them again. Undone by the returned function. */
  onLost(listener: () => void): () => void;
}
