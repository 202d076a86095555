import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../../support/daemon-process.ts';

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
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
});
