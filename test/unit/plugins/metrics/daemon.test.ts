import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ExitCode } from '../../../../daemon/exit-codes.ts';
import { DaemonProcess } from '../../../support/daemon-process.ts';

const conf = (more: string, scripts = ''): string => `charon {
  port = 0
  port_nat_t = 0
  ${scripts}
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
    metrics { ${more} }
  }
}`;

/** Where a daemon serves, as its log says. */
async function where(daemon: DaemonProcess): Promise<string> {
  await daemon.says('serving metrics at http://127.0.0.1:');
  const [, url = ''] = /serving metrics at (http:\S+)\/metrics/.exec(daemon.output) ?? [];
  return url;
}

test('a daemon serves its own state; it is ready when its start scripts are through', async () => {
  const scripts = 'start-scripts { wait = while [ ! -e @/go ]; do sleep 0.05; done }';
  await using daemon = new DaemonProcess(conf('load = yes\n port = 0', scripts));
  const url = await where(daemon);
  const status = async (path: string): Promise<number> => (await fetch(url + path)).status;
  expect([await status('/health'), await status('/ready')]).toEqual([200, 503]);
  daemon.write('go', '');
  while ((await status('/ready')) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await (await fetch(`${url}/list-sas`)).json()).toEqual([]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^charon_connections 0$/m);
  expect(metrics).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m);
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: ExitCode.OK });
});

test('off by default', async () => {
  await using daemon = new DaemonProcess(conf('port = 0'));
  await daemon.says('serving VICI at');
  daemon.kill('SIGTERM');
  expect((await daemon.ended).stdout).not.toContain('metrics');
});

test('a port in use is told, and the daemon works all the same', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await using daemon = new DaemonProcess(conf(`load = yes\n port = ${port}`));
  await daemon.says(`metrics cannot be served at 127.0.0.1 port ${port}: `);
  await daemon.says('serving VICI at');
  blocker.close();
});

test.each(['0.0.0.0', '::', '192.0.2.1', 'localhost', '127.0.0.1.example.org'])(
  'an address that others can reach, %s, is refused',
  async (address) => {
    await using daemon = new DaemonProcess(conf(`load = yes\n address = "${address}"`));
    const { code, stderr } = await daemon.ended;
    expect(code).toBe(ExitCode.CONFIG);
    expect(stderr).toMatch(
      /invalid value '.*' for 'plugins.metrics.address', allowed is an address of the loopback/,
    );
  },
);
