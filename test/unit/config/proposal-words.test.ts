import { expect, test } from 'vitest';
import { PROPOSAL_KEYWORDS } from '../../../daemon/config/proposal-keywords.ts';
import {
  nameOfPurpose,
  wordOfTransform,
  wordsOfProposal,
} from '../../../daemon/config/proposal-words.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { TransformType } from '../../../daemon/proto/iana/transforms.ts';
import { simCrypto } from '../../sim/world.ts';

test.each([
  ['ike', 'aes256-sha256-ecp256'],
  ['ike', 'aes128gcm16-prfsha384-x25519'],
  ['ike', 'aes128-aes256-sha1-sha512-prfsha384-modp2048-modp3072'],
  ['ike', 'aes256gcm16-prfsha256-x25519-ke1_mlkem768-ke2_ecp384'],
  ['esp', 'aes128gcm16'],
  ['esp', 'aes128-sha256-x25519-esn'],
  ['esp', 'chacha20poly1305-noesn-esn'],
] as const)('%s %s reads back as the same', (protocol, text) => {
  const parse = (words: string) => parseProposals(protocol, [words], simCrypto());
  const [proposal] = parse(text);
  if (proposal === undefined) throw new TypeError('nothing parsed');
  expect(parse(wordsOfProposal(proposal))).toEqual([proposal]);
});

test('every keyword stands for what its transform is written as', () => {
  for (const [, transform] of PROPOSAL_KEYWORDS) {
    expect(PROPOSAL_KEYWORDS.get(wordOfTransform(transform))).toEqual(transform);
  }
});

test('what has no keyword is printed by its name or number', () => {
  expect(wordOfTransform({ type: TransformType.KE, id: 60_000 })).toBe('(60000)');
  expect(nameOfPurpose(TransformType.ADDKE1 + 1)).toBe('additional key exchange 2');
  expect(nameOfPurpose(TransformType.ENCR)).toBe('encryption');
});
