import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import type { Finished } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { CANNED } from '../support/canned-sas.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, withTunnel } from './tunnel-run.ts';

const NODE = `${REPOSITORY}/node_modules/.bin/node`;
const OURS = `${REPOSITORY}/daemon/cli/swanctl/main.ts`;

/** What a program printed and how it ended, with its own name left out. */
function seen({ code, stdout, stderr }: Finished): object {
  return { code, stdout, stderr: stderr.replaceAll(OURS, 'swanctl') };
}

/** Expects the same of our program as of the stock one, for one command line. */
async function expectSame(
  host: Host,
  args: readonly string[],
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await before();
  const stock = await host.exec(['swanctl', ...args]);
  await before();
  const ours = await host.exec([NODE, OURS, ...args]);
  expect(steady(seen(ours)), args.join(' ')).toEqual(steady(seen(stock)));
}

/** Times go on between the two calls. */
function steady(outcome: object): unknown {
  const text = JSON.stringify(outcome)
    .replaceAll(/ +\d+s ago/g, ' Ns ago')
    .replaceAll(/in -?\d+s/g, 'in Ns')
    .replaceAll(/(uptime:|running ?=) ?\d+ \w+/g, '$1 N')
    .replaceAll(
      /(scheduled|established|(?:rekey|install|life)-time|use-\w+)(:| ?=) ?-?\d+/g,
      '$1 N',
    )
    .replaceAll(/jobs? queues?: [\d/]+/g, 'job queues: N');
  return JSON.parse(text);
}

/** Command lines about SAs, which the daemon has or has not. */
const ABOUT_SAS: readonly (readonly string[])[] = [
  ['--list-sas'],
  ['--list-sas', '--raw'],
  ['--list-sas', '--ike', 'gw', '--pretty'],
  ['--counters'],
  ['--stats'],
  ['--rekey', '--child', 'nope'],
  ['--terminate', '--child-id', '99', '--raw'],
];

/** Command lines whose answers have nothing to do with SAs. */
const OTHERS: readonly (readonly string[])[] = [
  ['--list-conns'],
  ['--list-conns', '--ike', 'gw', '--raw'],
  ['--list-pols'],
  ['--list-pools', '--leases'],
  ['--list-algs', '--pretty'],
  ['--counters', '--name', 'nope'],
  ['--version', '--daemon', '--raw'],
  ['--reload-settings'],
  ['--terminate', '--ike', 'nope'],
  ['--initiate', '--child', 'nope'],
  ['--install', '--child', 'net', '--ike', 'gw'],
  ['--list-pols', '--pretty'],
  ['--uninstall', '--child', 'nope'],
  ['--initiate', '--help'],
  ['--initiate', '--foo'],
  ['--terminate', '--ch', 'x'],
  ['--no-such-command'],
  ['--stats', '--uri', 'unix:///run/nope'],
  ['-u', 'unix:///run/charon.vici', '-l', '-r'],
];

/** Command lines that load: each begins with the connections of the plan alone. */
const LOADING: readonly (readonly string[])[] = [
  ['--load-conns', '--file', '/run/broken.conf'],
  ['--load-pools', '--file', '/run/broken.conf'],
  ['--load-creds', '--file', '/run/broken.conf', '--noprompt'],
  ['--load-all', '--noprompt'],
  ['--load-all', '--noprompt', '--raw'],
];

const BROKEN = `
connections {
  good {
    remote_addrs = 192.0.2.1
    children { a { remote_ts = 10.0.0.0/8, 10.99.0.0/16 } }
  }
  bad { foo = 1 }
  unreadable { local { certs = nope.pem } }
}
pools {
  bad { addrs = 10.0.0.0/99 }
  good { addrs = 10.77.0.0/24
    dns = 10.0.0.1, 10.0.0.2 }
}
secrets {
  foo { secret = x }
  ike-none { id = x }
  eap-carol { id = carol
    secret = 0s YWJj }
}
`;

