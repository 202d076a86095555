import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { absoluteTime, relativeTime } from '../../../daemon/vici/time-text.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { ask, inner, type Plain, type RawClient, stream, ViciBench } from '../../support/vici.ts';

const psk = (id: string): Tree => [value('auth', 'psk'), value('id', id)];
const GW: Tree = [
  section('gw', [
    list('local_addrs', ['10.9.0.1']),
    list('remote_addrs', ['10.9.0.2']),
    list('proposals', ['aes128-sha256-x25519']),
    value('dpd_delay', '30s'),
    section('local', psk('node-a.example')),
    section('remote', psk('node-b.example')),
    section('children', [
      section('net', [
        list('local_ts', ['10.1.0.0/16']),
        list('remote_ts', ['10.2.0.0/16[tcp/http]']),
        list('esp_proposals', ['aes128gcm16']),
        value('life_time', '66m'),
      ]),
    ]),
  ]),
];

const no = (errmsg: string): Plain => [
  ['success', 'no'],
  ['errmsg', errmsg],
];
const YES: Plain = [['success', 'yes']];

test('each command has a file of its name', () => {
  const files = readdirSync('daemon/vici/commands').filter((file) => file !== 'table.ts');
  expect(COMMANDS.map((command) => `${command.name}.ts`).sort()).toEqual(files.sort());
});

test('version and stats', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  expect(await ask(client, 'version')).toEqual([
    ['daemon', 'charon'],
    ['version', '0.1.0'],
    ['sysname', 'Linux'],
    ['release', '6'],
    ['machine', 'x'],
  ]);
  const answer = await ask(client, 'stats');
  expect(answer.map(([key]) => key)).toEqual([
    'uptime',
    'workers',
    'queues',
    'scheduled',
    'ikesas',
    'plugins',
  ]);
  expect(answer[0]).toEqual([
    'uptime',
    [
      ['running', '3 seconds'],
      ['since', absoluteTime(Date.UTC(2026, 10, 21, 5, 54, 40))],
    ],
  ]);
  expect(answer[4]).toEqual([
    'ikesas',
    [
      ['total', '0'],
      ['half-open', '0'],
    ],
  ]);
});

test('times are told as the protocol does', () => {
  expect([0, 1, 120, 121, 7201, 172_801, 90_000].map((s) => relativeTime(s * 1000))).toEqual([
    '0 seconds',
    '1 second',
    '120 seconds',
    '2 minutes',
    '2 hours',
    '2 days',
    '25 hours',
  ]);
  expect(absoluteTime(new Date(2026, 10, 3, 5, 6, 7).getTime())).toBe('Nov 03 05:06:07 2026');
});

