import type {
  AeadAlgorithm,
  CipherAlgorithm,
  HashName,
  KeyExchangeAlgorithm,
  MacAlgorithm,
  PrfAlgorithm,
} from './crypto.ts';

/** Digest of the chunks joined. */
export type HashFunction = (...chunks: readonly Uint8Array[]) => Uint8Array;

/** All algorithms one implementation of cryptography offers, as data. */
export interface CryptoProvider {
  /** Name of the plugin, for logs and `get-algorithms`. */
  readonly name: string;
  readonly aeads: readonly AeadAlgorithm[];
  readonly ciphers: readonly CipherAlgorithm[];
  readonly macs: readonly MacAlgorithm[];
  readonly prfs: readonly PrfAlgorithm[];
  readonly keyExchanges: readonly KeyExchangeAlgorithm[];
  readonly hashes: Readonly<Partial<Record<HashName, HashFunction>>>;
}

/** What the default export of a plugin's `plugin.ts` declares: its name and the features it brings. */
export interface Plugin {
  readonly name: string;
  /** Builds the algorithms; called once, when the plugin is enabled. */
  readonly crypto?: () => CryptoProvider;
}
