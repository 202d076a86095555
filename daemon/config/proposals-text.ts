import type { Crypto } from '../contracts/crypto.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import {
  EncryptionId,
  IntegrityId,
  isKeyExchangeType,
  KeMethod,
  SnId,
  TransformType,
} from '../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../proto/proposal.ts';
import { printTransform } from '../proto/proposal-print.ts';
import { isAead, sameTransform } from '../proto/proposal-transforms.ts';
import { didYouMean } from '../util/did-you-mean.ts';
import { ConfigError } from '../util/error.ts';
import {
  defaultAhProposals,
  defaultEspProposals,
  defaultIkeProposals,
} from './proposal-defaults.ts';
import { PRF_OF_INTEGRITY, PROPOSAL_KEYWORDS, transformOfKeyword } from './proposal-keywords.ts';

/** Which option the proposals belong to: `proposals`, `esp_proposals` or `ah_proposals`. */
export type ProposalKind = 'ike' | 'esp' | 'ah';

const MAX_LENGTH = 2047;

/**
 * The proposals of a configured list; `default` as an entry (in any case) stands for the default proposals.
 * Each has number 0, an empty SPI and its transforms in order of preference. Throws {@link ConfigError} with a
 * sentence that names the keyword at fault and what would be allowed.
 */
export function parseProposals(
  kind: ProposalKind,
  items: readonly string[],
  crypto: Crypto,
): readonly Proposal[] {
  return items.flatMap((item) => {
    if (item.trim().toLowerCase() !== 'default') return [parseProposal(kind, item, crypto)];
    if (kind === 'ike') return defaultIkeProposals(crypto);
    return kind === 'esp' ? defaultEspProposals(crypto) : defaultAhProposals(crypto);
  });
}

function parseProposal(kind: ProposalKind, text: string, crypto: Crypto): Proposal {
  const fail = (reason: string): never => {
    throw new ConfigError(OPTION[kind], `proposal '${text.slice(0, 200)}': ${reason}`);
  };
  if (text.length > MAX_LENGTH) fail(`longer than ${MAX_LENGTH} characters`);
  const keywords = text
    .split('-')
    .map((token) => token.trim())
    .filter((token) => token !== '');
  if (keywords.length === 0) fail('names no algorithm');
  const wanted: Transform[] = [];
  const names = new Map<Transform, string>();
  for (const keyword of keywords) {
    const transform = transformOfKeyword(keyword) ?? fail(unknownKeyword(keyword, crypto));
    if (wanted.some((other) => sameTransform(other, transform))) continue;
    wanted.push(transform);
    names.set(transform, keyword);
  }
  const transforms = COMPLETE[kind](wanted, fail);
  for (const transform of transforms) {
    if (!hasProvider(kind, transform, crypto))
      fail(unsupported(names.get(transform), transform, crypto));
  }
  return { number: 0, protocol: PROTOCOL[kind], spi: new Uint8Array(0), transforms };
}

const OPTION = { ike: 'proposals', esp: 'esp_proposals', ah: 'ah_proposals' } as const;
const PROTOCOL = { ike: ProtocolId.IKE, esp: ProtocolId.ESP, ah: ProtocolId.AH } as const;

type Completion = (wanted: readonly Transform[], fail: (reason: string) => never) => Transform[];

const of = (wanted: readonly Transform[], type: number): Transform[] =>
  wanted.filter((transform) => transform.type === type);

const keyExchangesOf = (wanted: readonly Transform[]): Transform[] =>
  wanted.filter(({ type }) => isKeyExchangeType(type)).sort((a, b) => a.type - b.type);

const sequenceNumbersOf = (wanted: readonly Transform[]): Transform[] => {
  const chosen = of(wanted, TransformType.SN);
  return chosen.length > 0 ? chosen : [{ type: TransformType.SN, id: SnId.NO_EXT_SEQ }];
};

