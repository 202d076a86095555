import { getEventListeners } from 'node:events';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { value } from '../../../../daemon/config/tree.ts';
import { ViciError } from '../../../../daemon/vici/channel.ts';
import { PacketType } from '../../../../daemon/vici/packet.ts';
import { type ListSaEvent, Session } from '../../../../daemon/vici-session.ts';
import { connectionConfig } from '../../../support/connections.ts';
import { ikeSaView } from '../../../support/fake-control.ts';
import { answering, ScriptedVici } from '../../../support/scripted-vici.ts';
import { until, ViciBench } from '../../../support/vici.ts';

const GW = {
  gw: {
    remote_addrs: ['10.0.0.2'],
    version: 2,
    encap: true,
    rekey_time: '2h',
    local: { auth: 'psk', id: 'moon' },
    'local-2': { auth: 'psk', id: 'luna' },
    remote: { auth: 'psk', id: undefined },
    children: { net: { reqid: 7, start_action: 'none' } },
  },
} as const;

describe('calls of a session', () => {
  test('have typed answers, in which keys are those of the protocol', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const version = await session.version();
    expect(version).toEqual({
      daemon: 'charon',
      version: '0.1.0',
      sysname: 'Linux',
      release: '6',
      machine: 'x',
    });
    expectTypeOf(version.daemon).toEqualTypeOf<string>();
    const stats = await session.stats();
    expect(stats.ikesas).toEqual({ total: 0, 'half-open': 0 });
    expectTypeOf(stats.ikesas.total).toEqualTypeOf<number>();
    expectTypeOf(stats.mallinfo?.used).toEqualTypeOf<bigint | undefined>();
    await session.loadConn(GW);
    expect(bench.control.store.get('gw')).toMatchObject({ encap: true });
    expect(bench.control.store.get('gw')?.local).toHaveLength(2);
    expect(await session.getConns()).toEqual({ conns: ['gw'] });
  });

  test('say what loading changes, if asked', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const { changes } = await session.diffConn(GW);
    expect(changes.get('gw')).toMatchObject({ outcome: 'added', keys: [] });
    expect(bench.control.store.size).toBe(0);
    const report = await session.loadConn({ ...GW, report: GW.gw }, { report: true });
    expect([...report.changes.keys()]).toEqual(['gw', 'report']);
    expect((await session.loadConn(GW)).changes.size).toBe(0);
    const preview = await session.diffConn(
      { gw: { ...GW.gw, children: {} } },
      { unload: ['report'] },
    );
    expect([...(preview.changes.get('gw')?.children ?? [])]).toEqual([
      ['net', { outcome: 'removed', keys: [] }],
    ]);
    expect(preview.changes.get('report')?.outcome).toBe('removed');
    const removed = await session.unloadConn({ name: 'gw', report: true });
    expect(removed.changes.get('gw')?.outcome).toBe('removed');
  });

  test('stream into loops and arrays, with an answer at their end', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    bench.control.sas = [ikeSaView(), ikeSaView({ name: 'b' })];
    const names: string[] = [];
    for await (const event of session.listSas()) {
      expectTypeOf(event).toEqualTypeOf<ListSaEvent>();
      names.push(event.name);
      for (const [key, child] of event.ike['child-sas']) {
        expectTypeOf(child['bytes-in']).toEqualTypeOf<bigint | undefined>();
        expect(key).toBe(`${child.name}-${child.uniqueid}`);
      }
    }
    expect(names).toEqual(['gw', 'b']);
    const [first] = await session.listSas({ ike: 'b' }).toArray();
    expect(first?.ike.state).toBe('ESTABLISHED');
    const lines: string[] = [];
    const closing = session.terminate({ ike: 'b' });
    for await (const { msg, group } of closing) lines.push(`${group} ${msg}`);
    expect(lines).toEqual(['IKE deleting IKE_SA b[1]']);
    expect(await closing.result()).toEqual({ matches: 1, terminated: 1 });
    expect(() => closing[Symbol.asyncIterator]()).toThrow('a stream can be read once');
    expect(await session.terminate({ ike: 'gw' }).result()).toMatchObject({ matches: 1 });
    expect(bench.control.sas).toEqual([]);
  });

  test('that are refused reject with errmsg and what else was answered', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const error = await session
      .terminate({ ike: 'x' })
      .result()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ViciError);
    expect(error).toMatchObject({
      kind: 'refused',
      message: 'no matching SAs to terminate found',
      answer: new Map(Object.entries({ success: 'no', matches: '0', terminated: '0' })).set(
        'errmsg',
        'no matching SAs to terminate found',
      ),
    });
    await expect(session.unloadConn({ name: 'x' })).rejects.toThrow("'x' not found");
    await expect(session.initiate({ child: 'x' }).toArray()).rejects.toMatchObject({
      kind: 'refused',
    });
    await expect(session.call('nothing')).rejects.toMatchObject({ kind: 'unknown' });
    expect((await session.call('get-conns')).get('conns')).toEqual([]);
  });

  test('that the protocol cannot carry are not sent', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const tooLong: unknown[] = [
      session.unloadConn({ name: 'x'.repeat(65_536) }),
      session.loadConn({ ['x'.repeat(256)]: {} }),
      session.loadConn({ a: { local_addrs: Array.from({ length: 9 }, () => 'x'.repeat(65_000)) } }),
      session.loadConn({ a: { children: { b: { local_ts: ['x'.repeat(65_536)] } } } }),
    ];
    for (const call of tooLong) await expect(call).rejects.toMatchObject({ kind: 'too-long' });
    await expect(session.initiate({ timeout: 0.5 }).result()).rejects.toThrow(
      "'timeout' is 0.5, which is no whole number",
    );
    expect(bench.control.initiated).toEqual([]);
    expect((await session.version()).daemon).toBe('charon');
  });

  test.each([
    [[value('daemon', 'x')], 'version is missing'],
    [[], 'daemon is missing'],
  ])('reject an answer that is incomplete: %#', async (tree, complaint) => {
    await using daemon = await ScriptedVici.start(answering(tree));
    await using session = await Session.connect(daemon.path);
    await expect(session.version()).rejects.toMatchObject({
      kind: 'unexpected',
      message: `the daemon sent what was not expected: ${complaint}`,
    });
  });

  test('end with an error when an event is not as it should be', async () => {
    await using daemon = await ScriptedVici.start((type, name) =>
      type === PacketType.CMD_REQUEST
        ? [
            [PacketType.EVENT, 'list-sa', [value('x', 1)]],
            [PacketType.CMD_RESPONSE, undefined, []],
          ]
        : [
            [
              name === 'list-sa' ? PacketType.EVENT_CONFIRM : PacketType.EVENT_UNKNOWN,
              undefined,
              [],
            ],
          ],
    );
    await using session = await Session.connect(daemon.path);
    await expect(session.listSas().toArray()).rejects.toMatchObject({
      kind: 'unexpected',
      message: 'the daemon sent what was not expected: list-sa has no section',
    });
    await expect(session.listConns().toArray()).rejects.toMatchObject({ kind: 'unknown' });
  });

  test('go out one after the other, however many are asked for at once', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        n % 2 === 0 ? session.getConns() : session.listConns().toArray(),
      ),
    );
    expect(answers).toHaveLength(500);
  });

  test('left early run on, and those behind them have their turn', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    bench.control.sas = Array.from({ length: 2000 }, (_, n) => ikeSaView({ name: `sa${n}` }));
    for await (const { name } of session.listSas()) {
      // A call from inside the loop gets its answer though the loop has not taken everything.
      expect((await session.version()).daemon).toBe('charon');
      expect(name).toBe('sa0');
      break;
    }
    expect((await session.listSas().toArray()).length).toBe(2000);
  });
});

