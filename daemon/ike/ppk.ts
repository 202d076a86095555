import { mixPpk, type PpkKeys, withPpk } from '../crypto/ppk.ts';
import { IdType } from '../proto/iana/id-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { isPattern } from '../proto/identity-match.ts';
import { parseIdentity } from '../proto/identity-text.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { concatBytes, latin1 } from '../util/bytes.ts';
import { ConfigError, InternalError } from '../util/error.ts';
import type { Secret } from '../util/secret.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotify, notify } from './payloads.ts';

/** PPK_ID type of RFC 8784 section 5.1: fixed octets that name a PPK. */
const PPK_ID_FIXED = 2;

/** Longest PPK_ID taken from a peer, octets. */
const MAX_PPK_ID_OCTETS = 1024;

/** How both sides agreed in IKE_SA_INIT to use a PPK, if there is one that both have. */
export type PpkUse =
  | { readonly how: 'none' }
  /** RFC 8784: IKE_AUTH tells which, and it is in SK_d and in what is proved. */
  | { readonly how: 'auth' }
  /** RFC 9867: the last IKE_INTERMEDIATE tells which, by these numbers, and it is in all keys from then on. */
  | { readonly how: 'intermediate'; readonly numbers: PpkNumbers; readonly settled?: SettledPpk };

/** The notifies of RFC 9867. */
export interface PpkNumbers {
  readonly use: number;
  readonly identityKey: number;
}

/** The PPK that came into the keys with IKE_INTERMEDIATE. */
export interface SettledPpk {
  /** What its PPK_ID may mean; the first is how it is printed. */
  readonly ids: readonly Identity[];
}

/** Whether the peer announced RFC 8784 in this message of IKE_SA_INIT. */
export function announcesPpk(message: Message): boolean {
  return findNotify(message, NotifyType.USE_PPK) !== undefined;
}

/** The best PPK with this identity. */
export function findPpk(sa: IkeSa, id: Identity): Secret | undefined {
  return sa.env.sharedKeys.find('ppk', id, id)[0]?.data;
}

/** PPK_ID of RFC 8784 section 5.1 that names a PPK. */
export function ppkIdOctets({ data }: Identity): Uint8Array {
  return concatBytes(Uint8Array.of(PPK_ID_FIXED), data);
}

/** N(PPK_IDENTITY) that names a PPK. */
export function ppkIdentity(id: Identity): Payload {
  return notify(NotifyType.PPK_IDENTITY, ppkIdOctets(id));
}

/**
 * What a received PPK_ID may mean: its octets do not tell of which type the identity is that was configured. Empty if it is
 * of a kind that nobody here has.
 */
export function readPpkId(data: Uint8Array): readonly Identity[] {
  const octets = data.slice(1);
  if (data[0] !== PPK_ID_FIXED || octets.length === 0 || octets.length > MAX_PPK_ID_OCTETS)
    return [];
  const meanings: Identity[] = [];
  try {
    const written = parseIdentity(latin1(octets), { allowRegex: false });
    // What comes from a peer matches patterns, it is none.
    if (!isPattern(written)) meanings.push(written);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  meanings.push({ type: IdType.ID_KEY_ID, data: octets });
  if (octets.length === 4) meanings.push({ type: IdType.ID_IPV4_ADDR, data: octets });
  if (octets.length === 16) meanings.push({ type: IdType.ID_IPV6_ADDR, data: octets });
  return meanings;
}

/** The keys of an IKE_SA with a PPK in them, not in use yet. */
export function mixed({ prf, keys }: IkeSa, ppk: Secret): PpkKeys {
  if (prf === undefined || keys === undefined) throw new InternalError('a PPK without keys');
  return mixPpk(prf, ppk, keys);
}

/** From now on all that is derived, and all that is proved, has the PPK in it. The keys become the IKE_SA's. */
export function adopt(sa: IkeSa, keys: PpkKeys): void {
  if (sa.keys === undefined) throw new InternalError('a PPK without keys');
  sa.keys = withPpk(sa.keys, keys);
  sa.usesPpk = true;
}
