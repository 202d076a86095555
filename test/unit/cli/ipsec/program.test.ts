import { describe, expect, test } from 'vitest';
import { IPSEC_COMMANDS, runIpsec } from '../../../../daemon/cli/ipsec/program.ts';
import { USAGE } from '../../../../daemon/cli/ipsec/usage.ts';
import { list, section, type Tree, value } from '../../../../daemon/config/tree.ts';
import { ipsecWorld, type WorldWishes } from '../../../support/ipsec-world.ts';
import type { RecordedReply, RecordedRequest } from '../../../support/recording-vici.ts';

const RUNNING = { '/run/starter.charon.pid': 7, '/run/charon.pid': 8 };

const child = (name: string, id: number, more: Tree = []): Tree[number] =>
  section(`${name}-${id}`, [
    value('name', name),
    value('uniqueid', String(id)),
    value('state', 'INSTALLED'),
    value('mode', 'TUNNEL'),
    value('reqid', '1'),
    ...more,
  ]);

const ike = (name: string, id: number, children: Tree, vip = '10.3.0.1'): Tree => [
  section(name, [
    value('uniqueid', String(id)),
    value('version', '2'),
    value('state', 'ESTABLISHED'),
    list('remote-vips', [vip]),
    section('child-sas', children),
  ]),
];

/** A daemon with two IKE_SAs of `gw`, one without a CHILD_SA, and the configurations `gw` (net, web, pass) and `bare`. */
function daemon({ command }: RecordedRequest): RecordedReply | undefined {
  const success = value('success', 'yes');
  switch (command) {
    case 'list-sas':
      return {
        events: [
          ['list-sa', ike('gw', 1, [child('net', 3), child('web', 4), child('net', 5)])],
          ['list-sa', ike('gw', 2, [], '10.3.0.9')],
        ],
        answer: [success],
      };
    case 'list-conns':
      return {
        events: [
          [
            'list-conn',
            [
              section('gw', [
                section('children', [
                  section('net', [value('mode', 'TUNNEL')]),
                  section('web', [value('mode', 'TUNNEL')]),
                  section('pass', [value('mode', 'PASS')]),
                ]),
              ]),
            ],
          ],
          ['list-conn', [section('bare', [section('children', [])])]],
        ],
        answer: [success],
      };
    case 'get-pools':
      return {
        answer: [
          section('p', [
            value('size', '254'),
            value('online', '1'),
            value('offline', '0'),
            section('leases', [
              section('0', [
                value('address', '10.3.0.1'),
                value('identity', 'carol'),
                value('status', 'online'),
              ]),
            ]),
          ]),
        ],
      };
    case 'version':
      return { answer: [value('version', '1.2'), value('sysname', 'Linux')] };
    case 'get-counters':
      return { answer: [section('counters', [section('gw', [])]), success] };
    case 'get-algorithms':
      return { answer: [section('ke', [value('CURVE_25519', 'node')])] };
    case 'stats':
      return { answer: [list('plugins', ['one', 'two'])] };
    case 'get-keys':
    case 'get-shared':
      return { answer: [list('keys', [])] };
    default:
      return undefined;
  }
}

interface Case {
  /** The command and its arguments; the first word is what is covered. */
  readonly line: string;
  readonly world?: WorldWishes;
  readonly code?: number;
  /** What is printed; a text must be the whole, with what goes to stderr after it. */
  readonly prints?: string | RegExp;
  /** What is done to processes and asked of the daemon. */
  readonly does?: readonly string[];
}

const certificates = (line: string, type: string, flag?: string): Case => ({
  line,
  does: [`list-certs ${JSON.stringify({ type, ...(flag && { flag }) })}`],
  prints: '',
});
const terminated = (kind: 'ike' | 'child', id: number): string =>
  `terminate {"${kind}-id":"${id}"}`;