describe('connections', () => {
  test('are loaded, listed in the order of the protocol, unloaded', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await ask(client, 'load-conn', GW)).toEqual(YES);
    expect(bench.log.lines).toContain('added vici connection: gw');
    expect(await ask(client, 'get-conns')).toEqual([['conns', ['gw']]]);
    const auth = (id: string): Plain => [
      ['class', 'pre-shared key'],
      ['id', id],
      ['groups', []],
      ['cert_policy', []],
      ['certs', []],
      ['cacerts', []],
    ];
    expect(await stream(client, 'list-conns', 'list-conn')).toEqual([
      [
        [
          'gw',
          [
            ['local_addrs', ['10.9.0.1']],
            ['remote_addrs', ['10.9.0.2']],
            ['local_port', '500'],
            ['remote_port', '500'],
            ['version', 'IKEv2'],
            ['reauth_time', '0'],
            ['rekey_time', '14400'],
            ['unique', 'UNIQUE_NO'],
            [
              'proposals',
              [
                [
                  '0',
                  [
                    ['encr', ['AES_CBC_128']],
                    ['integ', ['HMAC_SHA2_256_128']],
                    ['prf', ['PRF_HMAC_SHA2_256']],
                    ['ke', ['CURVE_25519']],
                  ],
                ],
              ],
            ],
            ['dpd_delay', '30'],
            ['local-1', auth('node-a.example')],
            ['remote-1', auth('node-b.example')],
            [
              'children',
              [
                [
                  'net',
                  [
                    ['mode', 'TUNNEL'],
                    ['rekey_time', '3600'],
                    ['rekey_bytes', '0'],
                    ['rekey_packets', '0'],
                    ['dpd_action', 'none'],
                    ['close_action', 'none'],
                    [
                      'esp_proposals',
                      [
                        [
                          '0',
                          [
                            ['encr', ['AES_GCM_16_128']],
                            ['sn', ['NO_EXT_SEQ']],
                          ],
                        ],
                      ],
                    ],
                    ['ah_proposals', []],
                    ['local-ts', ['10.1.0.0/16']],
                    ['remote-ts', ['10.2.0.0/16[tcp/http]']],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ]);
    expect(await stream(client, 'list-conns', 'list-conn', [value('ike', 'other')])).toEqual([]);
    expect(await ask(client, 'unload-conn', [value('name', 'gw')])).toEqual(YES);
    expect(bench.log.lines).toContain('removed vici connection: gw');
    expect(await ask(client, 'unload-conn', [value('name', 'gw')])).toEqual(
      no("unload: connection 'gw' not found"),
    );
    expect(await ask(client, 'unload-conn')).toEqual(no('unload: missing connection name'));
  });

  test('several in one request are all loaded or none', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const answer = await ask(client, 'load-conn', [...GW, section('bad', [value('wrong', 'x')])]);
    expect(answer).toEqual(no('unknown option: wrong, config discarded'));
    expect(bench.control.store.size).toBe(0);
    expect(await ask(client, 'load-conn', [value('ignored', 'x')])).toEqual(YES);
  });

  test('that were loaded stay when a new form is refused', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', GW);
    expect((await ask(client, 'load-conn', [section('gw', [value('encap', 'x')])]))[0]).toEqual([
      'success',
      'no',
    ]);
    expect(bench.control.store.get('gw')?.dpdDelay).toBe(30);
  });
});

describe('shared secrets', () => {
  const load = (client: RawClient, ...entries: Tree): Promise<Plain> =>
    ask(client, 'load-shared', entries);

  test('are loaded, named and removed, and never told, SEC-86', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const secret = 'correct horse battery staple';
    const answer = await load(
      client,
      value('id', 'k'),
      value('type', 'IKE'),
      value('data', secret),
      list('owners', ['a', 'b']),
    );
    expect(answer).toEqual(YES);
    const id = (text: string) => parseIdentity(text, { allowRegex: false });
    const found = bench.keys.find('ike', id('a'), id('b'));
    expect(new TextDecoder().decode(found[0]?.data.bytes)).toBe(secret);
    expect(await ask(client, 'get-shared')).toEqual([['keys', ['k']]]);
    expect(await ask(client, 'unload-shared', [value('id', 'k')])).toEqual(YES);
    expect(await ask(client, 'unload-shared', [value('id', 'k')])).toEqual(YES);
    expect(await ask(client, 'unload-shared')).toEqual(no('unique identifier missing'));
    expect(await ask(client, 'get-shared')).toEqual([['keys', []]]);
    await load(client, value('type', 'xauth'), value('data', secret));
    expect(await ask(client, 'clear-creds')).toEqual(YES);
    expect(bench.keys.size).toBe(0);
    expect(bench.log.lines.join('\n')).not.toContain('horse');
  });

  test('that are short are warned about without being shown, SEC-42', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await load(client, value('id', 'weak'), value('type', 'ike'), value('data', 'swordfish'));
    const warnings = bench.log.lines.filter((line) => line.includes('can be guessed'));
    expect(warnings).toEqual([
      "IKE shared key 'weak' is shorter than 16 octets and can be guessed: use a random one of 32",
    ]);
    expect(bench.log.lines.join('\n')).not.toContain('swordfish');
  });

  test('with mistakes are refused with the reason', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await load(client, value('data', 'x'))).toEqual(no('shared key type missing'));
    expect((await load(client, value('type', 'rsa'), value('data', 'x')))[1]?.[1]).toContain(
      'invalid shared key type: rsa',
    );
    expect(await load(client, value('type', 'ike'))).toEqual(no('shared key data missing'));
    expect(await load(client, value('type', 'ike'), value('data', ''))).toEqual(
      no('shared key data missing'),
    );
    const bad = await load(
      client,
      value('type', 'ike'),
      value('data', 'geheim'),
      list('owners', ['fqdn:^((a$']),
    );
    expect(bad[1]?.[1]).toContain('parsing shared key owners failed');
    expect(JSON.stringify(bad)).not.toContain('geheim');
    expect(bench.keys.size).toBe(0);
  });
});

