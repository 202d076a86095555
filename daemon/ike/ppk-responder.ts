import type { ConnectionConfig } from '../config/connection-types.ts';
import type { PpkKeys } from '../crypto/ppk.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { matchIdentity } from '../proto/identity-match.ts';
import { printIdentity } from '../proto/identity-text.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { AuthenticationError } from './errors.ts';
import { authKeys } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import type { AuthKeys } from './initial-exchanges.ts';
import { findNotify, notify } from './payloads.ts';
import { adopt, announcesPpk, findPpk, mixed, readPpkId } from './ppk.ts';

/**
 * N(USE_PPK) for an initiator that announced it, if there is any PPK here or one of the connections it may mean requires one: which
 * it means is known later.
 */
export function acceptPpk(
  sa: IkeSa,
  candidates: readonly ConnectionConfig[],
  message: Message,
): readonly Payload[] {
  if (!announcesPpk(message)) return [];
  const useful = sa.env.sharedKeys.has('ppk') || candidates.some(({ ppkRequired }) => ppkRequired);
  return useful ? [notify(NotifyType.USE_PPK)] : [];
}

/** What the initiator's first IKE_AUTH request says about a PPK, and what is made of it (RFC 8784 section 3). */
export class PeerPpk implements Disposable {
  readonly #sa: IkeSa;
  readonly #announced: boolean;
  readonly #named: boolean;
  /** What its PPK_ID may mean; the first is how it is printed. */
  readonly #ids: readonly Identity[];
  /** N(NO_PPK_AUTH): its proof without the PPK, for who does not know that. */
  readonly #withoutPpk: Uint8Array | undefined;
  readonly #keys: PpkKeys | undefined;
  #adopted = false;

  constructor(sa: IkeSa, announced: boolean, message: Message) {
    this.#sa = sa;
    this.#announced = announced;
    const id = announced ? findNotify(message, NotifyType.PPK_IDENTITY) : undefined;
    this.#named = id !== undefined;
    this.#ids = id === undefined ? [] : readPpkId(id.data);
    this.#withoutPpk = announced ? findNotify(message, NotifyType.NO_PPK_AUTH)?.data : undefined;
    let ppk: ReturnType<typeof findPpk>;
    for (const one of this.#ids) ppk ??= findPpk(sa, one);
    this.#keys = ppk && mixed(sa, ppk);
  }

  /** The keys and the data of the proof that counts in the first round; `sent` is that of its AUTH payload. */
  proof(sent: Uint8Array): { readonly keys: AuthKeys; readonly data: Uint8Array } {
    if (this.#keys !== undefined) return { keys: this.#keys, data: sent };
    return { keys: authKeys(this.#sa), data: (this.#named && this.#withoutPpk) || sent };
  }

  /** Why the connection does not allow it. */
  unmet({ ppkId, ppkRequired }: ConnectionConfig): string | undefined {
    if (!this.#named) {
      if (!ppkRequired) return undefined;
      return this.#announced
        ? 'PPK required but peer does not use one'
        : 'PPK required but peer does not support PPK';
    }
    if (ppkId !== undefined && !this.#matches(ppkId)) {
      return `received PPK_ID '${this.#text}', but require '${printIdentity(ppkId)}'`;
    }
    if (this.#keys !== undefined) return undefined;
    if (ppkRequired) return `PPK required but no PPK for '${this.#text}' found`;
    return this.#withoutPpk === undefined
      ? `no PPK for '${this.#text}' found, but the peer requires it`
      : undefined;
  }

  /** Does what verifies the peer; if that fails with a PPK in the proof, the log says that it may be the reason. */
  async explain<T>(verify: () => Promise<T>): Promise<T> {
    try {
      return await verify();
    } catch (error) {
      if (error instanceof AuthenticationError && this.#keys !== undefined && !this.#adopted) {
        const hint = `the peer's proof has the PPK for PPK_ID '${this.#text}' in it: that may differ too`;
        this.#sa.log.log('cfg', 1, hint);
      }
      throw error;
    }
  }

  /** The peer proved itself: its PPK is in use from now on. Returns what tells the peer so. */
  settle(): readonly Payload[] {
    const { log } = this.#sa;
    if (this.#keys !== undefined) {
      adopt(this.#sa, this.#keys);
      this.#adopted = true;
      log.log('cfg', 1, `using PPK for PPK_ID '${this.#text}'`);
      return [notify(NotifyType.PPK_IDENTITY)];
    }
    if (this.#named) {
      log.log('cfg', 1, `no PPK for '${this.#text}' found, ignored because PPK is not required`);
      log.log('ike', 1, 'no PPK available, using NO_PPK_AUTH notify');
    }
    return [];
  }

  #matches(pattern: Identity): boolean {
    const { rdn_matching: rdn } = this.#sa.env.options();
    return this.#ids.some((id) => matchIdentity(pattern, id, rdn) > 0);
  }

  get #text(): string {
    const [id] = this.#ids;
    return id === undefined ? '(unknown PPK_ID)' : printIdentity(id);
  }

  [Symbol.dispose](): void {
    if (!this.#adopted) this.#keys?.[Symbol.dispose]();
  }
}
