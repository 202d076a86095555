import { expect, test } from 'vitest';
import { readIpsecSecrets } from '../../../../daemon/cli/ipsec/ipsec-secrets.ts';
import { parseTarget } from '../../../../daemon/cli/ipsec/target.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';

const read = (text: string, more: Readonly<Record<string, string>> = {}) =>
  readIpsecSecrets('/s', new OperatorMemoryFiles({ '/s': text, ...more }));

const shown = (text: string, more?: Readonly<Record<string, string>>) =>
  read(text, more).secrets.map(({ type, selectors, data, file }) => [
    type,
    selectors,
    data === undefined ? undefined : new TextDecoder().decode(data),
    file,
  ]);

test('secrets of all types', () => {
  expect(
    shown(
      [
        '# a comment',
        'moon @sun : PSK "with # and  blanks"  # behind',
        ": PSK 'single'",
        ': PSK 0x616263',
        'carol : EAP 0sYWJj',
        '"C=CH, CN=x" %any : PSK bare',
        ': RSA key.pem',
        ': P12 box.p12 %prompt',
        ': ecdsa e.pem "pass"',
      ].join('\n'),
    ),
  ).toEqual([
    ['PSK', ['moon', '@sun'], 'with # and  blanks', undefined],
    ['PSK', [], 'single', undefined],
    ['PSK', [], 'abc', undefined],
    ['EAP', ['carol'], 'abc', undefined],
    ['PSK', ['C=CH, CN=x', '%any'], 'bare', undefined],
    ['RSA', [], undefined, 'key.pem'],
    ['P12', [], undefined, 'box.p12'],
    ['ECDSA', [], 'pass', 'e.pem'],
  ]);
});

test('what there is none of here is an entry like any other, so that the rest counts', () => {
  const { secrets, problem } = read(': PIN %smartcard:50 1234\n: BLISS key.der\n: PSK x\n');
  expect(secrets.map(({ type }) => type)).toEqual(['PIN', 'BLISS', 'PSK']);
  expect(problem).toBeUndefined();
});

test('files are included by pattern, relative to the one that names them, in order of their names', () => {
  const more = {
    '/d/b.secrets': ': PSK b\n',
    '/d/a.secrets': ': PSK a\ninclude inner\n',
    '/d/inner': ': PSK in\n',
    '/d/c.other': ': PSK no\n',
  };
  const files = new OperatorMemoryFiles({ '/d/s': 'include *.secrets\n: PSK z\n', ...more });
  const { secrets } = readIpsecSecrets('/d/s', files);
  expect(secrets.map(({ data }) => new TextDecoder().decode(data))).toEqual(['a', 'in', 'b', 'z']);
});

test('files that include each other are an error, not an endless loop', () => {
  const { problem } = read('include /s\n');
  expect(problem?.message).toContain("'/s' is included by itself");
});

test('included files', () => {
  expect(
    shown('include /more\n: PSK b\n', { '/more': ': PSK a\n' }).map(([, , data]) => data),
  ).toEqual(['a', 'b']);
});

test.each([
  ['a:PSK x', "/s:2:1: no ' : ' between identities and secret"],
  [': FOO x', '/s:2:1: no type behind the colon, expected one of PSK'],
  [': PSK', '/s:2:1: PSK without a value'],
  [': PSK "x', '/s:2:1: a quote without its end'],
  [': PSK 0xzz', '/s:2:1: a secret that is neither hexadecimal nor base64'],
])('%j ends the reading, what came before counts, and no secret is told', (line, message) => {
  const { secrets, problem } = read(`: PSK first\n${line}\n: PSK never\n`);
  expect(secrets).toHaveLength(1);
  expect(problem?.message).toContain(message);
});

test.each([
  ['name', { kind: 'ike', name: 'name', which: 'first' }],
  ['name[]', { kind: 'ike', name: 'name', which: 'first' }],
  ['name[7]', { kind: 'ike', name: 'name', which: 7 }],
  ['[7]', { kind: 'ike', name: '', which: 7 }],
  ['name[*]', { kind: 'ike', name: 'name', which: 'all' }],
  ['name{}', { kind: 'child', name: 'name', which: 'first' }],
  ['name{3}', { kind: 'child', name: 'name', which: 3 }],
  ['name{*}', { kind: 'child', name: 'name', which: 'all' }],
])('target %s', (text, target) => {
  expect(parseTarget(text)).toEqual(target);
});

test.each(['', '[]', '{*}', 'name[3', 'name{3]', 'name[x]', 'a[1][2]'])('no target: %j', (text) => {
  expect(parseTarget(text)).toBeUndefined();
});
