import { describe, expect, test } from 'vitest';
import { parseConnection } from '../../../daemon/config/connection.ts';
import { childKeys, diffConnection, sameIkePart } from '../../../daemon/config/connection-diff.ts';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { KEY_STATUS } from '../../../daemon/config/feature-status.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { childConfig, connectionConfig } from '../../support/connections.ts';
import { testCrypto } from '../../support/vici.ts';

const parse = (...tree: TreeEntry[]): ConnectionConfig =>
  parseConnection('gw', tree, { crypto: testCrypto }).config;
const net = (...keys: TreeEntry[]): TreeEntry => section('children', [section('net', keys)]);
const diff = (before: Tree, after: Tree) => diffConnection(parse(...before), parse(...after));

/** Another value than the default for every key that there is, by the section it stands in. */
const CONNECTION: Tree = [
  list('local_addrs', ['192.0.2.1']),
  list('remote_addrs', ['192.0.2.2']),
  value('local_port', '4501'),
  value('remote_port', '4502'),
  list('proposals', ['aes256-sha256-modp2048']),
  list('vips', ['0.0.0.0']),
  value('dscp', '000001'),
  value('encap', 'yes'),
  value('mobike', 'no'),
  value('dpd_delay', '30'),
  value('fragmentation', 'no'),
  value('childless', 'never'),
  value('send_certreq', 'no'),
  value('send_cert', 'always'),
  value('ocsp', 'never'),
  value('ppk_id', 'ppk@example'),
  value('ppk_required', 'yes'),
  value('keyingtries', '3'),
  value('unique', 'replace'),
  value('rand_time', '18'),
  list('pools', ['rw']),
  value('if_id_in', '5'),
  value('if_id_out', '6'),
];
const CHILD: Tree = [
  list('esp_proposals', ['aes256-sha256']),
  value('sha256_96', 'yes'),
  list('local_ts', ['10.1.0.0/16']),
  list('remote_ts', ['10.2.0.0/16']),
  value('life_time', '9999'),
  value('rekey_bytes', '100'),
  value('updown', '/bin/true'),
  value('hostaccess', 'yes'),
  value('mode', 'transport'),
  value('policies', 'no'),
  value('policies_fwd_out', 'yes'),
  value('dpd_action', 'trap'),
  value('start_action', 'trap'),
  value('close_action', 'start'),
  value('ipcomp', 'yes'),
  value('inactivity', '60'),
  value('reqid', '7'),
  value('priority', '8'),
  value('interface', 'eth0'),
  value('mark_in', '1'),
  value('mark_in_sa', 'yes'),
  value('mark_out', '2'),
  value('set_mark_in', '3'),
  value('set_mark_out', '4'),
  value('if_id_in', '5'),
  value('if_id_out', '6'),
  value('tfc_padding', '100'),
  value('replay_window', '64'),
  value('per_cpu_sas', 'yes'),
  value('hw_offload', 'auto'),
  value('copy_df', 'no'),
  value('copy_ecn', 'no'),
  value('copy_dscp', 'in'),
  value('icmp', 'yes'),
];

describe('what differs is named as in swanctl.conf', () => {
  test.each(CONNECTION.map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
    expect(diff([], [entry])).toEqual({ outcome: 'replaced', keys: [name], children: [] });
    expect(diff([entry], []).keys).toEqual([name]);
    expect(diff([entry], [entry]).outcome).toBe('unchanged');
  });

  test.each(CHILD.map((entry) => [entry.name, entry] as const))('child %s', (name, entry) => {
    const { outcome, keys, children } = diff([net()], [net(entry)]);
    expect([outcome, keys]).toEqual(['updated', []]);
    expect(children[0]?.keys).toContain(name);
    expect(diff([net(entry)], [net(entry)]).outcome).toBe('unchanged');
  });

  test('every name is a key that there is', () => {
    const connections = [connectionConfig('gw'), parse(...CONNECTION)] as const;
    const keys = diffConnection(...connections).keys.filter((key) => !key.includes('-1.'));
    expect(keys.length).toBeGreaterThanOrEqual(CONNECTION.length);
    for (const key of keys) expect([...KEY_STATUS.connection.keys()]).toContain(key);
    const child = parse(net(...CHILD)).children.get('net') ?? childConfig('net');
    const names = childKeys(childConfig('net'), child);
    expect(names.length).toBeGreaterThanOrEqual(CHILD.length);
    for (const key of names) expect([...KEY_STATUS.child.keys()]).toContain(key);
  });
});

describe('authentication', () => {
  const remote = (...keys: TreeEntry[]): TreeEntry => section('remote-1', keys);

  test('is named by round and key, never by value', () => {
    const before = [remote(value('auth', 'psk'), value('id', 'old@example'))];
    const after = [remote(value('auth', 'pubkey'), value('id', 'new@example'))];
    const found = diff(before, after);
    expect(found.keys).toEqual(['remote-1.auth', 'remote-1.id']);
    expect(JSON.stringify(found)).not.toContain('example');
  });

  test('a round more is named as a whole', () => {
    const second = section('remote-2', [value('auth', 'pubkey'), value('round', '2')]);
    expect(
      diff([remote(value('auth', 'pubkey'))], [remote(value('auth', 'pubkey')), second]).keys,
    ).toEqual(['remote-2']);
  });
});

test('other words for the same value change nothing', () => {
  const before = [
    value('rekey_time', '3600'),
    value('encap', 'yes'),
    net(value('life_time', '1h')),
  ];
  const after = [value('rekey_time', '1h'), value('encap', 'TRUE'), net(value('life_time', '60m'))];
  expect(diff(before, after)).toEqual({ outcome: 'unchanged', keys: [], children: [] });
});

test('times that follow from another one are named as well', () => {
  expect(diff([], [value('over_time', '17')]).keys).toEqual(['over_time', 'rand_time']);
});

test('children come, change, go and change places', () => {
  const children = (...names: string[]): TreeEntry =>
    section(
      'children',
      names.map((name) => section(name, [])),
    );
  expect(diff([children('a', 'b')], [children('b', 'c')])).toEqual({
    outcome: 'updated',
    keys: [],
    children: [
      { name: 'c', what: 'added', keys: [] },
      { name: 'a', what: 'removed', keys: [] },
    ],
  });
  expect(diff([children('a', 'b')], [children('b', 'a')])).toEqual({
    outcome: 'updated',
    keys: [],
    children: [],
  });
  expect(diffConnection(undefined, parse(children('a')))).toEqual({
    outcome: 'added',
    keys: [],
    children: [{ name: 'a', what: 'added', keys: [] }],
  });
});

test('the IKE part is everything but children', () => {
  expect(sameIkePart(parse(net()), parse())).toBe(true);
  expect(sameIkePart(parse(net()), parse(value('dpd_delay', '1')))).toBe(false);
});