describe('a signal', () => {
  test('takes back a call that waits, before anything is sent', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    await using session = await Session.connect(bench.path);
    let finish = (): void => undefined;
    bench.control.onInitiate = () =>
      new Promise((resolve) => {
        finish = () => resolve({ ok: true });
      });
    const running = session.initiate({ ike: 'gw' }).result();
    await until(() => bench.control.initiated.length === 1);
    const stop = new AbortController();
    const waiting = session.unloadConn({ name: 'gw' }, { signal: stop.signal });
    const behind = session.getConns();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(session.version({ signal: stop.signal })).rejects.toThrow('enough');
    finish();
    await running;
    expect(await behind).toEqual({ conns: ['gw'] });
  });

  test('gives up a call that runs; those behind it go on over a new connection', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    await using session = await Session.connect(bench.path);
    let cut = false;
    bench.control.onInitiate = (_progress, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          cut = true;
          resolve({ ok: false, errmsg: 'gone' });
        });
      });
    const stop = new AbortController();
    const running = session.initiate({ ike: 'gw' }, { signal: stop.signal }).toArray();
    const given = expect(running).rejects.toThrow('too slow');
    const behind = session.getConns();
    await until(() => bench.control.initiated.length === 1);
    stop.abort(new Error('too slow'));
    await given;
    expect(await behind).toEqual({ conns: ['gw'] });
    await until(() => cut);
  });

  test('is not remembered by what is over', async () => {
    await using bench = await ViciBench.start();
    const { signal } = new AbortController();
    await using session = await Session.connect({ path: bench.path, signal });
    bench.control.sas = [ikeSaView()];
    for (let n = 0; n < 20; n++) {
      await session.version({ signal });
      await session.listSas({}, { signal }).toArray();
      await session
        .unloadConn({ name: 'x' }, { signal })
        .catch((error: unknown) => expect(error).toBeInstanceOf(ViciError));
      const listening = session.listen(['alert'], { signal });
      await listening.return();
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('gives up connecting, and a session that is there does not mind it', async () => {
    await using bench = await ViciBench.start();
    const stop = new AbortController();
    await using session = await Session.connect({ path: bench.path, signal: stop.signal });
    stop.abort(new Error('enough'));
    expect((await session.version()).daemon).toBe('charon');
    await expect(Session.connect({ path: bench.path, signal: stop.signal })).rejects.toThrow(
      'enough',
    );
  });
});
