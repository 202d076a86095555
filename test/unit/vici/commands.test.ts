import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import { absoluteTime, relativeTime } from '../../../daemon/vici/time-text.ts';
import { childSaView, ikeSaView } from '../../support/fake-control.ts';
import { type Plain, plain, type RawClient, ViciBench } from '../../support/vici.ts';

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

async function ask(client: RawClient, name: string, tree: Tree = []): Promise<Plain> {
  client.send(P.CMD_REQUEST, name, tree);
  const answer = await client.next();
  expect([name, answer?.type]).toEqual([name, P.CMD_RESPONSE]);
  return plain(answer?.message.tree ?? []);
}

/** All events of a streaming command. */
async function stream(
  client: RawClient,
  name: string,
  event: string,
  tree: Tree = [],
): Promise<Plain[]> {
  client.send(P.EVENT_REGISTER, event);
  expect((await client.next())?.type).toBe(P.EVENT_CONFIRM);
  client.send(P.CMD_REQUEST, name, tree);
  const events: Plain[] = [];
  for (let packet = await client.next(); packet?.type === P.EVENT; packet = await client.next()) {
    expect(packet.name).toBe(event);
    events.push(plain(packet.message.tree));
  }
  client.send(P.EVENT_UNREGISTER, event);
  await client.next();
  return events;
}

/** The contents of the section at a place. */
const inner = (tree: Plain, index: number): Plain => (tree[index]?.[1] ?? []) as Plain;

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
    expect(bench.log.lines).toContain("vici initiating 'net'");
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

describe('list-sas', () => {
  test('shows the captured example of the protocol, key by key', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    bench.control.sas = [ikeSaView()];
    const text = (tree: Plain): string =>
      tree
        .map(([key, content]) => {
          if (typeof content === 'string') return `${key}=${content}`;
          const items = content as readonly unknown[];
          if (items.every((item) => typeof item === 'string') && items.length > 0)
            return `${key}=[${items.join(' ')}]`;
          return `${key} {${text(content as Plain)}}`;
        })
        .join(' ');
    const [event = []] = await stream(client, 'list-sas', 'list-sa');
    expect(text(event)).toBe(
      'gw {uniqueid=1 version=2 state=ESTABLISHED local-host=10.9.0.1 local-port=4500 local-id=node-a.example remote-host=10.9.0.2 remote-port=4500 remote-id=node-b.example initiator=yes initiator-spi=f0e4b0e438d1bca9 responder-spi=8ccc7d8c5beaf6c5 nat-remote=yes nat-any=yes encr-alg=AES_CBC encr-keysize=128 integ-alg=HMAC_SHA2_256_128 prf-alg=PRF_HMAC_SHA2_256 dh-group=ECP_256 established=1 rekey-time=13963 local-vips=[10.7.0.1] child-sas {net-2 {name=net uniqueid=2 reqid=2 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=3efb9645 spi-out=cb5d6145 encr-alg=AES_GCM_16 encr-keysize=128 bytes-in=168 packets-in=2 use-in=0 bytes-out=168 packets-out=2 use-out=0 rekey-time=3417 life-time=3959 install-time=1 local-ts=[10.1.0.0/16] remote-ts=[10.2.0.0/16]}}}',
    );
  });

  test('filters; the child filter leaves the IKE_SA', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    bench.control.sas = [ikeSaView(), ikeSaView({ name: 'other', uniqueId: 9, children: [] })];
    const names = async (...tree: Tree): Promise<unknown> =>
      (await stream(client, 'list-sas', 'list-sa', tree)).map((event) => event[0]?.[0]);
    expect(await names()).toEqual(['gw', 'other']);
    expect(await names(value('ike', 'gw'))).toEqual(['gw']);
    expect(await names(value('ike-id', '9'))).toEqual(['other']);
    const [event] = await stream(client, 'list-sas', 'list-sa', [
      value('child', 'x'),
      value('noblock', 'yes'),
    ]);
    expect(inner(event ?? [], 0).at(-1)).toEqual(['child-sas', []]);
  });

  test('large numbers, marks and states, SEC-84', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const child = childSaView();
    const huge = { bytes: 0xffff_ffff_ffff_ffffn, packets: 1n << 53n };
    const installed = child.installed && {
      ...child.installed,
      encap: false,
      spiIn: 0x80000000,
      spiOut: 0xffffffff,
      markIn: { value: 0xffffffff, mask: 0xffffffff },
      markOut: { value: 1, mask: 0x80000000 },
      ifIdIn: 0xfffffffe,
      algorithms: { ...child.installed.algorithms, esn: true },
      in: huge,
      out: huge,
    };
    const creating = childSaView({ state: 'INSTALLING', uniqueId: 3, localTs: [], remoteTs: [] });
    bench.control.sas = [
      ikeSaView({
        state: 'DELETING',
        children: [childSaView(installed && { installed }), creating],
      }),
    ];
    const [event = []] = await stream(client, 'list-sas', 'list-sa');
    const fields = event[0]?.[1] as Plain;
    expect(fields.some(([key]) => key === 'established' || key === 'rekey-time')).toBe(false);
    const children = fields.at(-1)?.[1] as Plain;
    const first = new Map(children[0]?.[1] as Plain);
    expect(Object.fromEntries(first)).toMatchObject({
      'spi-in': '80000000',
      'spi-out': 'ffffffff',
      'mark-in': 'ffffffff',
      'mark-out': '00000001',
      'mark-mask-out': '80000000',
      'if-id-in': 'fffffffe',
      esn: '1',
      'bytes-in': '18446744073709551615',
      'packets-out': '9007199254740992',
    });
    expect(first.has('mark-mask-in') || first.has('encap') || first.has('use-in')).toBe(false);
    expect(children[1]).toEqual([
      'net-3',
      [
        ['name', 'net'],
        ['uniqueid', '3'],
        ['reqid', '2'],
        ['state', 'INSTALLING'],
        ['mode', 'TUNNEL'],
        ['local-ts', []],
        ['remote-ts', []],
      ],
    ]);
  });
});