/** By protocol: adds what follows from what was named, drops what the protocol has no use for. */
const COMPLETE: Readonly<Record<ProposalKind, Completion>> = {
  ike(wanted, fail) {
    const encryption = of(wanted, TransformType.ENCR);
    const integrity = of(wanted, TransformType.INTEG);
    const named = of(wanted, TransformType.PRF);
    const prfs = named.length > 0 ? named : prfsOfIntegrity(integrity);
    // `none` means no additional exchange in types 6 to 12, but an IKE_SA cannot be without a main one.
    const methods = keyExchangesOf(wanted).filter(
      ({ type, id }) => type !== TransformType.KE || id !== KeMethod.KE_NONE,
    );
    if (encryption.length === 0) fail('an encryption algorithm is missing, for example aes256');
    const combined = onlyAeads(encryption, fail);
    if (!combined && integrity.length === 0)
      fail('an integrity algorithm is missing, for example sha256');
    if (prfs.length === 0) fail('a PRF is missing, for example prfsha256');
    if (!methods.some(({ type }) => type === TransformType.KE))
      fail('a key exchange method is missing, for example x25519');
    return [
      ...encryption,
      ...(combined ? [] : integrity),
      ...prfs,
      ...methods,
      ...of(wanted, TransformType.SN),
    ];
  },

  esp(wanted, fail) {
    const encryption = of(wanted, TransformType.ENCR);
    const integrity = of(wanted, TransformType.INTEG);
    if (encryption.length === 0) fail('an encryption algorithm is missing, for example aes256');
    const combined = onlyAeads(encryption, fail);
    // RFC 4303 section 3.2: NULL encryption and no integrity together would be ESP without any protection.
    if (integrity.length === 0 && encryption.some(({ id }) => id === EncryptionId.NULL))
      fail("'null' needs an integrity algorithm, for example sha256");
    return [
      ...encryption,
      ...(combined ? [] : integrity),
      ...keyExchangesOf(wanted),
      ...sequenceNumbersOf(wanted),
    ];
  },

  ah(wanted, fail) {
    const integrity: Transform[] = [];
    for (const transform of wanted) {
      if (transform.type === TransformType.INTEG) integrity.push(transform);
      const gmac = transform.id === EncryptionId.NULL_AES_GMAC && GMAC.get(transform.keyLength);
      if (transform.type === TransformType.ENCR && gmac)
        integrity.push({ type: TransformType.INTEG, id: gmac });
    }
    if (integrity.length === 0) fail('an integrity algorithm is missing, for example sha256');
    return [...integrity, ...keyExchangesOf(wanted), ...sequenceNumbersOf(wanted)];
  },
};

const GMAC: ReadonlyMap<number | undefined, number> = new Map([
  [128, IntegrityId.AES_128_GMAC],
  [192, IntegrityId.AES_192_GMAC],
  [256, IntegrityId.AES_256_GMAC],
]);

function onlyAeads(encryption: readonly Transform[], fail: (reason: string) => never): boolean {
  const combined = encryption.filter(({ id }) => isAead(id));
  if (combined.length > 0 && combined.length < encryption.length)
    fail('combined-mode (AEAD) and classic encryption algorithms need separate proposals');
  return combined.length > 0;
}

function prfsOfIntegrity(integrity: readonly Transform[]): Transform[] {
  const ids = new Set<number>();
  for (const { id } of integrity) {
    const prf = PRF_OF_INTEGRITY.get(id);
    if (prf !== undefined) ids.add(prf);
  }
  return [...ids].map((id) => ({ type: TransformType.PRF, id }));
}

// Ciphers and integrity of ESP and AH run in the kernel, which says itself whether it has them.
function hasProvider(
  kind: ProposalKind,
  { type, id, keyLength }: Transform,
  crypto: Crypto,
): boolean {
  if (isKeyExchangeType(type))
    return id === KeMethod.KE_NONE || crypto.keyExchange(id) !== undefined;
  if (kind !== 'ike') return true;
  if (type === TransformType.PRF) return crypto.prf(id) !== undefined;
  if (type === TransformType.INTEG) return crypto.mac(id) !== undefined;
  if (type === TransformType.ENCR)
    return crypto.aead(id, keyLength) !== undefined || crypto.cipher(id, keyLength) !== undefined;
  return true;
}

function unknownKeyword(keyword: string, crypto: Crypto): string {
  const usable = [...PROPOSAL_KEYWORDS]
    .filter(([, transform]) => hasProvider('ike', transform, crypto))
    .map(([name]) => name);
  const guess = didYouMean(keyword, [...usable, ...PROPOSAL_KEYWORDS.keys()]);
  return guess === undefined
    ? `unknown algorithm '${keyword}', known are ${usable.join(', ')}`
    : `unknown algorithm '${keyword}', did you mean '${guess}'?`;
}

function unsupported(keyword: string | undefined, transform: Transform, crypto: Crypto): string {
  const group = isKeyExchangeType(transform.type) ? TransformType.KE : transform.type;
  const available = [...PROPOSAL_KEYWORDS]
    .filter(([, t]) => t.type === group && hasProvider('ike', t, crypto))
    .map(([name]) => name);
  const named = keyword === undefined ? '' : `'${keyword}' `;
  return `algorithm ${named}(${printTransform(transform)}) is not provided by any crypto plugin, available are ${available.join(', ')}`;
}
