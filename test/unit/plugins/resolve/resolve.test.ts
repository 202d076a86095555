import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NameServer } from '../../../../daemon/contracts/name-servers.ts';
import { chooseBackend } from '../../../../plugins/resolve/choose.ts';
import { ResolvConfFile } from '../../../../plugins/resolve/resolv-conf-file.ts';
import { Resolvconf } from '../../../../plugins/resolve/resolvconf.ts';
import { Resolved } from '../../../../plugins/resolve/resolved.ts';
import { runProgram } from '../../../../plugins/resolve/run-program.ts';
import {
  type NameServerBackend,
  SerialNameServers,
} from '../../../../plugins/resolve/serial-name-servers.ts';
import { ip } from '../../../support/selectors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resolve-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const server = (address: string, domains: readonly string[] = []): NameServer => ({
  address: ip(address),
  interfaceName: 'eth0',
  domains,
});
const [one, two] = [server('10.1.0.20'), server('fd01::20')];

/** A program of a few lines of shell. */
function program(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('the file: lines of ours before all others, and exactly as before in the end', async () => {
  const path = join(folder, 'resolv.conf');
  const original = '# made by hand\nnameserver 192.0.2.53\nsearch example.org\n';
  writeFileSync(path, original);
  chmodSync(path, 0o640);
  const servers = new SerialNameServers(new ResolvConfFile(path));
  await Promise.all([servers.add(one), servers.add(two), servers.add(one)]);
  expect(readFileSync(path, 'utf8')).toBe(
    `nameserver fd01::20   # by strongSwan\nnameserver 10.1.0.20   # by strongSwan\n${original}`,
  );
  expect(statSync(path).mode & 0o777).toBe(0o640);
  // Somebody else edits it meanwhile.
  writeFileSync(path, readFileSync(path, 'utf8').replace('192.0.2.53', '192.0.2.54'));
  await servers.remove(one);
  await servers.remove(one);
  await servers.remove(two);
  expect(readFileSync(path, 'utf8')).toBe(original.replace('192.0.2.53', '192.0.2.54'));
});

test('the file: what a killed predecessor entered is taken out, and lines of others stay', async () => {
  const path = join(folder, 'resolv.conf');
  writeFileSync(path, 'nameserver 10.1.0.20   # by strongSwan\nnameserver 10.1.0.20\n');
  await new SerialNameServers(new ResolvConfFile(path)).remove(one);
  expect(readFileSync(path, 'utf8')).toBe('nameserver 10.1.0.20\n');
});

test('the file: a link stays a link, one that was not there is gone again', async () => {
  const [real, link] = [join(folder, 'real.conf'), join(folder, 'resolv.conf')];
  writeFileSync(real, 'nameserver 192.0.2.53\n');
  symlinkSync(real, link);
  const servers = new SerialNameServers(new ResolvConfFile(link));
  await servers.add(one);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toMatch(/^nameserver 10\.1\.0\.20 {3}# by strongSwan\n/);

  const missing = join(folder, 'missing.conf');
  const fresh = new SerialNameServers(new ResolvConfFile(missing));
  await fresh.remove(one);
  expect(existsSync(missing)).toBe(false);
  await fresh.add(one);
  expect(readFileSync(missing, 'utf8')).toBe('nameserver 10.1.0.20   # by strongSwan\n');
  await fresh.remove(one);
  expect(existsSync(missing)).toBe(false);
});

test('the file: a folder that cannot be written is told, and nothing is left half done', async () => {
  const path = join(folder, 'none', 'resolv.conf');
  const servers = new SerialNameServers(new ResolvConfFile(path));
  await expect(servers.add(one)).rejects.toThrow('ENOENT');
  mkdirSync(join(folder, 'none'));
  await servers.add(two);
  expect(readFileSync(path, 'utf8')).toBe('nameserver fd01::20   # by strongSwan\n');
});

test('resolvconf: one entry with all servers, deleted with the last', async () => {
  const log = join(folder, 'log');
  const path = program('resolvconf', `echo "$@" >> ${log}; [ "$1" = -a ] && cat >> ${log}; true`);
  const servers = new SerialNameServers(new Resolvconf(path, 'lo.ipsec'));
  await servers.add(one);
  await servers.add(two);
  await servers.remove(one);
  await servers.remove(two);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    '-a lo.ipsec',
    'nameserver 10.1.0.20',
    '-a lo.ipsec',
    'nameserver 10.1.0.20',
    'nameserver fd01::20',
    '-a lo.ipsec',
    'nameserver fd01::20',
    '-d lo.ipsec',
  ]);
});

