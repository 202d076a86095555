import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto';
import type { KeyOrigin, KeyType, SignatureScheme } from '../contracts/signatures.ts';
import { type KnownKey, KnownKeys } from '../proto/keys/known-keys.ts';
import { equalBytes } from '../util/bytes.ts';
import { errorText } from '../util/error.ts';
import { type PlainPrivateKey, readPrivateKey } from './formats/private-key.ts';
import { KeyError } from './key-error.ts';
import { MOST_MESSAGE_OCTETS } from './limits.ts';
import { signWith } from './sign.ts';

/** A key to keep. */
export interface KeepRequest {
  readonly data: Uint8Array;
  readonly origin: KeyOrigin;
  readonly kind: KeyType['kind'] | undefined;
  readonly passphrase: Uint8Array | undefined;
}

/** Keys that may be kept: a gateway has a few. */
const MOST_KEYS = 1000;

interface Kept {
  readonly key: KeyObject;
  readonly type: KeyType;
  readonly origins: Set<KeyOrigin>;
}

/** The private keys themselves, in the memory of OpenSSL: checked when they come, used to sign, never handed out. */
export class KeyKeeper {
  readonly #keys = new Map<string, Kept>();
  readonly #public = new KnownKeys<undefined>(
    (octets) => hash('sha1', octets, 'buffer'),
    () => undefined,
  );

  /** Takes a key and wipes what was handed in. Rejects with {@link KeyError}. */
  async load(request: KeepRequest): Promise<KnownKey> {
    const { data, passphrase, kind, origin } = request;
    let plain: PlainPrivateKey;
    try {
      plain = await readPrivateKey(data, passphrase);
    } finally {
      data.fill(0);
      passphrase?.fill(0);
    }
    let key: KeyObject;
    try {
      if (kind !== undefined && plain.kind !== kind)
        throw new KeyError(`found a key of kind ${plain.kind}, expected ${kind}`);
      key = importKey(plain);
    } finally {
      plain.der.fill(0);
    }
    const known = this.#publicPart(key, plain);
    const kept = this.#keys.get(known.keyId);
    if (kept !== undefined) {
      kept.origins.add(origin);
      return known;
    }
    if (this.#keys.size >= MOST_KEYS)
      throw new KeyError(`there are ${MOST_KEYS} private keys already, as many as are kept`);
    await checkPair(key, known);
    this.#keys.set(known.keyId, { key, type: known.type, origins: new Set([origin]) });
    return known;
  }

  /** At once if it takes no longer than the way to a thread. Throws or rejects with {@link KeyError}. */
  sign(
    keyId: string,
    scheme: SignatureScheme,
    message: Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    const kept = this.#keys.get(keyId);
    if (kept === undefined) throw new KeyError(`there is no private key ${keyId}`);
    if (message.length > MOST_MESSAGE_OCTETS)
      throw new KeyError(
        `a message of ${message.length} octets to sign, expected at most ${MOST_MESSAGE_OCTETS}`,
      );
    return signWith(kept.key, kept.type, scheme, message);
  }

  /** Whether there was a key of this origin. */
  unload(keyId: string, origin: KeyOrigin): boolean {
    const kept = this.#keys.get(keyId);
    if (kept === undefined || !kept.origins.delete(origin)) return false;
    if (kept.origins.size === 0) this.#keys.delete(keyId);
    return true;
  }

  clear(origin: KeyOrigin): void {
    for (const keyId of [...this.#keys.keys()]) this.unload(keyId, origin);
  }

  #publicPart(key: KeyObject, plain: PlainPrivateKey): KnownKey {
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const known = this.#public.read(new Uint8Array(spki));
    const decoded = known && this.#public.use(known)?.decoded;
    if (known === undefined || decoded === undefined)
      throw new KeyError(
        plain.kind === 'rsa'
          ? 'found an RSA key with an even modulus, or an exponent that is even or not from 3 to 2^32'
          : `found a key of kind ${plain.kind} with an unusable public key`,
      );
    if (plain.publicKey !== undefined && !equalBytes(plain.publicKey, decoded.keyBits))
      throw new KeyError(UNFIT);
    return known;
  }
}

const UNFIT = 'found a private key that does not fit the public key that is in it';

function importKey({ der, encoding, kind }: PlainPrivateKey): KeyObject {
  try {
    const { buffer, byteOffset, length } = der;
    const key = Buffer.from(buffer, byteOffset, length);
    return createPrivateKey({ key, format: 'der', type: encoding });
  } catch (error) {
    throw new KeyError(
      `found a key of kind ${kind} that OpenSSL does not take: ${openSslReason(error)}`,
    );
  }
}

// "error:1E08010C:DECODER routines::unsupported": the last part is for people, and holds nothing of the key.
function openSslReason(error: unknown): string {
  return errorText(error).split(':').at(-1)?.slice(0, 80) ?? '';
}

/** Signs something and verifies it, which is what a key is for. */
async function checkPair(key: KeyObject, { type }: KnownKey): Promise<void> {
  const message = new Uint8Array(randomBytes(32));
  const scheme = probeOf(type);
  const digest = 'hash' in scheme ? scheme.hash : null;
  let right: boolean;
  try {
    const signature = await signWith(key, type, scheme, message);
    right = verify(digest, message, createPublicKey(key), signature);
  } catch {
    right = false;
  }
  if (!right) throw new KeyError(UNFIT);
}

function probeOf({ kind }: KeyType): SignatureScheme {
  if (kind === 'rsa') return { kind: 'rsa-pkcs1', hash: 'sha256' };
  if (kind === 'ecdsa') return { kind: 'ecdsa', hash: 'sha256', encoding: 'der' };
  return { kind };
}
