import {
  isAdditionalKe,
  nameOfTransformType,
  SnId,
  TransformType,
} from '../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../proto/proposal.ts';
import { printTransform } from '../proto/proposal-print.ts';
import { PRF_OF_INTEGRITY, PROPOSAL_KEYWORDS } from './proposal-keywords.ts';

/** Keywords that leave something out, or are the older one of two. */
const SHORTHANDS: ReadonlySet<string> = new Set([
  'aes',
  'sha',
  'blowfish',
  'camellia',
  'serpent',
  'twofish',
  'curve25519',
  'curve448',
]);

const WORDS: ReadonlyMap<string, string> = new Map(
  [...PROPOSAL_KEYWORDS]
    .filter(([keyword]) => !SHORTHANDS.has(keyword))
    .reverse()
    .map(([keyword, transform]) => [keyOf(transform), keyword]),
);

function keyOf({ type, id, keyLength }: Transform): string {
  return `${type} ${id} ${keyLength ?? ''}`;
}

/** A transform as it is written in a configuration: `aes128`, `ke1_mlkem768`; by its printed name if it has no keyword. */
export function wordOfTransform(transform: Transform): string {
  const { type, id } = transform;
  if (!isAdditionalKe(type)) return WORDS.get(keyOf(transform)) ?? printTransform(transform);
  const method = WORDS.get(keyOf({ type: TransformType.KE, id }));
  const number = type - TransformType.ADDKE1 + 1;
  return method === undefined ? printTransform(transform) : `ke${number}_${method}`;
}

const ORDER = [
  TransformType.ENCR,
  TransformType.INTEG,
  TransformType.PRF,
  TransformType.KE,
  ...[0, 1, 2, 3, 4, 5, 6].map((n) => TransformType.ADDKE1 + n),
  TransformType.SN,
];

/**
 * A proposal as it is written in a configuration: `aes256-sha256-ecp256`. A PRF is left out where it follows from the integrity
 * algorithm, sequence numbers where they are the ordinary ones.
 */
export function wordsOfProposal({ transforms }: Proposal): string {
  const implied = new Set<number | undefined>(
    transforms
      .filter(({ type }) => type === TransformType.INTEG)
      .map(({ id }) => PRF_OF_INTEGRITY.get(id)),
  );
  const extended = transforms.some(
    ({ type, id }) => type === TransformType.SN && id !== SnId.NO_EXT_SEQ,
  );
  return ORDER.flatMap((type) => transforms.filter((transform) => transform.type === type))
    .filter(({ type, id }) => type !== TransformType.PRF || !implied.has(id))
    .filter(({ type, id }) => type !== TransformType.SN || id !== SnId.NO_EXT_SEQ || extended)
    .map(wordOfTransform)
    .join('-');
}

/** What a transform type is for, in words: `key exchange`. */
export function nameOfPurpose(type: number): string {
  if (isAdditionalKe(type)) return `additional key exchange ${type - TransformType.ADDKE1 + 1}`;
  return PURPOSES.get(type) ?? nameOfTransformType(type);
}

const PURPOSES: ReadonlyMap<number, string> = new Map<number, string>([
  [TransformType.ENCR, 'encryption'],
  [TransformType.INTEG, 'integrity'],
  [TransformType.PRF, 'pseudo-random function'],
  [TransformType.KE, 'key exchange'],
  [TransformType.SN, 'sequence numbers'],
]);
