import type {
  KeyOrigin,
  LoadedKey,
  PrivateKeyHandle,
  PrivateKeyInput,
  PrivateKeys,
  SignatureScheme,
  SignatureVerifier,
} from '../contracts/signatures.ts';
import { errorText } from '../util/error.ts';
import { HandleBook, UNKNOWN_KIND } from './handles.ts';
import { KeyKeeper } from './keeper.ts';

/** Private keys in the memory of the daemon itself: for minimal containers, and for simulations. */
export class InProcessKeys implements PrivateKeys {
  readonly #keeper = new KeyKeeper();
  readonly #handles: HandleBook;

  constructor(signatures: Pick<SignatureVerifier, 'publicKey'>) {
    this.#handles = new HandleBook(signatures);
  }

  async load(input: PrivateKeyInput): Promise<LoadedKey> {
    const { data, origin, kind, passphrase } = input;
    try {
      const { spki, keyId } = await this.#keeper.load({ data, origin, kind, passphrase });
      const key = this.#handles.add(spki, origin);
      if (key !== undefined) return { ok: true, key };
      this.#keeper.unload(keyId, origin);
      return { ok: false, reason: UNKNOWN_KIND };
    } catch (error) {
      return { ok: false, reason: errorText(error) };
    }
  }

  async unload(keyId: string, origin: KeyOrigin): Promise<boolean> {
    this.#keeper.unload(keyId, origin);
    return this.#handles.remove(keyId, origin);
  }

  async clear(origin: KeyOrigin): Promise<void> {
    this.#keeper.clear(origin);
    this.#handles.clear(origin);
  }

  find(keyId: string): PrivateKeyHandle | undefined {
    return this.#handles.find(keyId);
  }

  list(): readonly PrivateKeyHandle[] {
    return this.#handles.list();
  }

  async sign(keyId: string, scheme: SignatureScheme, message: Uint8Array): Promise<Uint8Array> {
    // a plain array, as everybody expects
    return new Uint8Array(await this.#keeper.sign(keyId, scheme, message));
  }

  onLost(): () => void {
    return () => undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const origin of ['vici', 'file', 'token'] as const) await this.clear(origin);
  }
}