describe('initiate and terminate', () => {
  test('stream the log up to the level asked for', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', GW);
    bench.control.onInitiate = (progress) => {
      const ike = { name: 'gw', uniqueId: 1 };
      progress({ group: 'ike', level: 1, message: 'initiating', ike });
      progress({ group: 'net', level: 2, message: 'detail', ike });
      progress({ group: 'net', level: 3, message: 'octets' });
      return Promise.resolve({ ok: true });
    };
    expect(await stream(client, 'initiate', 'control-log', [value('child', 'net')])).toEqual([
      [
        ['group', 'IKE'],
        ['level', '1'],
        ['ikesa-name', 'gw'],
        ['ikesa-uniqueid', '1'],
        ['msg', 'initiating'],
      ],
    ]);
    expect(
      await stream(client, 'initiate', 'control-log', [value('ike', 'gw'), value('loglevel', '3')]),
    ).toHaveLength(3);
    expect(
      await stream(client, 'initiate', 'control-log', [value('ike', 'gw'), value('timeout', '-1')]),
    ).toEqual([]);
    await ask(client, 'initiate', [
      value('child', 'net'),
      value('timeout', 'abc'),
      value('init-limits', 'TRUE'),
    ]);
    expect(bench.control.initiated.at(-1)).toEqual({ child: 'net', timeout: 0, initLimits: true });
    await ask(client, 'initiate', [
      value('child', 'net'),
      value('ike', 'gw'),
      value('timeout', '0x10'),
    ]);
    expect(bench.control.initiated.at(-1)).toEqual({
      child: 'net',
      ike: 'gw',
      timeout: 16,
      initLimits: false,
    });
  });

  test('say what is missing', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await ask(client, 'initiate')).toEqual(no('missing configuration name'));
    expect(await ask(client, 'initiate', [value('child', 'x')])).toEqual(
      no("CHILD_SA config 'x' not found"),
    );
    expect(await ask(client, 'initiate', [value('ike', 'x')])).toEqual(
      no("IKE_SA config 'x' not found"),
    );
    expect(await ask(client, 'terminate')).toEqual(no('missing terminate selector'));
    expect(await ask(client, 'terminate', [value('force', 'yes'), value('ike-id', '0')])).toEqual(
      no('missing terminate selector'),
    );
    expect(await ask(client, 'terminate', [value('ike', 'x')])).toEqual([
      ['success', 'no'],
      ['matches', '0'],
      ['terminated', '0'],
      ['errmsg', 'no matching SAs to terminate found'],
    ]);
    bench.control.sas = [ikeSaView()];
    expect(
      await ask(client, 'terminate', [
        value('ike', 'gw'),
        value('force', '1'),
        value('timeout', '500'),
      ]),
    ).toEqual([
      ['success', 'yes'],
      ['matches', '1'],
      ['terminated', '1'],
    ]);
    expect(bench.control.terminated.at(-1)).toEqual({ ike: 'gw', force: true, timeout: 500 });
    expect(await ask(client, 'install')).toEqual(no('missing configuration name'));
    expect(await ask(client, 'install', [value('child', 'x')])).toEqual(
      no('configuration name not found'),
    );
    expect(await ask(client, 'uninstall')).toEqual(no('missing configuration name'));
    expect(await ask(client, 'uninstall', [value('child', 'x')])).toEqual(
      no("policy 'x' not found"),
    );
    expect(await ask(client, 'reload-settings')).toEqual(YES);
  });
});

test('redirect passes its selectors on and names what is wrong with them', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const gateway = value('gateway', '192.0.2.7');
  expect(await ask(client, 'redirect')).toEqual(no('missing target gateway'));
  for (const text of ['a@example.org', 'C=CH, O=x', '10.0.0.0/8', '300.1.1.1', '%any']) {
    expect(await ask(client, 'redirect', [value('gateway', text)])).toEqual(
      no('unsupported gateway identity'),
    );
  }
  expect(await ask(client, 'redirect', [gateway])).toEqual(no('missing redirect selector'));
  for (const text of ['gw.example.org', '10.0.0.0/33', '10.0.0.1-']) {
    expect(await ask(client, 'redirect', [gateway, value('peer-ip', text)])).toEqual(
      no('invalid peer IP selector'),
    );
  }
  expect(await ask(client, 'redirect', [gateway, value('peer-id', 'fqdn:^(x$')])).toEqual(
    no('invalid peer identity selector'),
  );
  expect(await ask(client, 'redirect', [gateway, value('child', 'net')])).toMatchObject([
    ['success', 'no'],
    ['errmsg', expect.stringContaining("unknown key 'child'")],
  ]);
  expect(await ask(client, 'redirect', [gateway, value('ike', 'x')])).toEqual([
    ['success', 'no'],
    ['matches', '0'],
    ['errmsg', 'no matching SAs to redirect found'],
  ]);
  const name = value('gateway', 'gw.example.org');
  const all = [value('ike', 'gw'), value('ike-id', '3'), value('peer-ip', '10.0.0.0/8')];
  expect(await ask(client, 'redirect', [name, ...all, value('peer-id', '*.example.org')])).toEqual([
    ['success', 'yes'],
    ['matches', '2'],
  ]);
  expect(bench.control.redirected.at(-1)).toMatchObject({
    gateway: { kind: 'name', text: 'gw.example.org' },
    ike: 'gw',
    ikeId: 3,
    peerIp: { kind: 'subnet', prefix: 8 },
    peerId: { type: 2 },
  });
});

