import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NodeProcesses } from '../../../daemon/runtime/node-processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'processes-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  command: string,
  environment: Readonly<Record<string, string>> = {},
  timeLimit = 10_000,
) {
  let output = '';
  const end = await new NodeProcesses().run({
    command,
    environment,
    timeLimit,
    onOutput: (octets) => {
      output += new TextDecoder().decode(octets);
    },
  });
  return { end, output };
}

test('the environment is what was given and PATH; stdin is empty; both outputs are told', async () => {
  process.env['SECRET_OF_THE_DAEMON'] = 'x';
  const { end, output } = await run('env; cat; echo error >&2; exit 3', { PLUTO_VERSION: '1.1' });
  expect(end).toEqual({ kind: 'exited', code: 3 });
  // The shell itself adds PWD and the like.
  const names = output.split('\n').map((line) => line.split('=')[0]);
  expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_', ''].includes(name ?? ''))).toEqual(
    expect.arrayContaining(['PLUTO_VERSION', 'PATH', 'error']),
  );
  expect(output).not.toContain('SECRET_OF_THE_DAEMON');
});

test('values are data: nothing in them is run, SEC-09', async () => {
  const canary = join(folder, 'canary');
  const hostile = `x'; touch ${canary}; $(touch ${canary}) \`touch ${canary}\` () { :; }; touch ${canary}`;
  const { output } = await run('printf "%s" "$PLUTO_PEER_ID"; : $PLUTO_PEER_ID', {
    PLUTO_PEER_ID: hostile,
  });
  expect(output).toBe(hostile);
  expect(existsSync(canary)).toBe(false);
});

test('a command that takes too long is ended with everything it started', async () => {
  const file = join(folder, 'pid');
  const began = Date.now();
  const { end } = await run(`sh -c 'echo $$ > ${file}; trap "" TERM; sleep 60; :' & wait`, {}, 300);
  expect(end).toEqual({ kind: 'timed-out' });
  expect(Date.now() - began).toBeLessThan(5000);
  const pid = Number(readFileSync(file, 'utf8'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isRunning(pid)).toBe(false);
});

test('what a command leaves running is not waited for', async () => {
  const began = Date.now();
  const { end, output } = await run('echo begun; sleep 20 & ');
  expect([end, output]).toEqual([{ kind: 'exited', code: 0 }, 'begun\n']);
  expect(Date.now() - began).toBeLessThan(5000);
});

test('failures are told and do not throw', async () => {
  expect((await run('no-such-program-anywhere')).end).toEqual({ kind: 'exited', code: 127 });
  expect((await run('kill -9 $$')).end).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  expect((await run('true', { NAME: 'a\0b' })).end).toMatchObject({ kind: 'not-started' });
});

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
