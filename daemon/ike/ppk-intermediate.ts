import type { DaemonOptions } from '../config/options.ts';
import type { PublicInputs } from '../crypto/keymat.ts';
import { PPK_CONFIRMATION_OCTETS, ppkConfirmation } from '../crypto/ppk.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { printIdentity } from '../proto/identity-text.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { constantTimeEqual } from '../util/constant-time.ts';
import { InternalError } from '../util/error.ts';
import { Secret } from '../util/secret.ts';
import { EstablishError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotifies, findNotify, notify } from './payloads.ts';
import { findPpk, type PpkNumbers, ppkIdOctets, readPpkId } from './ppk.ts';

const IANA: PpkNumbers = { use: NotifyType.USE_PPK_INT, identityKey: NotifyType.PPK_IDENTITY_KEY };

/** What libreswan 5.2 speaks, which is older than the numbers that IANA gave. */
const LIBRESWAN: PpkNumbers = { use: 50_209, identityKey: 50_208 };

/** PPKs of one request that are looked at: each costs a computation. */
const MAX_PROPOSED = 8;

/** The numbers by which RFC 9867 may be agreed upon, the preferred ones first. */
export function ppkNumbers({ ppk_intermediate: how }: DaemonOptions): readonly PpkNumbers[] {
  if (how === 'no') return [];
  return how === 'private' ? [IANA, LIBRESWAN] : [IANA];
}

/** Whether what an initiator announces about PPKs needs IKE_INTERMEDIATE. */
export function announcesEarlyPpk(sa: IkeSa, announced: readonly Payload[]): boolean {
  const numbers = ppkNumbers(sa.env.options());
  return announced.some(
    (payload) => payload.kind === 'Notify' && numbers.some(({ use }) => use === payload.type),
  );
}

/** Those that the peer announced too in this message of IKE_SA_INIT, with IKE_INTERMEDIATE to carry it. */
export function agreedPpkNumbers(options: DaemonOptions, message: Message): PpkNumbers | undefined {
  if (findNotify(message, NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED) === undefined)
    return undefined;
  return ppkNumbers(options).find(({ use }) => findNotify(message, use) !== undefined);
}

type Nonces = Pick<PublicInputs, 'ni' | 'nr'>;

/** A PPK that goes into the keys. */
export interface ChosenPpk extends Disposable {
  /** A copy: the one that is loaded may be unloaded meanwhile. Wiped with this value. */
  readonly ppk: Secret;
  /** What its PPK_ID may mean; the first is how it is printed. */
  readonly ids: readonly Identity[];
  /** N(PPK_IDENTITY) that tells the initiator which it is. */
  readonly answer: Payload;
}

/** N(PPK_IDENTITY_KEY) of an initiator: PPK_ID | PPK confirmation. */
export function proposePpk(
  sa: IkeSa,
  nonces: Nonces,
  { identityKey }: PpkNumbers,
  { id, ppk }: { readonly id: Identity; readonly ppk: Secret },
): Payload {
  const confirmation = confirmationOf(sa, nonces, ppk);
  return notify(identityKey, concatBytes(ppkIdOctets(id), confirmation));
}

/**
 * Whether the responder took the PPK that was proposed as the only one. Throws {@link EstablishError} if it names another.
 */
export function tookPpk(message: Message, id: Identity): boolean {
  const taken = findNotify(message, NotifyType.PPK_IDENTITY);
  if (taken === undefined) return false;
  if (taken.data.length > 0 && !equalBytes(taken.data, ppkIdOctets(id))) {
    throw new EstablishError('peer chose a PPK in IKE_INTERMEDIATE that was not proposed');
  }
  return true;
}

/** The first PPK that the initiator proposes and that is the same here. */
export function choosePpk(
  sa: IkeSa,
  nonces: Nonces,
  { identityKey }: PpkNumbers,
  message: Message,
): ChosenPpk | undefined {
  for (const { data } of findNotifies(message, identityKey).slice(0, MAX_PROPOSED)) {
    const end = Math.max(0, data.length - PPK_CONFIRMATION_OCTETS);
    const [id, confirmation] = [data.subarray(0, end), data.subarray(end)];
    const ids = readPpkId(id);
    const [first] = ids;
    if (first === undefined) continue;
    let ppk: Secret | undefined;
    for (const one of ids) ppk ??= findPpk(sa, one);
    const name = printIdentity(first);
    if (ppk === undefined) {
      sa.log.log('cfg', 1, `no PPK for '${name}' found`);
    } else if (constantTimeEqual(confirmationOf(sa, nonces, ppk), confirmation)) {
      sa.log.log('cfg', 1, `using PPK for PPK_ID '${name}'`);
      return chosen(ppk, ids, notify(NotifyType.PPK_IDENTITY, id));
    } else {
      sa.log.log('cfg', 1, `PPK for PPK_ID '${name}' is not the one that the peer has`);
    }
  }
  return undefined;
}

function chosen(loaded: Secret, ids: readonly Identity[], answer: Payload): ChosenPpk {
  const ppk = new Secret(loaded.bytes.slice());
  return { ppk, ids, answer, [Symbol.dispose]: () => ppk[Symbol.dispose]() };
}

function confirmationOf({ prf, spiI, spiR }: IkeSa, nonces: Nonces, ppk: Secret): Uint8Array {
  if (prf === undefined) throw new InternalError('a PPK before there are keys');
  return ppkConfirmation(prf, ppk, { ...nonces, spiI, spiR });
}
