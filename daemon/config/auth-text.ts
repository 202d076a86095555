import type { SignatureHash } from '../contracts/signatures.ts';
import { didYouMean } from '../util/did-you-mean.ts';

/** Kinds of keys and of padding that an `auth` text can name; `rsa` is PKCS#1 v1.5, and PSS where `charon.rsa_pss` allows it. */
export type SchemeName = 'rsa' | 'rsa/pss' | 'ecdsa' | 'ed25519' | 'ed448' | 'ml-dsa';

/** One way of signing that is allowed; without a hash with every hash but SHA-1. */
export interface SchemeRule {
  readonly name: SchemeName;
  readonly hash?: SignatureHash;
}

/** A kind of key and the least bits it must have. */
export interface KeyRule {
  readonly kind: 'rsa' | 'ecdsa' | 'ed25519' | 'ed448' | 'ml-dsa';
  readonly bits: number;
}

/** What an `auth` text for public keys asks for. Empty lists ask for nothing. */
export interface PublicKeyAuth {
  /** Keys along a trust chain, and those we sign with ourselves. */
  readonly keys: readonly KeyRule[];
  /** Hashes of the signatures along a trust chain. */
  readonly hashes: readonly SignatureHash[];
  /** Signatures in IKE_AUTH, in order of preference. */
  readonly schemes: readonly SchemeRule[];
  /** The schemes were named after `ike:`, and so are meant for IKE_AUTH whatever the options say. */
  readonly explicit: boolean;
}

/** The text is longer than charon takes. */
export const MAX_AUTH_TEXT = 63;

const KEY_WORDS: Readonly<Record<string, readonly SchemeName[]>> = {
  pubkey: ['rsa', 'ecdsa'],
  rsa: ['rsa'],
  'rsa/pss': ['rsa/pss'],
  ecdsa: ['ecdsa'],
  ed25519: ['ed25519'],
  ed448: ['ed448'],
  mldsa: ['ml-dsa'],
};

const HASH_WORDS: Readonly<Record<string, SignatureHash>> = {
  sha1: 'sha1',
  sha224: 'sha224',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  sha2_256: 'sha256',
  sha2_384: 'sha384',
  sha2_512: 'sha512',
};

const ALLOWED =
  `a key type (${Object.keys(KEY_WORDS).join(', ')}), the least bits of a key, a hash ` +
  '(sha1, sha256, sha384, sha512) or identity';

const NOTHING: PublicKeyAuth = { keys: [], hashes: [], schemes: [], explicit: false };

/** A reason why the text is none, for the operator. */
export interface AuthTextError {
  readonly reason: string;
}

/**
 * Reads `pubkey`, `rsa-3072-sha256-ecdsa-256-sha384`, `ike:rsa/pss-sha256`, and lists like `pubkey-sha256:ike:ecdsa-sha384`: what comes
 * before `ike:` is for trust chains, what comes after it for IKE_AUTH alone. Hashes belong to the key type before them.
 */
export function parsePublicKeyAuth(text: string): PublicKeyAuth | AuthTextError {
  if (text.length > MAX_AUTH_TEXT) return { reason: `more than ${MAX_AUTH_TEXT} characters` };
  const at = text.search(/(^|[:-])ike:/);
  if (at < 0) return parseTokens(text);
  const chain = at === 0 ? NOTHING : parseTokens(text.slice(0, at));
  const ike = parseTokens(text.slice(text.indexOf('ike:', at) + 4));
  if ('reason' in chain) return chain;
  if ('reason' in ike) return ike;
  return { keys: chain.keys, hashes: chain.hashes, schemes: ike.schemes, explicit: true };
}

function parseTokens(text: string): PublicKeyAuth | AuthTextError {
  const state = new Tokens();
  for (const token of text.split('-')) {
    const reason = state.take(token);
    if (reason !== undefined) return { reason };
  }
  return state.result();
}

/** One key word with what followed it. */
class Tokens {
  readonly #keys: KeyRule[] = [];
  readonly #hashes = new Set<SignatureHash>();
  readonly #schemes: SchemeRule[] = [];
  #names: readonly SchemeName[] | undefined;
  #any = false;
  #bits = 0;
  #found = 0;

  /** Why the token is not allowed here. */
  take(token: string): string | undefined {
    const names = Object.hasOwn(KEY_WORDS, token) ? KEY_WORDS[token] : undefined;
    if (names !== undefined) {
      this.#close();
      this.#names = names;
      this.#any = token === 'pubkey';
      return undefined;
    }
    if (this.#names === undefined) {
      return `'${token}' is none of: ${Object.keys(KEY_WORDS).join(', ')}${similar(token)}`;
    }
    if (/^[0-9]{1,5}$/.test(token)) return this.#strength(Number(token));
    if (token === 'identity') {
      // Ed25519 and Ed448 sign the message itself.
      if (!this.#any) return "'identity' stands after pubkey only: it means Ed25519 and Ed448";
      this.#found++;
      this.#schemes.push({ name: 'ed25519' }, { name: 'ed448' });
      return undefined;
    }
    const hash = Object.hasOwn(HASH_WORDS, token) ? HASH_WORDS[token] : undefined;
    if (hash === undefined) return `'${token}' is none of: ${ALLOWED}${similar(token)}`;
    if (!hashed(this.#names))
      return `${this.#names.join('/')} takes no hash, '${token}' is too much`;
    this.#found++;
    this.#hashes.add(hash);
    for (const name of this.#names) this.#schemes.push({ name, hash });
    return undefined;
  }

  result(): PublicKeyAuth {
    this.#close();
    return {
      keys: this.#keys,
      hashes: [...this.#hashes],
      schemes: this.#schemes,
      explicit: false,
    };
  }

  #strength(bits: number): string | undefined {
    if (this.#any) return `'${bits}': write rsa or ecdsa before the bits of a key`;
    this.#bits = bits;
    return undefined;
  }

  // `pubkey` alone asks for nothing; another key type asks for itself, whatever the hash.
  #close(): void {
    const names = this.#names;
    if (names === undefined) return;
    if (!this.#any) {
      for (const name of names) {
        const kind = name === 'rsa/pss' ? 'rsa' : name;
        this.#keys.push({ kind, bits: this.#bits });
        if (this.#found === 0) this.#schemes.push({ name });
      }
    }
    this.#names = undefined;
    this.#bits = 0;
    this.#found = 0;
  }
}

function hashed(names: readonly SchemeName[]): boolean {
  return names.every((name) => name === 'rsa' || name === 'rsa/pss' || name === 'ecdsa');
}

function similar(token: string): string {
  const word = didYouMean(token, [...Object.keys(KEY_WORDS), ...Object.keys(HASH_WORDS)]);
  return word === undefined ? '' : `; did you mean '${word}'?`;
}
