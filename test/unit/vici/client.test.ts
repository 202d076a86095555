import { describe, expect, test } from 'vitest';
import { ViciClient } from '../../../daemon/vici/client.ts';
import { connectionConfig } from '../../support/connections.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { until, ViciBench } from '../../support/vici.ts';

describe('the client', () => {
  test('turns answers into maps, failures into errors, streams into loops', async () => {
    await using bench = await ViciBench.start();
    await using client = await bench.client();
    await client.loadConn({
      gw: {
        remote_addrs: ['10.0.0.2'],
        encap: true,
        local: { auth: 'psk' },
        remote: { auth: 'psk', id: undefined },
        children: { net: { reqid: 7 } },
      },
    });
    expect(bench.control.store.get('gw')).toMatchObject({ encap: true });
    await client.loadShared({ id: 'k', type: 'ike', data: new Uint8Array(32), owners: ['a'] });
    bench.control.sas = [ikeSaView(), ikeSaView({ name: 'b' })];
    const names: unknown[] = [];
    for await (const sa of client.listSas()) names.push(...sa.keys());
    expect(names).toEqual(['gw', 'b']);
    bench.control.onInitiate = (progress) => {
      progress({ group: 'ike', level: 1, message: 'no answer' });
      return Promise.resolve({ ok: false, errmsg: "establishing CHILD_SA 'net' failed" });
    };
    const lines: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const line of client.initiate({ child: 'net' })) lines.push(line.get('msg'));
    };
    await expect(run()).rejects.toThrow("establishing CHILD_SA 'net' failed");
    expect(lines).toEqual(['no answer']);
    await expect(client.unloadConn('x')).rejects.toThrow("unload: connection 'x' not found");
    await expect(client.call('nothing')).rejects.toThrow(
      "the daemon does not know the command 'nothing'",
    );
    const [a, b, c] = await Promise.all([
      client.version(),
      client.stats(),
      client.request('get-conns'),
    ]);
    expect([a.get('daemon'), b.has('uptime'), c.get('conns')]).toEqual(['charon', true, ['gw']]);
  });

  test('gives up a running command by ending the connection', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    let aborted = false;
    bench.control.onInitiate = (_progress, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve({ ok: false, errmsg: 'gone' });
        });
      });
    const abort = new AbortController();
    const client = await ViciClient.connect(bench.streams, bench.path, abort.signal);
    const running = client.request('initiate', { ike: 'gw' });
    await until(() => bench.control.initiated.length === 1);
    abort.abort();
    await expect(running).rejects.toThrow('the client was aborted');
    await until(() => aborted);
    await expect(ViciClient.connect(bench.streams, bench.path, abort.signal)).rejects.toThrow();
  });

  test('listens until told to stop, and hears when the daemon ends', async () => {
    await using bench = await ViciBench.start();
    await using client = await bench.client();
    const stop = new AbortController();
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { name } of client.events(['alert', 'ike-updown'], stop.signal)) {
        heard.push(name);
        if (heard.length === 2) stop.abort();
      }
    })();
    while (bench.control.listeners < 2) await client.version();
    bench.control.raise({ kind: 'alert', type: 'unique-keep' });
    bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
    await listening;
    expect(heard).toEqual(['alert', 'ike-updown']);
    await client.version();
    expect(bench.control.listeners).toBe(0);
    const ended = (async () => {
      for await (const event of client.events(['alert'])) heard.push(event.name);
    })();
    while (bench.control.listeners < 1) await client.version();
    await bench.server[Symbol.asyncDispose]();
    await expect(ended).rejects.toThrow('the daemon closed the connection');
    await expect(client.version()).rejects.toThrow('the daemon closed the connection');
  });
});
