import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { waitFor } from '../../lab/wait.ts';

const MAIN = fileURLToPath(new URL('../../../daemon/cli/ipsec/main.ts', import.meta.url));

const STRONGSWAN_CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins { vici { socket = unix://@/charon.vici } kernel-null { load = yes } }
}
`;

const conn = (name: string, more = ''): string =>
  `conn ${name}\n  left=203.0.113.1\n  right=203.0.113.2\n  leftid=@${name}\n  authby=psk\n${more}  auto=add\n`;

/** The program in a folder of its own, steered by the variables of its manual. */
class Ipsec implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'ipsec-'));
  readonly variables: Readonly<Record<string, string>> = {
    STRONGSWAN_CONF: join(this.folder, 'strongswan.conf'),
    IPSEC_CONFDIR: join(this.folder, 'etc'),
    IPSEC_PIDDIR: join(this.folder, 'run'),
    IPSEC_DIR: join(this.folder, 'lib'),
  };

  constructor() {
    for (const one of ['etc', 'run', 'lib']) mkdirSync(join(this.folder, one));
    writeFileSync(
      join(this.folder, 'strongswan.conf'),
      STRONGSWAN_CONF.replaceAll('@', this.folder),
    );
  }

  write(file: string, text: string, mode = 0o600): void {
    writeFileSync(join(this.folder, file), text, { mode });
  }

  pid(name: string): number {
    return Number(readFileSync(join(this.folder, 'run', name), 'utf8'));
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.variables };
  }

  run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...args], { env: this.environment }, (error, ...texts) => {
        const [stdout, stderr] = texts;
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  async connections(): Promise<readonly string[]> {
    const { stdout } = await this.run('statusall');
    return [...stdout.matchAll(/^ *(\S+): {2}203\.0\.113\.1\.\.\./gm)].map(([, name = '']) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('stop');
    rmSync(this.folder, { recursive: true });
  }
}

const SLOW = { timeout: 60_000 };

test('start, update, reload, a broken file, a daemon that dies, stop', SLOW, async () => {
  await using ipsec = new Ipsec();
  ipsec.write('etc/ipsec.conf', `${conn('one')}${conn('two')}`);
  ipsec.write('etc/ipsec.secrets', '@one : PSK x\n');
  expect(await ipsec.run('start')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Starting strongSwan 6.1.0 IPsec [starter]...\n',
  });
  expect(await ipsec.connections()).toEqual(['one', 'two']);
  const starter = ipsec.pid('starter.charon.pid');
  expect((await ipsec.run('start')).stderr).toContain('starter is already running');

  ipsec.write('etc/ipsec.conf', `${conn('two')}${conn('three')}`);
  expect((await ipsec.run('update')).code).toBe(0);
  await waitFor('update', async () => (await ipsec.connections()).join() === 'two,three', 10_000);

  ipsec.write('etc/ipsec.conf', conn('two', '  nonsense=1\n'));
  expect((await ipsec.run('reload')).code).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await ipsec.connections()).toEqual(['two', 'three']);
  ipsec.write('etc/ipsec.conf', conn('four'));
  expect((await ipsec.run('reload')).code).toBe(0);
  await waitFor('reload', async () => (await ipsec.connections()).join() === 'four', 10_000);

  const daemon = ipsec.pid('charon.pid');
  process.kill(daemon, 'SIGKILL');
  const again = (): boolean => ipsec.pid('charon.pid') !== daemon;
  await waitFor('the daemon to come back', again, 15_000);
  await waitFor('its connections', async () => (await ipsec.connections()).length === 1, 10_000);
  expect(ipsec.pid('starter.charon.pid')).toBe(starter);

  expect((await ipsec.run('stop')).stderr).toBe('Stopping strongSwan IPsec...\n');
  expect((await ipsec.run('status')).code).toBe(3);
  expect((await ipsec.run('update')).code).toBe(7);
});

test('start --nofork stays, and ends with SIGTERM', SLOW, async () => {
  await using ipsec = new Ipsec();
  ipsec.write('etc/other.conf', conn('other'));
  const args = [MAIN, 'start', '--nofork', '--conf', join(ipsec.folder, 'etc/other.conf')];
  const child = spawn(process.execPath, args, { env: ipsec.environment, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await waitFor('the start', async () => (await ipsec.connections()).join() === 'other', 20_000);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect((await ipsec.run('status')).code).toBe(3);
});

test('folders are those of the environment, for utilities too', SLOW, async () => {
  await using ipsec = new Ipsec();
  for (const [option, variable] of [
    ['--confdir', 'IPSEC_CONFDIR'],
    ['--piddir', 'IPSEC_PIDDIR'],
    ['--directory', 'IPSEC_DIR'],
  ] as const)
    expect((await ipsec.run(option)).stdout).toBe(`${ipsec.variables[variable]}\n`);
  ipsec.write('lib/utility', '#!/bin/sh\necho $IPSEC_NAME $IPSEC_STARTER_PID $1\nexit 5\n', 0o700);
  expect(await ipsec.run('utility', 'word')).toEqual({
    code: 5,
    stdout: `strongSwan ${ipsec.folder}/run/starter.charon.pid word\n`,
    stderr: '',
  });
  ipsec.write('lib/text', 'nothing to run', 0o600);
  expect((await ipsec.run('text')).code).toBe(2);
});