const load = (folder: string, type: string, flag: string): Case => ({
  line: `reread${folder}`,
  world: { files: { [`/etc/ipsec.d/${folder}/a.der`]: 'x' } },
  does: [`load-cert {"type":"${type}","flag":"${flag}"}`],
  prints: '',
});
const SECRETS = { '/etc/ipsec.secrets': '@a : PSK x\n' };
const SHARED = 'load-shared {"id":"ipsec.secrets-1","type":"ike","owners":["@a"]}';
const STOPPED: WorldWishes = { reply: undefined };
const NOT_RUNNING = (word: string): string =>
  `ipsec ${word}: nobody is there; the daemon is not running, \`ipsec start' starts it\n`;

const CASES: readonly Case[] = [
  { line: '--help', prints: USAGE, does: [] },
  { line: '--version', prints: 'Linux strongSwan U6.1.0/K6.12\ncharon-ts\n', does: [] },
  { line: 'version', prints: 'Linux strongSwan U6.1.0/K6.12\ncharon-ts\n', does: [] },
  { line: '--versioncode', prints: 'U6.1.0/K6.12\n', does: [] },
  { line: '--copyright', prints: /^charon-ts: .*Apache License/s, does: [] },
  { line: '--directory', prints: '/usr/lib/ipsec\n', does: [] },
  { line: '--confdir', prints: '/etc\n', does: [] },
  { line: '--piddir', prints: '/run\n', does: [] },

  {
    line: 'start --auto-update 60',
    world: STOPPED,
    prints: 'Starting strongSwan 6.1.0 IPsec [starter]...\n',
    does: ['fork start --nofork --background --auto-update 60'],
  },
  {
    line: 'start',
    world: { ...STOPPED, forked: 'ends' },
    code: 1,
    prints: /strongSwan did not start/,
    does: ['fork start --nofork --background'],
  },
  {
    line: 'start',
    world: { running: RUNNING },
    prints: /^starter is already running/,
    does: [],
  },
  {
    line: 'start',
    world: { ...STOPPED, files: { '/etc/ipsec.conf': 'conn a\n  xauth=server\n  auto=add\n' } },
    code: 1,
    prints:
      "/etc/ipsec.conf:2:3: 'xauth' belongs to IKEv1, which this daemon does not speak: leave it out\n" +
      'unable to start strongSwan -- fatal errors in config\n',
    does: [],
  },
  { line: 'start --conftest', world: STOPPED, prints: 'config OK\n', does: [] },
  {
    line: 'start --conftest --conf /x',
    world: { ...STOPPED, files: { '/x': 'conn a\n  foo=1\n' } },
    code: 1,
    prints: /^\/x:2:3: .*foo[\s\S]*config invalid!\n$/,
    does: [],
  },
  {
    line: 'start --conftest',
    world: {
      ...STOPPED,
      files: { '/etc/ipsec.conf': 'conn a\n  right=1.2.3.4\n  esp=aes128-foo!\n  auto=add\n' },
    },
    code: 1,
    prints: /^\/etc\/ipsec\.conf:3:3: .*unknown algorithm 'foo'.*\nconfig invalid!\n$/,
    does: [],
  },
  { line: 'start --nonsense', world: STOPPED, code: 2, prints: /--nonsense/, does: [] },
  {
    line: 'restart',
    world: { running: RUNNING },
    prints: 'Stopping strongSwan IPsec...\nStarting strongSwan 6.1.0 IPsec [starter]...\n',
    does: ['kill SIGTERM 7', 'fork start --nofork --background'],
  },
  {
    line: 'stop',
    world: { running: RUNNING },
    prints: 'Stopping strongSwan IPsec...\n',
    does: ['kill SIGTERM 7'],
  },
  {
    line: 'stop',
    world: STOPPED,
    prints: 'Stopping strongSwan IPsec failed: starter is not running\n',
    does: [],
  },
  {
    line: 'update',
    world: { running: RUNNING },
    prints: 'Updating strongSwan IPsec configuration...\n',
    does: ['kill SIGHUP 7'],
  },
  {
    line: 'update',
    world: STOPPED,
    code: 7,
    prints: 'Updating strongSwan IPsec failed: starter is not running\n',
    does: [],
  },
  {
    line: 'reload',
    world: { running: RUNNING },
    prints: 'Reloading strongSwan IPsec configuration...\n',
    does: ['kill SIGUSR1 7'],
  },
  { line: 'reload', world: STOPPED, code: 7, prints: /^Reloading .* failed/, does: [] },
  {
    line: 'migrate',
    world: { files: { '/etc/ipsec.conf': 'conn a\n  auto=add\n' } },
    prints: /^# from \/etc\/ipsec.conf\nconnections \{\n {2}a \{/,
    does: [],
  },

  {
    line: 'up net',
    prints: "connection 'net' established successfully\n",
    does: ['list-conns', 'initiate {"child":"net","ike":"gw"}'],
  },
  {
    line: 'up gw',
    prints: /'net' established[\s\S]*'web' established[\s\S]*'pass' established/,
  },
  { line: 'up bare', prints: "no child config named 'bare'\n", does: ['list-conns'] },
  { line: 'up nix', prints: "no config named 'nix'\n", does: ['list-conns'] },
  { line: 'up', code: 2, prints: 'Usage: ipsec up <connection name>\n', does: [] },
  { line: 'up a b', code: 2, prints: 'Usage: ipsec up <connection name>\n', does: [] },
  { line: 'up net', world: STOPPED, code: 7, prints: NOT_RUNNING('up'), does: [] },
  { line: 'down gw', does: ['list-sas', terminated('ike', 1)] },
  { line: 'down gw[]', does: ['list-sas', terminated('ike', 1)] },
  {
    line: 'down gw[*]',
    does: ['list-sas', terminated('ike', 1), terminated('ike', 2)],
    prints: 'IKE_SA [1] closed successfully\nIKE_SA [2] closed successfully\n',
  },
  { line: 'down gw[2]', does: [terminated('ike', 2)], prints: 'IKE_SA [2] closed successfully\n' },
  { line: 'down [2]', does: [terminated('ike', 2)] },
  { line: 'down net{}', does: ['list-sas', terminated('child', 3)] },
  { line: 'down net{*}', does: ['list-sas', terminated('child', 3), terminated('child', 5)] },
  {
    line: 'down net{5}',
    does: [terminated('child', 5)],
    prints: 'CHILD_SA {5} closed successfully\n',
  },
  { line: 'down nix', does: ['list-sas'], prints: '' },
  { line: 'down net{', does: [], prints: /invalid target/ },
  { line: 'down', code: 2, prints: 'Usage: ipsec down <connection name>\n', does: [] },
  { line: 'down-srcip 10.3.0.1', does: ['list-sas', terminated('ike', 1)], prints: '' },
  {
    line: 'down-srcip 10.3.0.0 10.3.0.255',
    does: ['list-sas', terminated('ike', 1), terminated('ike', 2)],
  },
  { line: 'down-srcip x', does: [], prints: /invalid range/ },
  { line: 'down-srcip', code: 2, prints: 'Usage: ipsec down-srcip <start> [<end>]\n', does: [] },
  {
    line: 'route net',
    does: ['list-conns', 'install {"child":"net","ike":"gw"}'],
    prints: "'net' routed\n",
  },
  { line: 'route pass', prints: "'pass' shunt PASS policy installed\n" },
  { line: 'route nix', does: ['list-conns'], prints: "no config named 'nix'\n" },
  {
    line: 'unroute net',
    does: ['list-conns', 'uninstall {"child":"net","ike":"gw"}'],
    prints: "trap policy 'net' unrouted\n",
  },
  { line: 'unroute pass', prints: "shunt policy 'pass' uninstalled\n" },
  { line: 'unroute', code: 2, prints: /^Usage: ipsec unroute/, does: [] },

  { line: 'status', prints: /^Security Associations \(2 up, 0 connecting\):\n {10}gw\[1\]: / },
  { line: 'status web', prints: /\n {9}web\{4\}: {2}INSTALLED, TUNNEL, reqid 1\n$/ },
  { line: 'status nix', prints: 'Security Associations (2 up, 0 connecting):\n  no match\n' },
  { line: 'status', world: STOPPED, code: 3, prints: NOT_RUNNING('status'), does: [] },
  {
    line: 'listcerts',
    world: { ...STOPPED, running: { '/run/charon.pid': 8 } },
    code: 255,
    prints: 'ipsec listcerts: nobody is there\n',
    does: [],
  },
  {
    line: 'status',
    world: { ...STOPPED, files: { '/run/starter.charon.pid': '9' } },
    code: 1,
    prints: NOT_RUNNING('status'),
  },
  { line: 'statusall', prints: /^Status of IKE charon daemon \(strongSwan 1\.2, Linux / },
  {
    line: 'leases',
    does: ['get-pools {"leases":"yes"}'],
    prints: "Leases in pool 'p', usage: 1/254, 1 online\n         10.3.0.1   online   'carol'\n",
  },
  { line: 'leases p 10.3.0.9', prints: /\n {2}no matching leases found\n$/ },
  {
    line: 'listcounters gw',
    does: ['get-counters {"name":"gw"}'],
    prints: /IKE counters for 'gw':/,
  },
  { line: 'listcounters all', does: ['get-counters {"all":"yes"}'] },
  { line: 'resetcounters', does: ['reset-counters'], prints: '' },
  { line: 'resetcounters all', does: ['reset-counters {"all":"yes"}'] },
  certificates('listpubkeys', 'PUBKEY'),
  certificates('listcerts --utc', 'X509', 'NONE'),
  certificates('listcacerts', 'X509', 'CA'),
  certificates('listaacerts', 'X509', 'AA'),
  certificates('listocspcerts', 'X509', 'OCSP'),
  certificates('listacerts', 'X509_AC'),
  certificates('listcrls', 'X509_CRL'),
  certificates('listocsp', 'OCSP_RESPONSE'),
  { line: 'listgroups', does: [], prints: '' },
  { line: 'listcainfos', does: ['list-authorities'], prints: '' },
  {
    line: 'listalgs',
    does: ['get-algorithms'],
    prints: '\nList of registered IKE algorithms:\n\n  dh-group:   CURVE_25519[node]\n',
  },
  { line: 'listplugins', does: ['stats'], prints: '\nList of loaded Plugins:\n\none:\ntwo:\n' },
  {
    line: 'listall',
    prints: /List of registered IKE algorithms:[\s\S]*List of loaded Plugins:/,
  },
  { line: 'rereadsecrets', world: { files: SECRETS }, does: ['get-keys', 'get-shared', SHARED] },
  { line: 'secrets', world: { files: SECRETS }, does: ['get-keys', 'get-shared', SHARED] },
  load('cacerts', 'X509', 'CA'),
  load('aacerts', 'X509', 'AA'),
  load('ocspcerts', 'X509', 'OCSP'),
  load('acerts', 'X509_AC', 'NONE'),
  load('crls', 'X509_CRL', 'NONE'),
  {
    line: 'rereadall',
    world: { files: { ...SECRETS, '/etc/ipsec.d/crls/a.der': 'x' } },
    does: ['get-keys', 'get-shared', SHARED, 'load-cert {"type":"X509_CRL","flag":"NONE"}'],
    prints: '',
  },
  { line: 'purgecerts', does: ['flush-certs {"type":"X509"}'], prints: '' },
  { line: 'purgecrls', does: ['flush-certs {"type":"X509_CRL"}'], prints: '' },
  { line: 'purgeocsp', does: ['flush-certs {"type":"OCSP_RESPONSE"}'], prints: '' },
  { line: 'purgeike', does: ['list-sas', terminated('ike', 2)] },
];

describe('ipsec', () => {
  test('has a case for each of its commands, and no other', () => {
    const covered = new Set(CASES.map(({ line }) => line.split(' ')[0]));
    expect([...covered].sort()).toEqual([...IPSEC_COMMANDS].sort());
  });

  CASES.forEach(({ line, world: wishes = {}, code = 0, prints, does }, i) => {
    test(`${line} (case ${i + 1})`, async () => {
      const { world, terminal, done } = await ipsecWorld({ reply: daemon, ...wishes });
      expect(await runIpsec(line.split(' '), world)).toBe(code);
      const printed = terminal.stdout + terminal.stderr;
      if (typeof prints === 'string') expect(printed).toBe(prints);
      else if (prints !== undefined) expect(printed).toMatch(prints);
      if (does !== undefined) expect(done).toEqual(does);
    });
  });

  test('without a word it prints its usage', async () => {
    const { world, terminal } = await ipsecWorld();
    expect(await runIpsec([], world)).toBe(0);
    expect(terminal.stdout).toBe(USAGE);
  });

  test('the usage names every command', () => {
    for (const word of IPSEC_COMMANDS.filter((one) => one !== 'secrets'))
      expect(USAGE).toMatch(new RegExp(`(?<![\\w-])${word}(?![\\w-])`));
  });

  test('unknown words and options are refused, even where a daemon runs', async () => {
    const { world, terminal, done } = await ipsecWorld({ reply: daemon });
    expect(await runIpsec(['toString'], world)).toBe(2);
    expect(await runIpsec(['--foo'], world)).toBe(2);
    expect(await runIpsec(['../../bin/sh'], world)).toBe(2);
    expect(terminal.stderr).toBe(
      "ipsec: unknown command `toString' (`ipsec --help' for list)\n" +
        "ipsec: unknown option `--foo' (perhaps command name was omitted?)\n" +
        "ipsec: unknown command `../../bin/sh' (`ipsec --help' for list)\n",
    );
    expect(done).toEqual([]);
  });

  test('a utility gets the variables of the manual and says how it ends', async () => {
    const { world, done } = await ipsecWorld({ utilities: { _updown: 3 } });
    expect(await runIpsec(['_updown', 'iptables'], world)).toBe(3);
    expect(done).toEqual([
      'IPSEC_DIR=/usr/lib/ipsec IPSEC_BINDIR=/usr/bin IPSEC_SBINDIR=/usr/sbin IPSEC_CONFDIR=/etc IPSEC_PIDDIR=/run ' +
        'IPSEC_SCRIPT=/usr/sbin/ipsec IPSEC_NAME=strongSwan IPSEC_VERSION=6.1.0 ' +
        'IPSEC_STARTER_PID=/run/starter.charon.pid IPSEC_CHARON_PID=/run/charon.pid ' +
        '/usr/lib/ipsec/_updown iptables',
    ]);
  });

  test('nobody waits longer than strongswan.conf says', async () => {
    const late = (request: RecordedRequest) =>
      request.command === 'initiate'
        ? {
            answer: [
              value('success', 'no'),
              value('errmsg', "CHILD_SA 'net' not established after 500ms"),
            ],
          }
        : daemon(request);
    const { world, terminal, done } = await ipsecWorld({ reply: late, timeout: 500 });
    expect(await runIpsec(['up', 'net'], world)).toBe(0);
    expect(done.at(-1)).toBe('initiate {"child":"net","ike":"gw","timeout":"500"}');
    expect(terminal.stdout).toBe("connection 'net' not established after 500ms, detaching\n");
  });

  test('without such a file _updown opens the firewall itself', async () => {
    const { world, terminal, done } = await ipsecWorld({
      utilities: { iptables: 1 },
      variables: {
        PLUTO_VERSION: '1.1',
        PLUTO_VERB: 'down-host',
        PLUTO_MY_CLIENT: '192.0.2.1/32',
        PLUTO_PEER_CLIENT: '192.0.2.2/32',
      },
    });
    expect(await runIpsec(['_updown', 'iptables'], world)).toBe(1);
    expect(done.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'iptables --wait -D OUTPUT',
      'iptables --wait -D INPUT',
    ]);
    expect(terminal.stderr).toBe('');
    const other = await ipsecWorld({ variables: { PLUTO_VERSION: '2' } });
    expect(await runIpsec(['_updown', 'iptables'], other.world)).toBe(2);
    expect(other.terminal.stderr).toBe("_updown: unknown interface version `2'\n");
  });

  test('a daemon that refuses is not the program failing, one that hangs up is', async () => {
    const refuses = (request: RecordedRequest) =>
      request.command === 'initiate' ? { answer: [value('success', 'no')] } : daemon(request);
    const { world, terminal } = await ipsecWorld({ reply: refuses });
    expect(await runIpsec(['up', 'net'], world)).toBe(0);
    expect(terminal.stdout).toBe("establishing connection 'net' failed\n");
  });
});