describeWith('lab', 'our swanctl beside the stock one', () => {
  const shared = sharedSites(strongswan);

  testWith('lab', 'prints the same of whatever a daemon may say', async () => {
    const { moon } = shared().sites;
    moon.write('/run/canned.json', JSON.stringify(CANNED));
    const socket = '/run/canned.vici';
    const server = moon.spawn(
      [NODE, `${REPOSITORY}/test/support/canned-vici.ts`, socket, '/run/canned.json'],
      '/run/canned.log',
    );
    try {
      await waitFor('the canned daemon', () => moon.exists(socket));
      for (const command of CANNED_COMMANDS)
        await expectSame(moon, [...command, '--uri', `unix://${socket}`]);
    } finally {
      server.kill('SIGTERM');
    }
  });

  testWith('lab', 'prints the same with a tunnel down and up', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const { host } = run.moon;
      host.write('/run/broken.conf', BROKEN);
      for (const args of [...OTHERS, ...ABOUT_SAS]) await expectSame(host, args);
      const reset = () => run.moon.swanctlOk('--load-all', '--noprompt');
      for (const args of LOADING) await expectSame(host, args, reset);
      await reset();
      await establish(run, 'moon');
      for (const args of ABOUT_SAS) await expectSame(host, args);
    });
  });

  testWith('lab', 'does what the stock one does', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async ({ moon }) => {
      const ours = async (...args: readonly string[]): Promise<Finished> =>
        moon.host.exec([NODE, OURS, ...args]);
      const initiated = await ours('--initiate', '--child', 'net', '--timeout', '30');
      expect(initiated).toMatchObject({ code: 0, stderr: '' });
      expect(initiated.stdout).toMatch(/^\[IKE\] initiating IKE_SA gw\[1\] to /);
      expect(initiated.stdout).toMatch(/\ninitiate completed successfully\n$/);
      expect(await ours('--rekey', '--child', 'net')).toMatchObject({
        code: 0,
        stdout: 'rekey completed successfully\n',
      });
      expect(await ours('--terminate', '--ike', 'gw')).toMatchObject({ code: 0, stderr: '' });
      expect(await moon.swanctlOk('--list-sas')).toBe('');
    });
  });

  testWith('lab', '--top shows traffic while it flows, and what happens', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const { host } = run.moon;
      await establish(run, 'moon');
      const log = '/run/top.log';
      // A terminal of its own; what is written into the pipe is typed.
      const typed = `script -qefc 'stty rows 14 cols 100; ${NODE} ${OURS} --top --interval 0.5' /dev/null`;
      const script = `mkfifo /run/keys; exec 3<>/run/keys; ${typed} <&3`;
      const top = host.spawn(['sh', '-c', script], log);
      const shown = (wanted: RegExp, what: string): Promise<RegExpExecArray> =>
        waitFor(what, async () => {
          const frames = (host.read(log) ?? '').split('\x1b[H');
          // the last one may not be whole
          return (
            wanted.exec((frames.at(-2) ?? '').replaceAll(/\p{Cc}\[\d*[mK]/gu, '')) ?? undefined
          );
        });
      const still = / net\{1\} +INSTALLED +\S+ +0 +0 +(\S+) +(\S+) /;
      await shown(still, 'a tunnel without traffic');
      const ping = 'ping -q -c 20 -i 0.1 -s 1000';
      const pinging = sites.alice.ok([...ping.split(' '), ADDRESSES.sun[4].host]);
      await shown(
        / net\{1\} +INSTALLED +\S+ +([1-9]\S*k) +\1 +[1-9]\S*k +/,
        'a rate of thousands of bytes in both directions',
      );
      await shown(/\nin [1-9]\S*kB\/s [1-9]\d* packets\/s {3}out [1-9]/, 'the sum of all');
      await pinging;
      const [, bytesIn, bytesOut] = await shown(still, 'the end of the traffic');
      expect(bytesIn).toBe(bytesOut);
      await run.moon.swanctlOk('--rekey', '--child', 'net');
      await shown(/EVENTS[\s\S]*net\{1\}[^\n]*net\{2\}/, 'the rekeying');
      host.write('/run/keys', 'q');
      expect(await top.ended).toBe(0);
    });
  });

  testWith('lab', 'a broken or missing file unloads nothing', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async ({ moon }) => {
      moon.host.write('/run/syntax.conf', 'connections {\n  gw {\n');
      for (const [file, text] of [
        ['/run/syntax.conf', "parsing '/run/syntax.conf' failed: /run/syntax.conf:3:"],
        ['/run/missing.conf', "failed to open config file '/run/missing.conf'"],
      ] as const) {
        const done = await moon.host.exec([NODE, OURS, '--load-all', '--file', file]);
        expect(done.code).toBe(22);
        expect(done.stderr).toContain(text);
      }
      expect(await moon.swanctlOk('--list-conns')).toMatch(/^gw: /);
    });
  });
});

const CANNED_COMMANDS: readonly (readonly string[])[] = [
  ['--list-sas'],
  ['--list-pols'],
  ['--list-conns'],
  ['--list-authorities'],
  ['--list-certs'],
  ['--list-certs', '--short', '--utc'],
  ['--list-pools', '--leases'],
  ['--list-algs'],
  ['--counters'],
  ['--counters', '--reset'],
  ['--stats'],
  ['--version', '--daemon'],
  ['--initiate', '--child', 'x'],
  ['--terminate', '--ike', 'x'],
  ['--rekey', '--ike', 'x'],
  ['--redirect', '--ike', 'x'],
  ['--install', '--child', 'x'],
  ['--uninstall', '--child', 'x'],
  ['--flush-certs'],
  ['--reload-settings'],
  ['--list-sas', '--raw'],
  ['--list-sas', '--pretty'],
  ['--list-pols', '--raw'],
  ['--initiate', '--raw'],
  ['--install', '--pretty'],
  ['--uninstall', '--raw'],
  ['--flush-certs', '--pretty'],
];
