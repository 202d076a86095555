import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ParsedConnection, parseConnection } from '../../../daemon/config/connection.ts';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { ConnectionTemplates } from '../../../daemon/vici/connection-templates.ts';
import { decodeMessage, encodeMessage } from '../../../daemon/vici/message.ts';
import { sectionTexts } from '../../../daemon/vici/section-texts.ts';
import cryptoNode from '../../../plugins/crypto-node/plugin.ts';
import { testCrypto } from '../../support/vici.ts';

/** Algorithms nobody has read anything for. */
const fresh = () => createCrypto([cryptoNode.crypto?.()].filter((one) => one !== undefined));

const encoded = (name: string, tree: Tree): Uint8Array => encodeMessage([section(name, tree)]);

/** What a whole reading gives; nothing if it is refused. */
function whole(octets: Uint8Array): ParsedConnection | undefined {
  const { tree, broken } = decodeMessage(octets);
  const [entry] = tree;
  if (broken || tree.length !== 1 || entry?.kind !== 'section') return undefined;
  try {
    return parseConnection(entry.name, entry.entries, { crypto: testCrypto });
  } catch {
    return undefined;
  }
}

/** Reads as `load-conn` does, and checks what comes of a template against a whole reading. */
function checked(templates: ConnectionTemplates, octets: Uint8Array): ConnectionConfig | undefined {
  const [only, ...more] = sectionTexts(octets, 0, testCrypto) ?? [];
  if (only === undefined || more.length > 0) return undefined;
  const expected = whole(octets);
  const config = templates.read(only.name, octets);
  if (config !== undefined) expect(config).toEqual(expected?.config);
  else if (expected?.warnings.length === 0) templates.remember(octets, expected.config);
  return config;
}

const peer = (index: number, more: { top?: Tree; remote?: Tree; child?: Tree } = {}): Tree => [
  value('remote_addrs', `192.0.2.${index}`),
  ...(more.top ?? []),
  section('local', [value('auth', 'psk'), value('id', 'gw')]),
  section('remote', [value('auth', 'psk'), value('id', `user${index}`), ...(more.remote ?? [])]),
  section('children', [
    section(`net${index}`, [list('remote_ts', [`10.0.${index}.0/24`]), ...(more.child ?? [])]),
  ]),
];

describe('a connection like one that was read', () => {
  test('is read by its names, addresses, identities and selectors', () => {
    const templates = ConnectionTemplates.of(fresh());
    expect(checked(templates, encoded('a', peer(1)))).toBeUndefined();
    const config = checked(templates, encoded('b', peer(2)));
    expect(config?.name).toBe('b');
    expect(config?.remote[0]?.id?.data).toEqual(Uint8Array.from(Buffer.from('user2')));
    expect([...(config?.children.keys() ?? [])]).toEqual(['net2']);
  });

  test('shares what it has in common with it', () => {
    const templates = ConnectionTemplates.of(fresh());
    checked(templates, encoded('a', peer(1)));
    const [b, c] = [2, 3].map((index) => checked(templates, encoded('x', peer(index))));
    expect(b?.local).toBe(c?.local);
    expect(b?.proposals).toBe(c?.proposals);
  });

  test.each<readonly [string, Tree]>([
    ['another key', peer(2, { top: [value('dpd_delay', '30s')] })],
    ['another key of a round', peer(2, { remote: [value('round', '2')] })],
    ['another key of a child', peer(2, { child: [value('mode', 'transport')] })],
    ['a list for a text', peer(2, { child: [list('local_ts', ['dynamic'])] })],
    ['another section', [...peer(2), section('remote-2', [value('auth', 'psk')])]],
    ['a mistake in an address', [value('remote_addrs', '192.0.2.300'), ...peer(2).slice(1)]],
    ['no child', peer(2).slice(0, 3)],
  ])('with %s is not', (_what, tree) => {
    const templates = ConnectionTemplates.of(fresh());
    checked(templates, encoded('a', peer(1)));
    expect(checked(templates, encoded('b', tree))).toBeUndefined();
  });

  test.each<readonly [string, Tree]>([
    ['a part given twice', peer(1, { child: [list('remote_ts', ['10.9.0.0/24'])] })],
    ['two rounds', [...peer(1), section('remote-2', [value('auth', 'psk')])]],
    ['proof of nothing', [section('remote', [value('auth', 'null')])]],
    [
      'two children of one name',
      [section('children', [section('n', []), section('n', [value('mode', 'beet')])])],
    ],
    ['more than is worth it', peer(1, { child: [value('updown', 'x'.repeat(2100))] })],
  ])('is always read whole with %s', (_what, tree) => {
    const templates = ConnectionTemplates.of(fresh());
    for (let i = 0; i < 3; i++) {
      expect(whole(encoded('a', tree))).toBeDefined();
      expect(checked(templates, encoded('a', tree))).toBeUndefined();
    }
  });

  test('has the last of children of one name, each like the one in its place', () => {
    const templates = ConnectionTemplates.of(fresh());
    const three = (...names: readonly string[]): Tree => [
      section(
        'children',
        names.map((name, i) => section(name, [value('reqid', i + 1)])),
      ),
    ];
    checked(templates, encoded('a', three('x', 'y', 'z')));
    const config = checked(templates, encoded('b', three('x', 'x', 'z')));
    expect([...(config?.children.values() ?? [])].map(({ reqid }) => reqid)).toEqual([2, 3]);
  });

  test('without a name is refused by whoever reads it whole', () => {
    const templates = ConnectionTemplates.of(fresh());
    checked(templates, encoded('a', peer(1)));
    expect(templates.read('', encoded('', peer(1)))).toBeUndefined();
  });
});

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const listed = (key: string, ...items: readonly string[]): fc.Arbitrary<TreeEntry> =>
  fc.oneof(
    fc.array(oneOf(...items), { maxLength: 3 }).map((some) => list(key, some)),
    fc.array(oneOf(...items), { maxLength: 3 }).map((some) => value(key, some.join(', '))),
  );