test('resolved: before what the interface has from elsewhere, which stays in the end', async () => {
  const state = (what: string) => join(folder, `${what}.eth0`);
  writeFileSync(state('dns'), '192.0.2.53');
  writeFileSync(state('domain'), '');
  const path = program(
    'resolvectl',
    `f=${folder}/$1.$2; if [ $# = 2 ]; then echo "Link 2 ($2): $(cat $f)"; else shift 2; echo "$*" > $f; fi`,
  );
  const servers = new SerialNameServers(new Resolved(path));
  const split = server('10.1.0.20', ['corp.example', 'lab.example']);
  await servers.add(split);
  await servers.add(two);
  expect(readFileSync(state('dns'), 'utf8')).toBe('10.1.0.20 fd01::20 192.0.2.53\n');
  expect(readFileSync(state('domain'), 'utf8')).toBe('~corp.example ~lab.example\n');
  await servers.remove(split);
  await servers.remove(two);
  expect(readFileSync(state('dns'), 'utf8')).toBe('192.0.2.53\n');
  expect(readFileSync(state('domain'), 'utf8').trim()).toBe('');
});

test('a program that hangs, fails or is missing is told apart, within its time', async () => {
  const began = performance.now();
  const hanging = program('hang', 'sleep 10 & wait');
  await expect(runProgram(hanging, ['x'], '', 200)).rejects.toThrow('was killed after 200 ms');
  expect(performance.now() - began).toBeLessThan(5000);
  const failing = program('fail', 'echo no such link >&2; exit 3');
  await expect(runProgram(failing, [])).rejects.toThrow('ended with code 3: no such link');
  await expect(runProgram(join(folder, 'nothing'), [])).rejects.toThrow('ENOENT');
  // One that does not read what it is given is no reason to fall over.
  expect(await runProgram(program('deaf', 'exit 0'), [], 'x'.repeat(1_000_000))).toBe('');
});

test('SEC-09: arguments are no shell text', async () => {
  const path = program('show', 'printf "%s|" "$@"');
  expect(await runProgram(path, ['$(id)', '`id`', 'a;b', '-x'])).toBe('$(id)|`id`|a;b|-x|');
});

test('a change that failed is not taken for done', async () => {
  const applied: string[] = [];
  let refusing = true;
  const backend: NameServerBackend = {
    target: 'test',
    apply: async (wanted) => {
      if (refusing) throw new Error('no');
      applied.push(wanted.map(({ address }) => address).join(' '));
    },
  };
  const servers = new SerialNameServers(backend);
  await expect(servers.add(one)).rejects.toThrow('no');
  refusing = false;
  await servers.add(two);
  refusing = true;
  await expect(servers.remove(two)).rejects.toThrow('no');
  refusing = false;
  await servers.add(one);
  expect(applied).toEqual(['fd01::20', 'fd01::20 10.1.0.20']);
});

test('who is in charge: systemd-resolved, resolvconf, or nobody but the file', async () => {
  const file = join(folder, 'resolv.conf');
  const stub = join(folder, 'stub-resolv.conf');
  const settings = {
    file,
    resolvconfPath: join(folder, 'resolvconf'),
    resolvconfInterface: 'lo.ipsec',
    resolvectlPath: join(folder, 'resolvectl'),
  };
  const chosen = async () => (await chooseBackend(settings, `${folder}/`)).constructor.name;
  const elsewhere = async () => (await chooseBackend(settings, '/nowhere/')).constructor.name;
  expect(await chosen()).toBe('ResolvConfFile');
  writeFileSync(stub, '');
  symlinkSync(stub, file);
  // Its file without its program: nothing but the file is left.
  expect(await chosen()).toBe('ResolvConfFile');
  program('resolvectl', 'true');
  expect(await chosen()).toBe('Resolved');
  expect(await elsewhere()).toBe('ResolvConfFile');
  symlinkSync(settings.resolvectlPath, settings.resolvconfPath);
  expect(await elsewhere()).toBe('Resolved');
  rmSync(settings.resolvconfPath);
  program('resolvconf', 'true');
  expect(await elsewhere()).toBe('Resolvconf');
});
