import type { KeyOrigin, PrivateKeyHandle, SignatureVerifier } from '../contracts/signatures.ts';

/** Why a key is refused that {@link HandleBook.add} does not take. */
export const UNKNOWN_KIND = 'found a key of a kind that the crypto plugin in use does not know';

/** What the daemon knows of the private keys that its keeper has. */
export class HandleBook {
  readonly #handles = new Map<string, PrivateKeyHandle>();
  readonly #signatures: Pick<SignatureVerifier, 'publicKey'>;

  constructor(signatures: Pick<SignatureVerifier, 'publicKey'>) {
    this.#signatures = signatures;
  }

  /** Notes a key, or one more origin of it; `undefined` if the cryptography of this daemon does not know the kind. */
  add(spki: Uint8Array, origin: KeyOrigin): PrivateKeyHandle | undefined {
    const publicKey = this.#signatures.publicKey(spki);
    if (publicKey === undefined) return undefined;
    const origins = this.#handles.get(publicKey.keyId)?.origins ?? [];
    const handle = { publicKey, origins: [...new Set([...origins, origin])] };
    this.#handles.set(publicKey.keyId, handle);
    return handle;
  }

  /** Whether there was a key of this origin. */
  remove(keyId: string, origin: KeyOrigin): boolean {
    const handle = this.#handles.get(keyId);
    if (!handle?.origins.includes(origin)) return false;
    const origins = handle.origins.filter((one) => one !== origin);
    if (origins.length === 0) this.#handles.delete(keyId);
    else this.#handles.set(keyId, { publicKey: handle.publicKey, origins });
    return true;
  }

  clear(origin: KeyOrigin): void {
    for (const keyId of [...this.#handles.keys()]) this.remove(keyId, origin);
  }

  /** Forgets everything; how many keys that were. */
  drop(): number {
    const { size } = this.#handles;
    this.#handles.clear();
    return size;
  }

  find(keyId: string): PrivateKeyHandle | undefined {
    return this.#handles.get(keyId);
  }

  list(): readonly PrivateKeyHandle[] {
    return [...this.#handles.values()];
  }
}
