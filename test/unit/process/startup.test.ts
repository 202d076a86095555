import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../../daemon/exit-codes.ts';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { testWith } from '../../support/capability.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { until } from '../../support/vici.ts';
import { ViciClient } from '../../support/vici-client.ts';

/** A daemon without a kernel, on ports the system chooses; `@` is its folder. */
const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
  }
}
`;

async function failure(
  conf: string | undefined,
  options?: ConstructorParameters<typeof DaemonProcess>[1],
) {
  await using daemon = new DaemonProcess(conf, options);
  const ended = await daemon.ended;
  // One sentence, nothing else: no stack, no second line.
  expect(ended.stderr).toMatch(/^charon: [^\n]+\n$/);
  return ended;
}

describe('a daemon process', () => {
  test('says that it serves, ends with 0 on SIGTERM and takes its socket along', async () => {
    await using daemon = new DaemonProcess(CONF);
    await daemon.says('serving VICI at');
    expect(existsSync(daemon.socket)).toBe(true);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: ExitCode.OK, stderr: '' });
    expect(existsSync(daemon.socket)).toBe(false);
  });

  test('reloads strongswan.conf on SIGHUP, and keeps the old one if the new one is wrong', async () => {
    await using daemon = new DaemonProcess(CONF);
    await daemon.says('serving VICI at');
    daemon.kill('SIGHUP');
    await daemon.says('reloaded ');
    writeFileSync(join(daemon.folder, 'strongswan.conf'), 'charon {\n  half open = 1\n');
    daemon.kill('SIGHUP');
    await daemon.says('strongswan.conf:2:');
    daemon.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(ExitCode.OK);
  });

  test('says what a reload applies and what needs a restart', async () => {
    await using daemon = new DaemonProcess(CONF);
    await daemon.says('serving VICI at');
    const changed = CONF.replace('port = 0', 'port = 1500\n  retransmit_tries = 3');
    writeFileSync(join(daemon.folder, 'strongswan.conf'), changed.replaceAll('@', daemon.folder));
    daemon.kill('SIGHUP');
    await daemon.says("option 'retransmit_tries' is now 3, was 5");
    await daemon.says("option 'port' is 1500 in the file, 0 holds until a restart");
    await daemon.says('reloaded ');
    writeFileSync(join(daemon.folder, 'strongswan.conf'), CONF.replaceAll('@', daemon.folder));
    daemon.kill('SIGHUP');
    await daemon.says("option 'retransmit_tries' is now 5, was 3");
    daemon.kill('SIGTERM');
    const { stdout } = await daemon.ended;
    expect(stdout.match(/option 'port'/g)).toHaveLength(1);
  });

  test('reopens rotated logs on SIGHUP even if strongswan.conf is broken meanwhile', async () => {
    const conf = CONF.replace('plugins {', 'filelog { a { path = @/a.log } }\n  plugins {');
    await using daemon = new DaemonProcess(conf);
    const [path, file] = [join(daemon.folder, 'a.log'), join(daemon.folder, 'strongswan.conf')];
    const has = (name: string, text: string) => (): boolean =>
      existsSync(name) && readFileSync(name, 'utf8').includes(text);
    await until(has(path, 'serving VICI at'));
    renameSync(path, `${path}.1`);
    writeFileSync(file, 'charon {');
    daemon.kill('SIGHUP');
    await until(has(path, 'strongswan.conf:1:'));
    daemon.kill('SIGTERM');
    await daemon.ended;
    expect(readFileSync(path, 'utf8')).toContain('shutting down');
  });

  test('runs start scripts when it serves, stop scripts before it ends, and logs what they say', async () => {
    const scripts = `start-scripts {
        socket = test -S @/charon.vici && echo there
        wrong = echo oops >&2; exit 3
      }
      stop-scripts { last = touch @/stopped }
      plugins {`;
    await using daemon = new DaemonProcess(CONF.replace('plugins {', scripts));
    await daemon.says("start script 'wrong' failed with exit code 3");
    await daemon.says('wrong: oops');
    await daemon.says('socket: there');
    await daemon.says("executing start script 'socket' (test -S ");
    daemon.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(ExitCode.OK);
    expect(existsSync(join(daemon.folder, 'stopped'))).toBe(true);
  });

  test('reload-settings changes levels, formats and files of the logs while it runs', async () => {
    const conf = (logs: string): string =>
      CONF.replace('plugins {', `filelog { ${logs} }\n plugins {`);
    await using daemon = new DaemonProcess(conf('a { path = @/a.log\n default = 0 }'));
    const log = (name: string): string => {
      const path = join(daemon.folder, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    await until(() => existsSync(daemon.socket));
    await using client = await ViciClient.connect(new NodeStreams(), daemon.socket);
    writeFileSync(
      join(daemon.folder, 'strongswan.conf'),
      conf(`a { path = @/a.log\n default = 0\n cfg = 1\n log_level = yes }
        b { path = @/b.log\n json = yes\n time_format = %F\n time_precision = us }`).replaceAll(
        '@',
        daemon.folder,
      ),
    );
    await client.request('reload-settings');
    daemon.kill('SIGTERM');
    await daemon.ended;
    // Before: the warnings of level 0 only.
    expect(log('a.log')).not.toContain('serving VICI');
    const [line = '{}'] = log('b.log')
      .split('\n')
      .filter((text) => text.includes('shutting down'));
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\d\.\d{6}$/),
      thread: 1,
      group: 'DMN',
      level: 1,
      msg: 'shutting down',
    });
  });

  test('user and group own the VICI socket, by number', async () => {
    const [user, group] =
      process.getuid?.() === 0 ? [1234, 5678] : [process.getuid?.(), process.getgid?.()];
    const conf = CONF.replace('plugins {', `user = ${user}\n group = ${group}\n plugins {`);
    await using daemon = new DaemonProcess(conf);
    await daemon.says('serving VICI at');
    expect(statSync(daemon.socket)).toMatchObject({ uid: user, gid: group });
  });

  test('prints help and version', async () => {
    await using help = new DaemonProcess(CONF, { args: ['--help'] });
    expect(await help.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('usage: charon'),
    });
    await using version = new DaemonProcess(CONF, { args: ['--version'] });
    expect(await version.ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^charon-ts \d/),
    });
  });
});

describe('a daemon that cannot start says why in one sentence, with an exit code of its own', () => {
  test('unknown argument', async () => {
    const { code, stderr } = await failure(CONF, { args: ['--frobnicate'] });
    expect(code).toBe(ExitCode.USAGE);
    expect(stderr).toContain("unknown argument '--frobnicate'");
  });

  test('missing configuration file', async () => {
    const { code, stderr } = await failure(undefined);
    expect(code).toBe(ExitCode.CONFIG);
    expect(stderr).toMatch(/strongswan\.conf/);
  });

  test('syntax error, with file, line and column', async () => {
    const { code, stderr } = await failure('charon {\n  port 500\n}\n');
    expect(code).toBe(ExitCode.CONFIG);
    expect(stderr).toMatch(/strongswan\.conf:2:\d+: /);
  });

  test('port in use', async () => {
    const blocker = createSocket('udp4');
    await new Promise<void>((resolve) => blocker.bind(0, '0.0.0.0', resolve));
    const { port } = blocker.address();
    const { code, stderr } = await failure(CONF.replace('port = 0', `port = ${port}`));
    blocker.close();
    expect(code).toBe(ExitCode.PORT_IN_USE);
    expect(stderr).toContain(String(port));
  });

  test('folder of the VICI socket missing', async () => {
    const { code, stderr } = await failure(CONF.replace('@/charon.vici', '@/missing/charon.vici'));
    expect(code).toBe(ExitCode.VICI_SOCKET);
    expect(stderr).toContain('/missing/');
  });

  test('VICI socket served by another daemon', async () => {
    await using first = new DaemonProcess(CONF);
    await first.says('serving VICI at');
    const { code, stderr } = await failure(CONF.replace('@/charon.vici', first.socket));
    expect(code).toBe(ExitCode.VICI_SOCKET);
    expect(stderr).toContain(first.socket);
    first.kill('SIGTERM');
    expect((await first.ended).code).toBe(ExitCode.OK);
  });

  const REAL = CONF.replace('kernel-null { load = yes }', '');

  testWith(['net-admin', 'namespaces'], 'no CAP_NET_ADMIN', async () => {
    const { code, stderr } = await failure(REAL, {
      wrapper: ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'],
    });
    expect(code).toBe(ExitCode.NOT_PERMITTED);
    expect(stderr).toContain('CAP_NET_ADMIN');
  });

  testWith('no-esp', 'a kernel without ESP', async () => {
    const { code, stderr } = await failure(REAL, { wrapper: ['unshare', '-n'] });
    expect(code).toBe(ExitCode.NO_IPSEC);
    expect(stderr).toMatch(/esp4/);
  });
});
