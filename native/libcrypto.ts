import { loadBinary } from './binary.ts';

export { AddonLoadError } from './errors.ts';

/** What every function answers. */
export const LibcryptoStatus = {
  DONE: 0,
  /** What the peer sent: a forged ICV, or a public value that must not be used. */
  REFUSED: 1,
  /** libcrypto lacks the algorithm or has no memory. */
  FAILED: 2,
  /** Arguments that fit no algorithm, or lengths beyond the memory. */
  MISUSED: 3,
} as const;

/** Hash functions by the number that `digest`, `hmac` and `expand` know them by. */
export const LibcryptoHash = { SHA1: 0, SHA256: 1, SHA384: 2, SHA512: 3 } as const;

/** Ciphers by the number that `seal`, `open` and `forget` know them by; the last three are those of `cbc`. */
export const LibcryptoCipher = {
  AES_128_GCM: 0,
  AES_192_GCM: 1,
  AES_256_GCM: 2,
  CHACHA20_POLY1305: 3,
  AES_128_CBC: 4,
  AES_192_CBC: 5,
  AES_256_CBC: 6,
} as const;

/** Diffie-Hellman methods: numbers, and octets of their values. */
export const LibcryptoMethod = {
  X25519: { number: 0, privateOctets: 32, publicOctets: 32, secretOctets: 32 },
  X448: { number: 1, privateOctets: 56, publicOctets: 56, secretOctets: 56 },
  ECP_256: { number: 2, privateOctets: 32, publicOctets: 64, secretOctets: 32 },
  ECP_384: { number: 3, privateOctets: 48, publicOctets: 96, secretOctets: 48 },
  ECP_521: { number: 4, privateOctets: 66, publicOctets: 132, secretOctets: 66 },
  MODP_2048: { number: 5, privateOctets: 32, publicOctets: 256, secretOctets: 256 },
  MODP_3072: { number: 6, privateOctets: 40, publicOctets: 384, secretOctets: 384 },
  MODP_4096: { number: 7, privateOctets: 48, publicOctets: 512, secretOctets: 512 },
} as const;

/** Parameter sets of ML-KEM: numbers, and octets of their values. */
export const LibcryptoKem = {
  ML_KEM_512: { number: 0, keyOctets: 800, ciphertextOctets: 768 },
  ML_KEM_768: { number: 1, keyOctets: 1184, ciphertextOctets: 1088 },
  ML_KEM_1024: { number: 2, keyOctets: 1568, ciphertextOctets: 1568 },
} as const;

/**
 * The libcrypto inside the process, called directly. Inputs are written one after the other to the start of `memory`, and the
 * output is found there, at the start unless said otherwise; inputs are wiped, outputs are the caller's to wipe. Every function
 * checks lengths and answers a {@link LibcryptoStatus}; none keeps a secret but the ciphers, which keep their last key until
 * the next one or `forget`.
 */
export interface Libcrypto {
  /** The version that runs. */
  readonly version: string;
  readonly memory: ArrayBuffer;
  /** text → digest. */
  digest(hash: number, length: number): number;
  /** key | text → MAC. */
  hmac(hash: number, keyLength: number, length: number): number;
  /** key | seed → `length` octets of prf+ (RFC 7296 section 2.13). */
  expand(hash: number, keyLength: number, seedLength: number, length: number): number;
  /** key | nonce of 12 octets | associated data | text → ciphertext and ICV where the text was. */
  seal(cipher: number, icvOctets: number, aadLength: number, textLength: number): number;
  /** key | nonce of 12 octets | associated data | ciphertext | ICV → text where the ciphertext was. */
  open(cipher: number, icvOctets: number, aadLength: number, textLength: number): number;
  /** key | IV of 16 octets | whole blocks → blocks where they were. */
  cbc(cipher: number, encrypt: 0 | 1, length: number): number;
  /** Wipes the last key of a cipher. */
  forget(cipher: number): number;
  /** → private | public. */
  generate(method: number): number;
  /** private → private | public. */
  publish(method: number): number;
  /** private | public | peer's public → secret. */
  derive(method: number): number;
  /** Peer's public → public | secret, of a key for this alone. */
  respond(method: number): number;
  /** Encapsulation key → ciphertext | secret of 32 octets, where OpenSSL has ML-KEM. */
  encapsulate(kem: number): number;
}

let loaded: Libcrypto | undefined;

/** The compiled addon, loaded at the first call; throws `AddonLoadError` with the reason and the remedy. */
export function loadLibcrypto(): Libcrypto {
  loaded ??= loadBinary<Libcrypto>('node_libcrypto.node');
  return loaded;
}
