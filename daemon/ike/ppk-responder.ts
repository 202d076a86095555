import type { ConnectionConfig } from '../config/connection-types.ts';
import type { PpkKeys } from '../crypto/ppk.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { matchIdentity } from '../proto/identity-match.ts';
import { printIdentity } from '../proto/identity-text.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { Waits } from '../util/waits.ts';
import { AuthenticationError } from './errors.ts';
import { authKeys } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import type { AuthKeys } from './initial-exchanges.ts';
import { findNotify, notify } from './payloads.ts';
import {
  adopt,
  announcesPpk,
  findPpk,
  mixed,
  type PpkUse,
  readPpkId,
  type SettledPpk,
} from './ppk.ts';
import { agreedPpkNumbers } from './ppk-intermediate.ts';

/**
 * How a PPK may be used with an initiator that announced it, if there is any PPK here or one of the connections it may mean requires
 * one: which it means is known later. With IKE_INTERMEDIATE (RFC 9867) if it can.
 */
export function acceptPpk(
  sa: IkeSa,
  candidates: readonly ConnectionConfig[],
  message: Message,
): PpkUse {
  const numbers = agreedPpkNumbers(sa.env.options(), message);
  if (numbers === undefined && !announcesPpk(message)) return { how: 'none' };
  const useful = sa.env.sharedKeys.has('ppk') || candidates.some(({ ppkRequired }) => ppkRequired);
  if (!useful) return { how: 'none' };
  return numbers === undefined ? { how: 'auth' } : { how: 'intermediate', numbers };
}

/** How the initiator is told in IKE_SA_INIT: N(USE_PPK) or N(USE_PPK_INT). */
export function announcePpk(ppk: PpkUse): readonly Payload[] {
  if (ppk.how === 'none') return [];
  return [notify(ppk.how === 'auth' ? NotifyType.USE_PPK : ppk.numbers.use)];
}

/** What an initiator says about a PPK, and what is made of it. */
export interface PeerPpk extends Disposable {
  /** The keys and the data of the proof that counts in the first round; `sent` is that of its AUTH payload. */
  proof(sent: Uint8Array): { readonly keys: AuthKeys; readonly data: Uint8Array };
  /** Why the connection does not allow it. */
  unmet(connection: ConnectionConfig): string | undefined;
  /** Does what verifies the peer; if that fails with a PPK in the proof, the log says that it may be the reason. */
  explain<T>(verify: Waits<T>): Waits<T>;
  /** The peer proved itself: its PPK is in use from now on. Returns what tells the peer so. */
  settle(): readonly Payload[];
}

/** With the first IKE_AUTH request. */
export function peerPpk(sa: IkeSa, use: PpkUse, message: Message): PeerPpk {
  if (use.how === 'intermediate') return new EarlyPeerPpk(sa, use.settled);
  return new PpkOfAuth(sa, use.how === 'auth', message);
}

/** IKE_INTERMEDIATE has settled it (RFC 9867), or settled that there is none; the connection was not known yet. */
class EarlyPeerPpk implements PeerPpk {
  readonly #sa: IkeSa;
  readonly #settled: SettledPpk | undefined;

  constructor(sa: IkeSa, settled: SettledPpk | undefined) {
    this.#sa = sa;
    this.#settled = settled;
  }

  proof(sent: Uint8Array): { readonly keys: AuthKeys; readonly data: Uint8Array } {
    return { keys: authKeys(this.#sa), data: sent };
  }

  unmet({ ppkId, ppkRequired }: ConnectionConfig): string | undefined {
    if (this.#settled === undefined) {
      return ppkRequired ? 'PPK required but peer does not use one that is known here' : undefined;
    }
    return otherPpk(this.#sa, ppkId, this.#settled.ids);
  }

  explain<T>(verify: Waits<T>): Waits<T> {
    return verify;
  }

  settle(): readonly Payload[] {
    return [];
  }

  [Symbol.dispose](): void {}
}

/** Why a connection that names this PPK, if any, does not allow the one that the peer named. */
function otherPpk(
  sa: IkeSa,
  pattern: Identity | undefined,
  ids: readonly Identity[],
): string | undefined {
  if (pattern === undefined) return undefined;
  const { rdn_matching: rdn } = sa.env.options();
  if (ids.some((id) => matchIdentity(pattern, id, rdn) > 0)) return undefined;
  return `received PPK_ID '${textOf(ids)}', but require '${printIdentity(pattern)}'`;
}

function textOf([id]: readonly Identity[]): string {
  return id === undefined ? '(unknown PPK_ID)' : printIdentity(id);
}

/** What the initiator's first IKE_AUTH request says about a PPK (RFC 8784 section 3). */
class PpkOfAuth implements PeerPpk {
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

  proof(sent: Uint8Array): { readonly keys: AuthKeys; readonly data: Uint8Array } {
    if (this.#keys !== undefined) return { keys: this.#keys, data: sent };
    return { keys: authKeys(this.#sa), data: (this.#named && this.#withoutPpk) || sent };
  }

  unmet({ ppkId, ppkRequired }: ConnectionConfig): string | undefined {
    if (!this.#named) {
      if (!ppkRequired) return undefined;
      return this.#announced
        ? 'PPK required but peer does not use one'
        : 'PPK required but peer does not support PPK';
    }
    const other = otherPpk(this.#sa, ppkId, this.#ids);
    if (other !== undefined) return other;
    if (this.#keys !== undefined) return undefined;
    if (ppkRequired) return `PPK required but no PPK for '${this.#text}' found`;
    return this.#withoutPpk === undefined
      ? `no PPK for '${this.#text}' found, but the peer requires it`
      : undefined;
  }

  *explain<T>(verify: Waits<T>): Waits<T> {
    try {
      return yield* verify;
    } catch (error) {
      if (error instanceof AuthenticationError && this.#keys !== undefined && !this.#adopted) {
        const hint = `the peer's proof has the PPK for PPK_ID '${this.#text}' in it: that may differ too`;
        this.#sa.log.log('cfg', 1, hint);
      }
      throw error;
    }
  }

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

  get #text(): string {
    return textOf(this.#ids);
  }

  [Symbol.dispose](): void {
    if (!this.#adopted) this.#keys?.[Symbol.dispose]();
  }
}
