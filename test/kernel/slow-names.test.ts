import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith } from '../support/capability.ts';
import { daemonPair } from '../support/daemon-pair.ts';
import { until } from '../support/vici.ts';

/** Nobody else serves names at this address of the loopback. */
const SERVER = '127.0.0.153';
const PEER = Uint8Array.of(127, 0, 0, 2);
const NAMES = 20;

/** A server of names that takes every question and says nothing, until it is told to. */
class SilentNameServer implements AsyncDisposable {
  readonly #socket = createSocket('udp4');
  questions = 0;
  answers = false;

  static async start(): Promise<SilentNameServer> {
    const server = new SilentNameServer();
    server.#socket.on('message', (question, { port, address }) => {
      server.questions++;
      if (server.answers) server.#socket.send(answerTo(question), port, address);
    });
    server.#socket.bind(53, SERVER);
    await once(server.#socket, 'listening');
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
  }
}

/** RFC 1035 section 4.1: the question with one address of the peer, or with none if it is not one of IPv4. */
function answerTo(question: Uint8Array): Uint8Array {
  const end = question.indexOf(0, 12) + 5;
  const wantsIpv4 = question[end - 3] === 1;
  const header = [...question.subarray(0, 2), 0x81, 0x80, 0, 1, 0, wantsIpv4 ? 1 : 0, 0, 0, 0, 0];
  const record = wantsIpv4 ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...PEER] : [];
  return Uint8Array.of(...header, ...question.subarray(12, end), ...record);
}

describeWith(['net-admin'], 'a server of names that does not answer', () => {
  test('holds up nothing but what needs it, and is asked again', async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await SilentNameServer.start());
    const folder = mkdtempSync(join(tmpdir(), 'names-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const conf = join(folder, 'resolv.conf');
    writeFileSync(conf, `nameserver ${SERVER}\n`);
    const wrapper = [
      ...['unshare', '--mount', 'sh', '-c'],
      `mount --bind ${conf} /etc/resolv.conf && exec "$@"`,
      'sh',
    ];
    const connection = { unique: 'never' };
    const [moon, carol] = await daemonPair({ wrapper, connection }, { connection });
    stack.use(moon);
    stack.use(carol);
    const byName = { ...moon.section, keyingtries: '0', ...connection };
    const names = Array.from({ length: NAMES }, (_, n) => `name-${n}`);
    for (const name of names) {
      const children = { [name]: { local_ts: ['10.1.0.0/16'], remote_ts: ['10.1.0.0/16'] } };
      await moon.vici.loadConn({
        [name]: { ...byName, remote_addrs: [`${name}.example.org`], children },
      });
      await moon.vici.request('initiate', { child: name, timeout: '-1' });
    }
    await until(() => server.questions > 0);

    // Everything else goes on: clients, peers, and what we begin ourselves.
    for (let round = 0; round < 3; round++) {
      expect((await moon.vici.version()).get('daemon')).toBe('charon-ts');
      await carol.initiate();
      expect(await moon.established()).toHaveLength(1);
      await carol.terminate();
      await moon.initiate();
      expect(await carol.established()).toHaveLength(1);
      await moon.terminate();
    }
    expect(moon.count('established between')).toBe(6);

    server.answers = true;
    await until(() => moon.count('established between') === 6 + NAMES, 90_000);
    for (const name of names) expect(moon.count(`IKE_SA ${name}[`)).toBeGreaterThan(0);
    expect(moon.process.output).not.toContain('internal error');
  }, 120_000);
});
