import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../../daemon/cli', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'interrupt-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// A daemon that takes its time, as for an initiation to a peer that is not there.
test.each([
  ['SIGINT', ['--initiate', '--child', 'net']],
  ['SIGTERM', ['--load-all', '--noprompt']],
  ['SIGINT', ['--stats']],
] as const)('%s ends swanctl %j while it waits for the daemon', async (signal, words) => {
  const path = join(folder, `${words[0].slice(2)}.vici`);
  const server = createServer();
  const asked = new Promise<void>((resolve) => {
    server.on('connection', (socket) => socket.on('error', () => {}).once('data', () => resolve()));
  });
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  const argv = [`${CLI}/swanctl/main.ts`, ...words, '--uri', `unix://${path}`];
  const child = spawn(process.execPath, argv, {
    stdio: 'ignore',
    env: { ...process.env, SWANCTL_DIR: fileURLToPath(new URL('../../../conf', import.meta.url)) },
  });
  const ended = new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
  await asked;
  child.kill(signal);
  expect(await ended).toBe(signal);
  server.close();
});
