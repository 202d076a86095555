import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryTerminal, swanctlOn } from '../../../support/swanctl-run.ts';
import { ViciBench } from '../../../support/vici.ts';

let bench: ViciBench;
beforeAll(async () => {
  bench = await ViciBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const run = (words: readonly string[], files: Readonly<Record<string, string>> = {}) =>
  swanctlOn(bench, words, new MemoryTerminal(), files);

const RAW = /^version reply \{daemon=charon [^\n]*\}\n$/;

test('--options reads options from a file, with comments, quotes and without dashes', async () => {
  const files = {
    '/o': '# everything\nraw # in one line\n',
    '/short': '-r\n',
    '/more': 'options "/with blank"\n',
    '/with blank': '--raw\n',
  };
  for (const file of ['/o', '/short', '/more']) {
    const done = await run(['--version', '--daemon', '--options', file], files);
    expect(done, file).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout, file).toMatch(RAW);
  }
  expect((await run(['-V', '-d', '-+', '/o'], files)).stdout).toMatch(RAW);
});

test('what is wrong with such a file is said, with its name', async () => {
  const missing = await run(['--version', '--daemon', '--options', '/gone']);
  expect(missing.stderr).toMatch(/^optionsfile: failed to open file '\/gone': /);
  const wrong = await run(['--version', '--daemon', '--options', '/o'], { '/o': 'rawer\n' });
  expect(wrong.stderr).toMatch(/^optionsfile: \/o: unrecognized option '--rawer'\n$/);
  // files that name each other end
  const circle = { '/a': 'options /b\n', '/b': 'options /a\nraw\n' };
  expect((await run(['--version', '--daemon', '--options', '/a'], circle)).stdout).toMatch(RAW);
});

test('shared options may come before the command, and it may be abbreviated', async () => {
  const before = await run(['--debug', '1', '--versio', '--daemon', '--raw']);
  expect(before).toMatchObject({ code: 0, stderr: '' });
  expect(before.stdout).toMatch(RAW);
});

test('--debug 0 leaves out what went on before a failure', async () => {
  const nowhere = { path: '/nowhere', streams: bench.streams };
  const usual = await swanctlOn(nowhere, ['--stats']);
  const silent = await swanctlOn(nowhere, ['--stats', '-v', '0']);
  expect(usual.code).toBe(2);
  expect(silent.code).toBe(2);
  expect(usual.stderr).toMatch(/^connecting to 'unix:\/\/\/nowhere' failed: No such file/);
  expect(silent.stderr).toMatch(/^strongSwan /);
  expect(silent.stderr).toMatch(/error: connecting to 'unix:\/\/\/nowhere' URI failed: No such/);
});

test('SWANCTL_DIR names the folder of swanctl.conf', async () => {
  const files = { '/elsewhere/swanctl.conf': 'connections { a { remote_addrs = 192.0.2.1 } }\n' };
  const done = await swanctlOn(
    bench,
    ['--load-conns'],
    new MemoryTerminal(),
    files,
    undefined,
    new Map([['SWANCTL_DIR', '/elsewhere']]),
  );
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining("connection 'a'") });
});
