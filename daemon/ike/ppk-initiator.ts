import type { ConnectionConfig } from '../config/connection-types.ts';
import type { PpkKeys } from '../crypto/ppk.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { isPattern } from '../proto/identity-match.ts';
import { printIdentity } from '../proto/identity-text.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { Secret } from '../util/secret.ts';
import { AuthenticationError, EstablishError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import type { AuthKeys, InitialExchanges } from './initial-exchanges.ts';
import { findNotify, notify } from './payloads.ts';
import {
  adopt,
  announcesPpk,
  findPpk,
  mixed,
  type PpkNumbers,
  type PpkUse,
  ppkIdentity,
} from './ppk.ts';
import { agreedPpkNumbers, ppkNumbers, proposePpk, tookPpk } from './ppk-intermediate.ts';

/**
 * N(USE_PPK) of an initiator whose connection names a PPK that is loaded (RFC 8784 section 3), and beside it N(USE_PPK_INT), of which
 * the responder takes one (RFC 9867). Throws {@link EstablishError} if there is none although the connection requires one.
 */
export function offerPpk(sa: IkeSa, connection: ConnectionConfig): readonly Payload[] {
  if (loadedPpk(sa, connection) === undefined) return [];
  const early = ppkNumbers(sa.env.options()).map(({ use }) => notify(use));
  return [notify(NotifyType.USE_PPK), ...early];
}

function loadedPpk(
  sa: IkeSa,
  { ppkId, ppkRequired, name }: ConnectionConfig,
): ReturnType<typeof findPpk> {
  if (ppkId === undefined || isPattern(ppkId)) {
    if (!ppkRequired) return undefined;
    throw new EstablishError(`PPK required, but ppk_id of '${name}' does not name one`);
  }
  const found = findPpk(sa, ppkId);
  if (found !== undefined) return found;
  const id = printIdentity(ppkId);
  if (ppkRequired) {
    throw new EstablishError(
      `PPK required but no PPK for '${id}' found; load a secret ppk with it`,
    );
  }
  sa.log.log('cfg', 1, `no PPK for '${id}' found, ignored because PPK is not required`);
  return undefined;
}

/** How the answer to {@link offerPpk} allows a PPK. Throws {@link EstablishError} if it does not and has to. */
export function mayUsePpk(
  sa: IkeSa,
  offered: boolean,
  { ppkRequired }: ConnectionConfig,
  message: Message,
): PpkUse {
  const numbers = offered ? agreedPpkNumbers(sa.env.options(), message) : undefined;
  if (numbers !== undefined) return { how: 'intermediate', numbers };
  if (offered && announcesPpk(message)) return { how: 'auth' };
  if (ppkRequired) throw new EstablishError('PPK required but peer does not support PPK');
  return { how: 'none' };
}

/** The PPK that an initiator proposes in its last IKE_INTERMEDIATE request, RFC 9867. */
export class EarlyPpk implements Disposable {
  readonly #sa: IkeSa;
  readonly #id: Identity;
  readonly #required: boolean;
  /** A copy: the one that is loaded may be unloaded meanwhile. */
  readonly #ppk: Secret;
  readonly proposal: Payload;

  private constructor(sa: IkeSa, init: InitialExchanges, numbers: PpkNumbers, own: NamedPpk) {
    this.#sa = sa;
    this.#id = own.id;
    this.#required = own.required;
    this.#ppk = new Secret(own.ppk.bytes.slice());
    this.proposal = proposePpk(sa, init, numbers, own);
  }

  /** The one of the connection; `undefined` if none is agreed to be used in this way. */
  static of(sa: IkeSa, connection: ConnectionConfig, init: InitialExchanges): EarlyPpk | undefined {
    const { ppkId: id, ppkRequired: required } = connection;
    if (init.ppk.how !== 'intermediate' || id === undefined) return undefined;
    const ppk = loadedPpk(sa, connection);
    return ppk && new EarlyPpk(sa, init, init.ppk.numbers, { id, ppk, required });
  }

  /** The PPK for the keys, if the responder has it too. Throws {@link EstablishError} if it does not and has to. */
  settle(message: Message): Secret | undefined {
    const id = printIdentity(this.#id);
    const { log } = this.#sa;
    if (tookPpk(message, this.#id)) {
      this.#sa.usesPpk = true;
      log.log('cfg', 1, `using PPK for PPK_ID '${id}'`);
      return this.#ppk;
    }
    log.log('cfg', 1, `peer didn't use PPK for PPK_ID '${id}'`);
    if (!this.#required) return undefined;
    throw new EstablishError(
      `PPK required, but peer didn't use PPK for PPK_ID '${id}': it has none with it, or another`,
    );
  }

  [Symbol.dispose](): void {
    this.#ppk[Symbol.dispose]();
  }
}

interface NamedPpk {
  readonly id: Identity;
  readonly ppk: Secret;
  readonly required: boolean;
}

/** The PPK that an initiator proposes in its first IKE_AUTH request, RFC 8784. */
export class OwnPpk implements Disposable {
  readonly #sa: IkeSa;
  readonly #id: Identity;
  readonly #required: boolean;
  readonly #keys: PpkKeys;
  #adopted = false;

  private constructor(sa: IkeSa, id: Identity, required: boolean, keys: PpkKeys) {
    this.#sa = sa;
    this.#id = id;
    this.#required = required;
    this.#keys = keys;
  }

  /** The one of the connection, with the keys that there are now; `undefined` if none can be used. */
  static of(sa: IkeSa, connection: ConnectionConfig, { how }: PpkUse): OwnPpk | undefined {
    const { ppkId, ppkRequired } = connection;
    if (how !== 'auth' || ppkId === undefined) return undefined;
    const ppk = loadedPpk(sa, connection);
    return ppk && new OwnPpk(sa, ppkId, ppkRequired, mixed(sa, ppk));
  }

  /** What our first AUTH payload is computed with. */
  get keys(): AuthKeys {
    return this.#keys;
  }

  /** N(PPK_IDENTITY), and unless the PPK is required N(NO_PPK_AUTH) with the proof that `prove` makes without it. */
  async payloads(prove: () => Promise<Payload>): Promise<readonly Payload[]> {
    const id = ppkIdentity(this.#id);
    if (this.#required) return [id];
    const plain = await prove();
    const data = plain.kind === 'AUTH' ? plain.data : new Uint8Array(0);
    return [id, notify(NotifyType.NO_PPK_AUTH, data)];
  }

  /**
   * The responder's first answer tells whether it uses the PPK; its AUTH payload is computed accordingly. Throws
   * {@link AuthenticationError} if it does not use what is required.
   */
  settle(message: Message): void {
    const id = printIdentity(this.#id);
    const { log } = this.#sa;
    if (findNotify(message, NotifyType.PPK_IDENTITY) !== undefined) {
      adopt(this.#sa, this.#keys);
      this.#adopted = true;
      log.log('cfg', 1, `using PPK for PPK_ID '${id}'`);
      return;
    }
    log.log('cfg', 1, `peer didn't use PPK for PPK_ID '${id}'`);
    if (this.#required) {
      throw new AuthenticationError(`PPK required, but peer didn't use PPK for PPK_ID '${id}'`);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#adopted) this.#keys[Symbol.dispose]();
  }
}
