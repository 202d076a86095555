import { describe, expect, test } from 'vitest';
import { parseConnection } from '../../../daemon/config/connection.ts';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { SectionMemo } from '../../../daemon/config/section-memo.ts';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import cryptoNode from '../../../plugins/crypto-node/plugin.ts';

/** Algorithms nobody has read anything for: whatever is read is read for the first time. */
const fresh = () => createCrypto([cryptoNode.crypto?.()].filter((one) => one !== undefined));
const remembering = fresh();

interface Peer {
  readonly top?: Tree;
  readonly local?: Tree;
  readonly remote?: Tree;
  readonly child?: Tree;
}

const tree = ({ top = [], local = [], remote = [], child = [] }: Peer): Tree => [
  ...top,
  section('local', [value('auth', 'psk'), ...local]),
  section('remote', [value('auth', 'psk'), ...remote]),
  section('children', [section('net', [value('mode', 'tunnel'), ...child])]),
];

const read = (name: string, peer: Peer, crypto = remembering): ConnectionConfig =>
  parseConnection(name, tree(peer), { crypto }).config;

describe('what connections have in common is read once', () => {
  const peers: readonly Peer[] = [
    {},
    { top: [value('remote_addrs', '192.0.2.1')] },
    { top: [value('remote_addrs', '192.0.2.2'), value('local_addrs', '192.0.2.9')] },
    { top: [list('vips', ['0.0.0.0', '::'])] },
    { top: [value('dpd_delay', '30s')] },
    { remote: [value('id', 'sun')] },
    { remote: [value('id', 'moon')], local: [value('id', 'sun')] },
    { remote: [value('id', '')] },
    { remote: [value('id', 'fqdn:^su.$')] },
    { child: [value('local_ts', '10.0.0.0/8,10.1.0.0/16')] },
    { child: [list('remote_ts', ['10.2.0.0/16', 'dynamic[tcp/80]'])] },
    { child: [value('rekey_time', '1h'), value('remote_ts', '10.3.0.0/16')] },
    { child: [list('esp_proposals', ['aes256-sha256', 'aes128gcm16'])] },
  ];

  test('and what is read is what a first reading gives, in whatever order', () => {
    for (const order of [peers, peers.toReversed(), peers]) {
      for (const [i, peer] of order.entries())
        expect(read(`gw${i}`, peer)).toEqual(read(`gw${i}`, peer, fresh()));
    }
  });

  test('equal parts are one value', () => {
    const [a, b] = [
      read('a', { remote: [value('id', 'x')], child: [value('local_ts', '10.9.0.0/16')] }),
      read('b', { remote: [value('id', 'y')], child: [value('local_ts', '10.9.0.0/16')] }),
    ];
    expect(a.local[0]).toBe(b.local[0]);
    expect(a.proposals).toBe(b.proposals);
    expect(a.children.get('net')?.localTs).toBe(b.children.get('net')?.localTs);
    expect(a.remote[0]?.id).not.toEqual(b.remote[0]?.id);
  });

  test.each<readonly [string, Peer, RegExp]>([
    ['an address', { top: [value('remote_addrs', '192.0.2.300')] }, /^invalid value for: remote_a/],
    ['an identity', { remote: [value('id', '@#xy')] }, /^invalid value for: id/],
    ['a network', { child: [value('remote_ts', '10.0.0.0/33')] }, /^invalid value for: remote_ts/],
    // One item, not two.
    ['a list', { child: [list('local_ts', ['10.0.0.0/8,10.1.0.0/16'])] }, /local_ts/],
    ['a key', { child: [value('remote', 'x')] }, /^unknown option: remote/],
  ])('a mistake in %s is found although all else is known', (_what, peer, message) => {
    for (const one of peers) read('gw', one);
    expect(() => read('gw', peer)).toThrow(message);
  });

  test('warnings come each time', () => {
    const soft: Peer = { child: [value('rekey_time', '1h'), value('life_time', '1s')] };
    for (let i = 0; i < 3; i++)
      expect(parseConnection('gw', tree(soft), { crypto: remembering }).warnings).toHaveLength(1);
  });
});

test('no two sections have one text', () => {
  const memo = SectionMemo.of(remembering);
  const texts = [
    [value('a', 'b'), value('c', 'd')],
    [value('a', 'bc=1:d')],
    [list('a', ['b', 'c'])],
    [list('a', ['b:1:c'])],
    [list('a', []), value('b', 'c')],
    [value('c', 'd'), value('a', 'b')],
  ].map((entries) => memo.split(entries, new Set()).common);
  expect(new Set(texts).size).toBe(texts.length);
  expect(memo.split([value('a', 'x'.repeat(5000))], new Set()).common).toBeUndefined();
});

test.each(['local_ts', 'remote_ts'])(
  'an empty item of %s is a mistake, also after a list of none',
  (key) => {
    const crypto = fresh();
    const of = (...items: readonly string[]) => read('a', { child: [list(key, items)] }, crypto);
    expect(() => of('')).toThrow(`invalid value for: ${key}`);
    of();
    expect(() => of('')).toThrow(`invalid value for: ${key}`);
  },
);
