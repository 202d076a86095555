import type { Crypto, KeyExchangeAlgorithm, PrfAlgorithm } from '../contracts/crypto.ts';
import type { KeyLog } from '../contracts/key-log.ts';
import { ikeKeyLengths } from '../crypto/key-lengths.ts';
import {
  deriveIkeKeys,
  deriveIkeKeysWithPpk,
  deriveRekeyedIkeKeys,
  type IkeKeys,
} from '../crypto/keymat.ts';
import { createProtection } from '../crypto/message-protection.ts';
import { isAdditionalKe, TransformType } from '../proto/iana/transforms.ts';
import type { Proposal } from '../proto/proposal.ts';
import { transformOf } from '../proto/proposal-transforms.ts';
import { InternalError } from '../util/error.ts';
import type { Secret } from '../util/secret.ts';
import type { ExchangedSecrets } from './create-exchange.ts';
import type { IkeSa } from './ike-sa.ts';
import type { AuthKeys } from './initial-exchanges.ts';

/** KE methods of proposals in order of preference, each once. */
export function keMethods(proposals: readonly Proposal[]): readonly number[] {
  const methods = new Set<number>();
  for (const proposal of proposals) {
    for (const transform of proposal.transforms) {
      if (transform.type === TransformType.KE && transform.id !== 0) methods.add(transform.id);
    }
  }
  return [...methods];
}

/** Methods of the additional key exchanges of an agreed proposal, in their order (RFC 9370 section 2.2.2). */
export function additionalKeMethods(proposal: Proposal | undefined): readonly number[] {
  return (proposal?.transforms ?? [])
    .filter(({ type, id }) => isAdditionalKe(type) && id)
    .toSorted((a, b) => a.type - b.type)
    .map(({ id }) => id);
}

/** Configured proposals as sent: numbered from 1 (RFC 7296 section 3.3.1), each with this SPI. */
export function numbered(proposals: readonly Proposal[], spi: Uint8Array): readonly Proposal[] {
  return proposals.map((proposal, index) => ({ ...proposal, number: index + 1, spi }));
}

/** The KE method of an agreed proposal. */
export function agreedKeMethod(proposal: Proposal): number {
  return transformOf(proposal, TransformType.KE)?.id ?? 0;
}

export function keyExchangeOf(crypto: Crypto, method: number): KeyExchangeAlgorithm {
  const algorithm = crypto.keyExchange(method);
  if (algorithm === undefined) throw new TypeError(`no provider for key exchange method ${method}`);
  return algorithm;
}

/** The keys that AUTH payloads of an IKE_SA are computed with. */
export function authKeys({ keys }: IkeSa): AuthKeys {
  if (keys === undefined) throw new InternalError('AUTH before there are keys');
  return keys;
}

/** Derives all keys of an IKE_SA and puts them to use. `secret` is wiped. */
export function installKeys(
  sa: IkeSa,
  proposal: Proposal,
  ni: Uint8Array,
  nr: Uint8Array,
  secret: Uint8Array,
): void {
  const { crypto } = sa.env;
  const prf = crypto.prf(transformOf(proposal, TransformType.PRF)?.id ?? 0);
  if (prf === undefined) throw new TypeError('an agreed proposal has no PRF we know');
  const keys = deriveIkeKeys(
    prf,
    { ni, nr, secret, spiI: sa.spiI, spiR: sa.spiR },
    ikeKeyLengths(proposal, crypto),
  );
  secret.fill(0);
  useKeys(sa, proposal, prf, keys);
}

/** What the keys of an IKE_SA that replaces another one are made from. */
export interface RekeyInputs {
  readonly proposal: Proposal;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly secrets: ExchangedSecrets;
}

/** The same for an IKE_SA that replaces `old`, RFC 7296 section 2.18. The secrets are the caller's to wipe. */
export function installRekeyedKeys(sa: IkeSa, old: IkeSa, inputs: RekeyInputs): void {
  const { crypto } = sa.env;
  const { proposal, ni, nr, secrets } = inputs;
  const prf = crypto.prf(transformOf(proposal, TransformType.PRF)?.id ?? 0);
  if (prf === undefined || old.prf === undefined || old.keys === undefined) {
    throw new TypeError('rekeying needs a PRF we know and the keys of the old IKE_SA');
  }
  const keys = deriveRekeyedIkeKeys(
    old.prf,
    old.keys.skD,
    prf,
    {
      ni,
      nr,
      secret: secrets.secret ?? new Uint8Array(0),
      additionalSecrets: secrets.additional,
      spiI: sa.spiI,
      spiR: sa.spiR,
    },
    ikeKeyLengths(proposal, crypto),
  );
  useKeys(sa, proposal, prf, keys);
}

/** What an IKE_INTERMEDIATE exchange adds to the keys. */
export interface KeyUpdate {
  /** Of an additional key exchange. */
  readonly secret?: Uint8Array | undefined;
  readonly ppk?: Secret | undefined;
}

/**
 * New keys for everything after an IKE_INTERMEDIATE exchange: SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr) of an additional key
 * exchange (RFC 9370 section 2.2.2), and after that the PPK (RFC 9867). `secret` and the keys so far are wiped.
 */
export function updateKeys(
  sa: IkeSa,
  { ni, nr }: { readonly ni: Uint8Array; readonly nr: Uint8Array },
  { secret, ppk }: KeyUpdate,
): void {
  if (secret === undefined && ppk === undefined) return;
  const { prf, keys, proposal, spiI, spiR } = sa;
  if (prf === undefined || keys === undefined || proposal === undefined) {
    throw new InternalError('IKE_INTERMEDIATE before there are keys');
  }
  const inputs = { ni, nr, spiI, spiR };
  const lengths = ikeKeyLengths(proposal, sa.env.crypto);
  let next = keys;
  if (secret !== undefined) {
    next = deriveRekeyedIkeKeys(prf, keys.skD, prf, { ...inputs, secret }, lengths);
    secret.fill(0);
    keys[Symbol.dispose]();
  }
  if (ppk !== undefined) {
    const before = next;
    next = deriveIkeKeysWithPpk(prf, ppk, before.skD, inputs, lengths);
    before[Symbol.dispose]();
  }
  sa.engine.retireKeys();
  useKeys(sa, proposal, prf, next);
}

function useKeys(sa: IkeSa, proposal: Proposal, prf: PrfAlgorithm, keys: IkeKeys): void {
  const { crypto, random, keyLog } = sa.env;
  if (keyLog !== undefined) giveAway(keyLog, sa, proposal, keys);
  sa.proposal = proposal;
  sa.prf = prf;
  sa.keys = keys;
  const fromInitiator = createProtection(crypto, proposal, keys.skEi, keys.skAi, random);
  const fromResponder = createProtection(crypto, proposal, keys.skEr, keys.skAr, random);
  sa.engine.outbound = sa.isInitiator ? fromInitiator : fromResponder;
  sa.engine.inbound = sa.isInitiator ? fromResponder : fromInitiator;
}

function giveAway(keyLog: KeyLog, sa: IkeSa, proposal: Proposal, keys: IkeKeys): void {
  const encryption = transformOf(proposal, TransformType.ENCR);
  if (encryption === undefined) return;
  keyLog.ike({
    spiI: sa.spiI,
    spiR: sa.spiR,
    encryption,
    integrity: transformOf(proposal, TransformType.INTEG),
    skEi: keys.skEi.bytes,
    skEr: keys.skEr.bytes,
    skAi: keys.skAi.bytes,
    skAr: keys.skAr.bytes,
  });
}