const top = fc.oneof(
  listed('local_addrs', '192.0.2.1', '%any', '2001:db8::/32', 'gw.example'),
  listed('remote_addrs', '192.0.2.2', '192.0.2.300', '192.0.2.1-192.0.2.9'),
  listed('vips', '0.0.0.0', '::', 'x'),
  oneOf(value('dpd_delay', '30s'), value('unknown', 'x'), value('vip', '::'), list('vips', [])),
);
const round = fc.array(
  oneOf(
    ...['a', 'b', '', '%any', 'fqdn:^a.$', '@#xy', '@#0a', 'C=CH, CN=a', '\u00e4'].map((id) =>
      value('id', id),
    ),
    list('id', ['a']),
    value('auth', 'psk'),
    value('groups', 'x'),
  ),
  { maxLength: 2 },
);
const child = fc.array(
  fc.oneof(
    listed('local_ts', '10.0.0.0/8', 'dynamic[tcp/80]', '10.0.0.0/33'),
    listed('remote_ts', '10.1.0.0/16', 'dynamic', '10.0.0.1-10.0.0.9'),
    oneOf(value('mode', 'tunnel'), value('rekey_time', '1h'), value('life_time', '1s')),
  ),
  { maxLength: 3 },
);
const connection: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.array(top, { maxLength: 3 }),
    round,
    round,
    fc.array(
      fc.tuple(oneOf('n', 'm', '\u00e4', ''), child).map(([name, keys]) => section(name, keys)),
      { maxLength: 2 },
    ),
  )
  .map(([keys, local, remote, children]) => [
    ...keys,
    section('local', local),
    section('Remote-1', remote),
    section('children', children),
  ]);

describe('whatever comes, a template gives what a whole reading gives, or nothing', () => {
  test('for connections that are alike and not', () => {
    let filled = 0;
    fc.assert(
      fc.property(fc.array(connection, { minLength: 2, maxLength: 6 }), (trees) => {
        const templates = ConnectionTemplates.of(fresh());
        for (const tree of [...trees, ...trees])
          if (checked(templates, encoded('gw', tree)) !== undefined) filled++;
      }),
      { numRuns: 300 },
    );
    expect(filled).toBeGreaterThan(100);
  });

  test('for octets that were changed', () => {
    const templates = ConnectionTemplates.of(fresh());
    const sample = encoded('gw', peer(1));
    checked(templates, sample);
    fc.assert(
      fc.property(
        fc.nat(sample.length - 1),
        fc.oneof(fc.nat(255), oneOf(0, 1, 2, 3, 4, 5, 6)),
        (at, octet) => {
          const changed = sample.slice();
          changed[at] = octet;
          checked(templates, changed);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