test('rekey passes its selectors on and tells the matches', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  expect(await ask(client, 'rekey')).toEqual(no('missing rekey selector'));
  expect(await ask(client, 'rekey', [value('reauth', 'yes'), value('child-id', '0')])).toEqual(
    no('missing rekey selector'),
  );
  expect(await ask(client, 'rekey', [value('ike', 'x')])).toEqual([
    ['success', 'no'],
    ['matches', '0'],
    ['errmsg', 'no matching SAs to rekey found'],
  ]);
  bench.control.sas = [ikeSaView(), ikeSaView({ uniqueId: 2 })];
  expect(await ask(client, 'rekey', [value('ike', 'gw'), value('reauth', 'yes')])).toEqual([
    ['success', 'yes'],
    ['matches', '2'],
  ]);
  await ask(client, 'rekey', [value('child', 'net'), value('child-id', '0x10')]);
  expect(bench.control.rekeyed.slice(1)).toEqual([
    { ike: 'gw', reauth: true },
    { child: 'net', childId: 16, reauth: false },
  ]);
});

test('counters are told and reset by name, all at once, or the global ones', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const { counted } = bench.control;
  for (const name of ['gw', 'other', '']) counted.count('child-rekey', name);
  const names = async (...tree: Tree): Promise<unknown> => {
    const [counters, success] = await ask(client, 'get-counters', tree);
    if (counters?.[0] !== 'counters') return counters;
    expect(success).toEqual(['success', 'yes']);
    return (counters[1] as Plain).map(([name, values]) => [
      name,
      new Map(values as Plain).get('child-rekey'),
    ]);
  };
  expect(await names()).toEqual([['', '3']]);
  expect(await names(value('name', 'gw'))).toEqual([['gw', '1']]);
  expect(await names(value('all', 'yes'), value('name', 'gw'))).toEqual([
    ['gw', '1'],
    ['other', '1'],
  ]);
  const [counters] = await ask(client, 'get-counters');
  expect((inner(counters?.[1] as Plain, 0) as Plain).map(([name]) => name)).toEqual(
    Object.keys(counted.global),
  );
  expect(await ask(client, 'get-counters', [value('name', 'nope')])).toEqual([
    ['counters', []],
    ...no('no counters found for this connection'),
  ]);
  expect(await ask(client, 'reset-counters', [value('name', 'nope')])).toEqual(YES);
  expect(await ask(client, 'reset-counters', [value('name', 'gw')])).toEqual(YES);
  expect(await names(value('all', 'yes'))).toEqual([['other', '1']]);
  expect(await ask(client, 'reset-counters', [value('all', 'yes')])).toEqual(YES);
  expect(await names(value('all', 'yes'))).toEqual([]);
  expect(await names()).toEqual([['', '3']]);
  expect(await ask(client, 'reset-counters')).toEqual(YES);
  expect(await names()).toEqual([['', '0']]);
});

test('get-algorithms has all sections in order and each algorithm once', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const answer = await ask(client, 'get-algorithms');
  expect(answer.map(([key]) => key)).toEqual([
    'encryption',
    'integrity',
    'aead',
    'hasher',
    'prf',
    'xof',
    'kdf',
    'drbg',
    'ke',
    'rng',
    'nonce-gen',
  ]);
  expect(answer[0]).toEqual(['encryption', [['AES_CBC', 'crypto-node']]]);
  expect(answer[8]?.[1]).toContainEqual(['CURVE_25519', 'crypto-node']);
});
