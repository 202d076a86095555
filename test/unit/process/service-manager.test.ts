import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { ViciClient } from '../../support/vici-client.ts';

const MANAGER = fileURLToPath(new URL('../../support/service-manager.pl', import.meta.url));

const CONF = `charon {
  port = 0
  port_nat_t = 0
  state_journal = yes
  plugins { vici { socket = unix:///run/never-opened.vici } kernel-null { load = yes } }
}
`;

test('a service manager opens the socket, is told what the daemon does, and gives it folders', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'managed-'));
  for (const name of ['runtime', 'state']) mkdirSync(join(folder, name), { mode: 0o700 });
  await using daemon = new DaemonProcess(CONF, { wrapper: ['perl', MANAGER, folder] });
  await daemon.says('told: READY=1');
  await daemon.says('serving VICI at the socket of the service manager');
  await daemon.says('told: WATCHDOG=1\ntold: STATUS=IKE_SAs: 0, of them half-open: 0\ntold: W');
  await using client = await ViciClient.connect(new NodeStreams(), `${folder}/opened.vici`);
  expect((await client.call('version')).get('daemon')).toBe('charon-ts');
  expect(readdirSync(join(folder, 'state'))).toEqual(['crash-detection']);
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('told: STOPPING=1'),
  });
  expect(existsSync(`${folder}/opened.vici`)).toBe(true);
  rmSync(folder, { recursive: true });
});
