import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../../support/daemon-process.ts';

const SWANCTL = fileURLToPath(new URL('../../../daemon/cli/swanctl/main.ts', import.meta.url));

const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
  }
}
`;

const CONNECTIONS = `connections {
  gw {
    local_addrs = 127.0.0.1
    remote_addrs = nowhere.invalid
    local { auth = psk
      id = moon.example.org }
    remote { auth = psk
      id = carol.example.org }
    children { net { remote_ts = 10.2.0.0/16 } }
  }
}
`;

/** Runs our swanctl as a person would, in one process more. */
function swanctl(
  daemon: DaemonProcess,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const args = [SWANCTL, ...words, '--uri', `unix://${daemon.socket}`];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

test('swanctl explains what a real daemon knows', async () => {
  await using daemon = new DaemonProcess(CONF);
  await daemon.says('serving VICI at');
  const file = join(daemon.folder, 'swanctl.conf');
  writeFileSync(file, CONNECTIONS);
  expect(await swanctl(daemon, '--load-conns', '--file', file)).toMatchObject({ code: 0 });
  expect(await swanctl(daemon, '--explain', 'gv')).toMatchObject({
    code: 2,
    stdout: `no connection and no child with the name 'gv' is loaded
  => did you mean 'gw'? swanctl --list-conns shows what is loaded
`,
  });
  expect(await swanctl(daemon, '--initiate', '--child', 'net')).toMatchObject({ code: 1 });
  const { code, stdout } = await swanctl(daemon, '--explain', 'net', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'gw',
    state: 'down',
    children: { net: { state: 'down' } },
    missing: {
      1: { kind: 'unresolved', subject: 'nowhere.invalid' },
      2: { kind: 'no-secret', subject: "'moon.example.org' - 'carol.example.org'" },
    },
    attempts: { 1: { kind: 'unresolved', step: 'lookup', times: 1, child: 'net' } },
  });
});
