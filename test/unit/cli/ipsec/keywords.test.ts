import { expect, test } from 'vitest';
import { convertConf } from '../../../../daemon/cli/ipsec/conn-sections.ts';
import { readIpsecConf } from '../../../../daemon/cli/ipsec/ipsec-conf.ts';
import { DEPRECATED, IKEV1_ONLY, KEYWORDS } from '../../../../daemon/cli/ipsec/keywords.ts';
import { ConfNode, type ConfSection } from '../../../../daemon/config/conf-tree.ts';
import { parseConnection } from '../../../../daemon/config/connection.ts';
import { CA, CONN, SETUP } from '../../../support/ipsec-keywords.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';
import { swanctlTree } from '../../../support/swanctl-tree.ts';
import { testCrypto } from '../../../support/vici.ts';

/** Keywords that nothing in a section of swanctl.conf corresponds to, and what is said of them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  charondebug: 'levels of the log that the daemon is started with',
  cachecrls: 'a warning that names charon.cache_crls',
  dpdtimeout: 'a warning: IKEv1 only',
  auto: 'of a ca: whether it is loaded',
};

const BASE = ['auto=add', 'left=192.0.2.1', 'right=192.0.2.9'];
const HOST = { folder: '/etc/ipsec.d', isOwnAddress: (address: string) => address === '192.0.2.1' };

/** The sections of a configuration by the short names used above. */
function sections(text: string): (path: string) => string | undefined {
  const files = new OperatorMemoryFiles({ '/etc/ipsec.conf': text });
  const { connections, pools, authorities } = convertConf(
    readIpsecConf('/etc/ipsec.conf', files),
    HOST,
  );
  const conn = connections.sections.get('a');
  const known: Readonly<Record<string, ConfSection | undefined>> = {
    conn,
    child: conn?.sections.get('children')?.sections.get('a'),
    pool: [...pools.sections.values()][0],
    ca: authorities.sections.get('a'),
  };
  return (path) => {
    const [name = '', key = ''] = path.split('.');
    const section = known[name] ?? conn?.sections.get(name);
    return section?.values.get(key)?.text;
  };
}

function body(lines: string, base: readonly string[] = BASE): string {
  const given = lines.split('; ');
  const keywords = given.map((line) => line.split('=')[0]);
  const rest = base.filter((line) => !keywords.includes(line.split('=')[0]));
  return [...rest, ...given].map((line) => `  ${line}\n`).join('');
}

test.each(CONN)('conn: %s', (lines, expected) => {
  const at = sections(`conn a\n${body(lines)}`);
  for (const [path, text] of Object.entries(expected))
    expect([path, at(path)]).toEqual([path, text]);
});

test.each(SETUP)('config setup: %s', (lines, expected) => {
  const at = sections(`config setup\n${body(lines, [])}conn a\n${body('auto=add')}`);
  for (const [path, text] of Object.entries(expected))
    expect([path, at(path)]).toEqual([path, text]);
});

test.each(CA)('ca: %s', (lines, expected) => {
  const at = sections(`ca a\n${body(lines, ['auto=add', 'cacert=x.pem'])}`);
  for (const [path, text] of Object.entries(expected))
    expect([path, at(path)]).toEqual([path, text]);
});

test.each(CONN.filter(([lines]) => !lines.includes('eap')))('the daemon takes %s', (lines) => {
  const files = new OperatorMemoryFiles({ '/etc/ipsec.conf': `conn a\n${body(lines)}` });
  const { connections } = convertConf(readIpsecConf('/etc/ipsec.conf', files), HOST);
  const certificate = { fingerprint: '', der: new Uint8Array() };
  const credentials = {
    certificate: () => ({ ok: true, value: certificate }) as never,
    publicKey: (blob: Uint8Array) => ({ ok: true, value: blob }) as const,
  };
  const section = connections.sections.get('a');
  if (section === undefined) throw new Error('no connection');
  const tree = swanctlTree(ConfNode.of(section));
  expect(() => parseConnection('a', tree, { crypto: testCrypto, credentials })).not.toThrow();
});

test('nothing of ipsec.conf(5) is left out above', () => {
  const tried = (rows: typeof CONN): string[] =>
    rows.flatMap(([lines]) => lines.split('; ').map((line) => line.split('=')[0] ?? ''));
  const missing = (kind: keyof typeof KEYWORDS, rows: typeof CONN): readonly string[] => {
    const named = new Set(tried(rows));
    // sides are alike: what one of them has shown need not be shown for the other
    const other = (word: string): string =>
      word.startsWith('left') ? `right${word.slice(4)}` : `left${word.slice(5)}`;
    return [...KEYWORDS[kind].keys()].filter(
      (word) =>
        !named.has(word) &&
        !(/^(left|right)/.test(word) && named.has(other(word))) &&
        !Object.hasOwn(ELSEWHERE, word),
    );
  };
  expect(missing('conn', CONN)).toEqual([]);
  expect(missing('config', SETUP)).toEqual([]);
  expect(missing('ca', CA)).toEqual([]);
});

test.each([...IKEV1_ONLY.keys()])('%s belongs to IKEv1: refused with its place', (word) => {
  expect(() => sections(`conn a\n  auto=add\n  ${word}=something\n`)).toThrow(
    `/etc/ipsec.conf:3:3: '${word}' belongs to IKEv1`,
  );
});

test.each([
  ['keyexchange=ikev1', 'keyexchange: found ikev1'],
  ['authby=xauthpsk', "authby: found 'xauthpsk', which belongs to IKEv1"],
  ['authby=xauthrsasig', "authby: found 'xauthrsasig', which belongs to IKEv1"],
  ['rightauth2=xauth-generic', "rightauth2: found 'xauth-generic', which belongs to IKEv1"],
  ['authby=never', 'authby: found never, which goes with type=passthrough or type=drop only'],
  ['leftsigkey=dns:0sAA==', 'leftsigkey: found a key that is none'],
])('%s is refused with its place', (line, message) => {
  expect(() => sections(`conn a\n  auto=add\n  ${line}\n`)).toThrow(
    `/etc/ipsec.conf:3:3: ${message}`,
  );
});

test('IKEv1 keywords that ask for nothing, and those that had a meaning once, are warned of', () => {
  const harmless = [...IKEV1_ONLY].flatMap(([word, text]) =>
    text === undefined ? [] : `${word}=${text}`,
  );
  const lines = [...harmless, ...[...DEPRECATED].map((word) => `${word}=x`)];
  const text = `conn a\n  auto=ignore\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const { warnings } = readIpsecConf('/c', new OperatorMemoryFiles({ '/c': text }));
  expect(warnings).toHaveLength(lines.length);
  expect(warnings[0]).toBe("/c:3:3: 'aggressive' is deprecated and has no effect");
});

test('without rightid the peer must be who has its address; anybody only where its address is anybody', () => {
  const id = (lines: string): string | undefined => sections(`conn a\n${body(lines)}`)('remote.id');
  expect(id('auto=add')).toBe('192.0.2.9');
  expect(id('right=peer.example.org')).toBe('peer.example.org');
  expect(id('right=%any')).toBeUndefined();
  expect(id('right=10.0.0.0/8')).toBeUndefined();
  expect(id('right=10.0.0.1-10.0.0.9')).toBeUndefined();
  expect(id('rightcert=sun.pem')).toBeUndefined();
});
