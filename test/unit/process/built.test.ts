import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { ViciClient } from '../../../daemon/vici/client.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins { vici { socket = unix://@/charon.vici } kernel-null { load = yes } }
}
`;

test('npm run build emits a daemon that starts like the sources do', {
  timeout: 60_000,
}, async () => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'pipe' });
  await using daemon = new DaemonProcess(CONF, { main: `${ROOT}dist/bin/main.js` });
  await daemon.says('serving VICI at');
  await using client = await ViciClient.connect(new NodeStreams(), daemon.socket);
  // the process that keeps it is part of what was built
  const data = pkcs8Of(keyPair('ed25519').privateKey);
  const answer = await client.call('load-key', { type: 'any', data });
  expect(answer.get('success')).toBe('yes');
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
});
