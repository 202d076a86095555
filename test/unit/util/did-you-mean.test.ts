import { expect, test } from 'vitest';
import { didYouMean } from '../../../daemon/util/did-you-mean.ts';

test.each([
  ['modp2084', ['modp1024', 'modp2048'], 'modp2048'],
  ['AES128', ['aes256', 'aes128'], 'aes128'],
  ['remote_addr', ['local_addrs', 'remote_addrs'], 'remote_addrs'],
  ['aes125', ['aes128', 'aes129'], 'aes128'],
  ['foo', ['bar', 'quux'], undefined],
  ['ab', ['cd'], undefined],
  ['completely', ['different'], undefined],
  ['', [], undefined],
])('%s among %j', (word, candidates, expected) => {
  expect(didYouMean(word, candidates)).toBe(expected);
});
