import { expect, test } from 'vitest';
import { isConcrete, localIdentity } from '../../../daemon/ike/identities.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { ip } from '../../support/selectors.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: true });

test.each([
  'moon.example.org',
  'alice@example.org',
  '10.42.0.1',
  '2001:db8:2a2a::1',
  'C=CH, O=Example, CN=moon',
  // The object identifier of an e-mail address begins with the octet of an asterisk.
  'C=CH, O=Example, E=moon@example.org',
  'keyid:2a2a',
  '@#2a',
  'a*b.example.org',
])('%s names one peer', (text) => {
  expect(isConcrete(id(text))).toBe(true);
});

test.each([
  '%any',
  '*',
  '*.example.org',
  '*@example.org',
  '10.42.0.0/16',
  '10.0.0.1-10.0.0.9',
  'C=CH, O=Example, CN=*',
])('%s stands for many', (text) => {
  expect(isConcrete(id(text))).toBe(false);
});

test('no identity stands for many', () => {
  expect(isConcrete(undefined)).toBe(false);
});

// A pattern never goes on the wire as an identity of ours.
test('we call ourselves what is configured, else what fits the pattern and was asked for, else our address', () => {
  const address = ip('192.0.2.1');
  const ours = id('192.0.2.1');
  const asked = id('moon.example.org');
  expect(localIdentity(id('moon.example.org'), address, undefined)).toEqual(asked);
  expect(localIdentity(undefined, address, undefined)).toEqual(ours);
  expect(localIdentity(id('%any'), address, undefined)).toEqual(ours);
  expect(localIdentity(id('*.example.org'), address, undefined)).toEqual(ours);
  expect(localIdentity(id('*.example.org'), address, asked)).toEqual(asked);
  expect(localIdentity(undefined, address, asked)).toEqual(ours);
  expect(localIdentity(id('%any'), address, asked)).toEqual(asked);
});