test('events reach whoever registered', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  for (const event of ['ike-updown', 'child-updown', 'alert', 'log']) {
    client.send(P.EVENT_REGISTER, event);
    await client.next();
  }
  const ike = ikeSaView();
  bench.control.raise({ kind: 'ike-updown', up: true, ike });
  bench.control.raise({ kind: 'child-updown', up: false, ike });
  bench.control.raise({ kind: 'alert', type: 'half-open-timeout', ike });
  bench.log.forIke({ name: 'gw', uniqueId: 1 }).log('knl', 0, 'two\nlines');
  bench.log.log('knl', 2, 'too much');
  const [up, down, alert, log] = [
    await client.next(),
    await client.next(),
    await client.next(),
    await client.next(),
  ];
  expect(plain(up?.message.tree ?? []).map(([key]) => key)).toEqual(['up', 'gw']);
  expect(inner(plain(up?.message.tree ?? []), 1).some(([key]) => key === 'child-sas')).toBe(false);
  expect(plain(down?.message.tree ?? []).map(([key]) => key)).toEqual(['gw']);
  expect(inner(plain(down?.message.tree ?? []), 0).at(-1)?.[0]).toBe('child-sas');
  expect(plain(alert?.message.tree ?? [])[0]).toEqual(['type', 'half-open-timeout']);
  expect(plain(log?.message.tree ?? [])).toEqual([
    ['group', 'KNL'],
    ['level', '0'],
    ['thread', '1'],
    ['ikesa-name', 'gw'],
    ['ikesa-uniqueid', '1'],
    ['msg', 'two\nlines'],
  ]);
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

describe('the client', () => {
  test('turns answers into maps, failures into errors, streams into loops', async () => {
    await using bench = await ViciBench.start();
    await using client = await bench.client();
    await client.loadConn({
      gw: {
        remote_addrs: ['10.0.0.2'],
        encap: true,
        local: { auth: 'psk' },
        remote: { auth: 'psk', id: undefined },
        children: { net: { reqid: 7 } },
      },
    });
    expect(bench.control.store.get('gw')).toMatchObject({ encap: true });
    await client.loadShared({ id: 'k', type: 'ike', data: new Uint8Array(32), owners: ['a'] });
    bench.control.sas = [ikeSaView(), ikeSaView({ name: 'b' })];
    const names: unknown[] = [];
    for await (const sa of client.listSas()) names.push(...sa.keys());
    expect(names).toEqual(['gw', 'b']);
    bench.control.onInitiate = (progress) => {
      progress({ group: 'ike', level: 1, message: 'no answer' });
      return Promise.resolve({ ok: false, errmsg: "establishing CHILD_SA 'net' failed" });
    };
    const lines: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const line of client.initiate({ child: 'net' })) lines.push(line.get('msg'));
    };
    await expect(run()).rejects.toThrow("establishing CHILD_SA 'net' failed");
    expect(lines).toEqual(['no answer']);
    await expect(client.unloadConn('x')).rejects.toThrow("unload: connection 'x' not found");
    await expect(client.call('nothing')).rejects.toThrow(
      "the daemon does not know the command 'nothing'",
    );
    const [a, b, c] = await Promise.all([
      client.version(),
      client.stats(),
      client.request('get-conns'),
    ]);
    expect([a.get('daemon'), b.has('uptime'), c.get('conns')]).toEqual(['charon', true, ['gw']]);
  });

  test('listens until told to stop, and hears when the daemon ends', async () => {
    await using bench = await ViciBench.start();
    await using client = await bench.client();
    const stop = new AbortController();
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { name } of client.events(['alert', 'ike-updown'], stop.signal)) {
        heard.push(name);
        if (heard.length === 2) stop.abort();
      }
    })();
    while (bench.control.listeners < 2) await client.version();
    bench.control.raise({ kind: 'alert', type: 'x' });
    bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
    await listening;
    expect(heard).toEqual(['alert', 'ike-updown']);
    await client.version();
    expect(bench.control.listeners).toBe(0);
    const ended = (async () => {
      for await (const event of client.events(['alert'])) heard.push(event.name);
    })();
    while (bench.control.listeners < 1) await client.version();
    await bench.server[Symbol.asyncDispose]();
    await expect(ended).rejects.toThrow('the daemon closed the connection');
    await expect(client.version()).rejects.toThrow('the daemon closed the connection');
  });
});
