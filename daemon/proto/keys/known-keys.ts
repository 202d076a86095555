import { latin1 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import { LruMap } from '../../util/lru.ts';
import type { KnownCurve } from './ec-curves.ts';
import { type DecodedSpki, decodeSpki } from './spki.ts';

/** A checked public key under the names the rest of the daemon uses. */
export interface KnownKey {
  readonly type:
    | { readonly kind: 'rsa'; readonly bits: number }
    | { readonly kind: 'ecdsa'; readonly curve: KnownCurve['name']; readonly bits: number }
    | { readonly kind: 'ed25519' | 'ed448'; readonly bits: number }
    | { readonly kind: 'ml-dsa'; readonly level: 44 | 65 | 87; readonly bits: number };
  readonly spki: Uint8Array;
  /** SHA-1 of the subjectPublicKey bits, 40 lower-case hex digits. */
  readonly keyId: string;
  readonly exponent?: bigint;
}

/** How many keys are remembered: what comes in handshakes is a few authorities and many peers. */
const REMEMBERED = 1000;

/** Public keys that were read, so that a key is checked and imported once and not at each handshake. `Imported` is what a runtime makes of one. */
export class KnownKeys<Imported> {
  readonly #sha1: (octets: Uint8Array) => Uint8Array;
  readonly #import: (key: DecodedSpki, spki: Uint8Array) => Imported;
  readonly #keys = new LruMap<string, KnownKey>(REMEMBERED);
  readonly #decoded = new WeakMap<object, DecodedSpki>();
  readonly #imported = new WeakMap<object, Imported>();

  constructor(
    sha1: (octets: Uint8Array) => Uint8Array,
    importKey: (key: DecodedSpki, spki: Uint8Array) => Imported,
  ) {
    this.#sha1 = sha1;
    this.#import = importKey;
  }

  /** The key, the same object again for the same octets; `undefined` for what {@link decodeSpki} refuses. */
  read(spki: Uint8Array): KnownKey | undefined {
    // by the octets themselves: of a SHA-1 somebody could own two keys
    const name = latin1(spki);
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    // a copy, of which everything decoded is a view: the octets given may be part of a packet
    const copy = spki.slice();
    const decoded = decodeSpki(copy);
    if (decoded === undefined) return undefined;
    const key: KnownKey = {
      type: typeOf(decoded),
      spki: copy,
      keyId: toHex(this.#sha1(decoded.keyBits)),
      ...(decoded.kind === 'rsa' ? { exponent: decoded.exponent } : {}),
    };
    this.#decoded.set(key, decoded);
    this.#keys.set(name, key);
    return key;
  }

  /** What a key holds and what the runtime made of it; `undefined` if it is none. Throws what the import throws. */
  use(
    key: Pick<KnownKey, 'spki'>,
  ): { readonly decoded: DecodedSpki; readonly imported: Imported } | undefined {
    const owner = this.#decoded.has(key) ? key : this.read(key.spki);
    const decoded = owner && this.#decoded.get(owner);
    if (owner === undefined || decoded === undefined) return undefined;
    const imported = this.#imported.get(owner) ?? this.#import(decoded, owner.spki);
    this.#imported.set(owner, imported);
    return { decoded, imported };
  }
}

function typeOf(key: DecodedSpki): KnownKey['type'] {
  const { bits } = key;
  if (key.kind === 'ecdsa') return { kind: 'ecdsa', curve: key.curve, bits };
  if (key.kind === 'ml-dsa') return { kind: 'ml-dsa', level: key.level, bits };
  return { kind: key.kind, bits };
}
