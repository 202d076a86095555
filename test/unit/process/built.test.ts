import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Session } from '../../../daemon/vici-session.ts';
import { manuals } from '../../../scripts/lib/manuals/manuals.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { PackageConsumer } from '../../support/package-consumer.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';
import { until, ViciBench } from '../../support/vici.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TSC = `${ROOT}node_modules/.bin/tsc`;

const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins { vici { socket = unix://@/charon.vici } kernel-null { load = yes } }
}
`;

/** What plain JavaScript does with the package; `%` is the socket. */
const SCRIPT = `
import { Session, ViciError } from 'charon-ts/vici';
await using session = await Session.connect('%');
const events = session.listen(['log'], { signal: AbortSignal.timeout(10_000) });
const { daemon } = await session.version();
await session.loadShared({ id: 'psk', type: 'ike', data: new Uint8Array(32), owners: ['a', 'b'] });
await session.loadConn({ gw: { local: { auth: 'psk' }, remote: { auth: 'psk' }, children: { net: {} } } });
const [{ name, connection }] = await session.listConns().toArray();
const refusal = await session.unloadConn({ name: 'x' }).catch((error) => error);
const { value } = await events.next();
console.log(JSON.stringify({
  daemon, name, children: [...connection.children.keys()], ...(await session.getShared()),
  refused: refusal instanceof ViciError && refusal.kind, event: value.event,
}));
await events.return();
`;

beforeAll(() => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'pipe' });
}, 120_000);

describe('what npm run build makes', () => {
  test('is a daemon that starts like the sources do', { timeout: 60_000 }, async () => {
    await using daemon = new DaemonProcess(CONF, { main: `${ROOT}dist/bin/main.js` });
    await daemon.says('serving VICI at');
    await using session = await Session.connect(daemon.socket);
    // the process that keeps it is part of what was built
    const data = pkcs8Of(keyPair('ed25519').privateKey);
    expect((await session.loadKey({ type: 'any', data })).id).toMatch(/^[0-9a-f]{40}$/);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('the package, installed from its tarball into an empty folder', () => {
  let consumer: PackageConsumer;
  beforeAll(() => {
    consumer = new PackageConsumer(ROOT);
  }, 60_000);
  afterAll(() => consumer[Symbol.dispose]());

  test('has manual pages and completions', () => {
    const made = [...manuals('').keys()].map((path) => `dist/${path}`);
    expect(made).toHaveLength(13);
    expect(consumer.files).toEqual(expect.arrayContaining(made));
    const { man, version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    expect(made).toEqual(expect.arrayContaining(man));
    expect(readFileSync(`${ROOT}dist/man/swanctl.8`, 'utf8')).toContain(`charon\\-ts ${version}`);
  });

  test('is a client for plain JavaScript, without further packages', {
    timeout: 60_000,
  }, async () => {
    await using daemon = new DaemonProcess(CONF, { main: `${ROOT}dist/bin/main.js` });
    await daemon.says('serving VICI at');
    consumer.write('script.js', SCRIPT.replace('%', daemon.socket));
    const { code, output } = await consumer.run('script.js');
    expect(code, output).toBe(0);
    expect(JSON.parse(output)).toEqual({
      daemon: 'charon-ts',
      name: 'gw',
      children: ['net'],
      keys: ['psk'],
      refused: 'refused',
      event: 'log',
    });
  });

  test('has types: what is right compiles, what is wrong does not', { timeout: 60_000 }, () => {
    const sample = (name: string): string =>
      readFileSync(`${ROOT}test/support/consumer/${name}.txt`, 'utf8');
    for (const name of ['right.ts', 'wrong.ts']) consumer.write(name, sample(name));
    const { places, output } = consumer.compile(TSC);
    const wrong = sample('wrong.ts')
      .split('\n')
      .flatMap((line, index) => (line.endsWith('// wrong') ? [`wrong.ts:${index + 1}`] : []));
    expect(wrong.length).toBeGreaterThan(40);
    expect(places.toSorted(), output).toEqual(wrong.toSorted());
  });

  test('does what README.md shows', { timeout: 60_000 }, async () => {
    const [, example = ''] =
      /```js\n(.*?)```/s.exec(readFileSync(`${ROOT}README.md`, 'utf8')) ?? [];
    expect(example).toContain("from 'charon-ts/vici'");
    await using bench = await ViciBench.start();
    bench.control.onInitiate = (progress) => {
      progress({ group: 'ike', level: 1, message: 'initiating IKE_SA gw[1]' });
      bench.control.sas = [ikeSaView()];
      return Promise.resolve({ ok: true });
    };
    const script = example.replace('/run/charon.vici', bench.path).replace('60_000', '2000');
    consumer.write('example.js', script);
    const ran = consumer.run('example.js');
    await until(() => bench.control.listeners === 2, 20_000);
    bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
    const { code, output } = await ran;
    expect(code, output).toBe(0);
    expect(output.trim().split('\n')).toEqual([
      'initiating IKE_SA gw[1]',
      expect.stringMatching(/^gw ESTABLISHED \S+$/),
      'ike-updown gw up',
    ]);
    expect(bench.control.store.get('gw')?.children.get('net')).toBeDefined();
    expect(bench.keys.ids()).toEqual([]);
  });
});
