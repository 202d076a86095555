import { describe, expect, test } from 'vitest';
import { value } from '../../../../daemon/config/tree.ts';
import { NodeStreams } from '../../../../daemon/runtime/node-stream.ts';
import { PacketType } from '../../../../daemon/vici/packet.ts';
import { ViciSession } from '../../../../daemon/vici/session.ts';
import type { SessionWorld } from '../../../../daemon/vici/session-link.ts';
import { Session } from '../../../../daemon/vici-session.ts';
import { connectionConfig } from '../../../support/connections.ts';
import { ScriptedVici } from '../../../support/scripted-vici.ts';
import { until, ViciBench } from '../../../support/vici.ts';

const ALERT = [PacketType.EVENT, 'alert', [value('type', 'unique-keep')]] as const;

/** Waits that are over at once, and how long they were meant to be. */
function impatient(): SessionWorld & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    streams: new NodeStreams(),
    sleep: (millis) => {
      waits.push(millis);
      return Promise.resolve();
    },
  };
}

const stopped = (bench: ViciBench): Promise<void> =>
  Promise.resolve(bench.server[Symbol.asyncDispose]());

describe('a session whose daemon goes away', () => {
  test('rejects at once if there never was one', async () => {
    await expect(Session.connect('/nowhere/charon.vici')).rejects.toMatchObject({
      kind: 'unreachable',
      message: "cannot connect to '/nowhere/charon.vici': no such file or directory",
    });
  });

  test('rejects what ran, sends what waited, and goes on listening', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    await using session = await Session.connect(bench.path);
    bench.control.onInitiate = () => new Promise(() => undefined);
    const events = session.listen(['alert', 'reconnected']);
    const running = session.initiate({ ike: 'gw' }).result();
    const waiting = session.getConns();
    await until(() => bench.control.initiated.length === 1);
    const broken = expect(running).rejects.toMatchObject({
      kind: 'closed',
      message: 'the daemon closed the connection',
    });
    await stopped(bench);
    await broken;
    await bench.serve();
    expect(await events.next()).toMatchObject({ value: { event: 'reconnected' } });
    expect(await waiting).toEqual({ conns: ['gw'] });
    expect(bench.control.initiated).toHaveLength(1);
    expect(bench.control.listeners).toBe(1);
    bench.control.raise({ kind: 'alert', type: 'unique-keep' });
    expect(await events.next()).toMatchObject({ value: { event: 'alert' } });
  });

  test('connects again for the next call, many times', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    await using events = session.listen(['alert', 'log']);
    for (let n = 0; n < 5; n++) {
      await stopped(bench);
      await bench.serve();
      // Either the old connection is found closed by this call, or it was found before.
      await session.version().catch(() => session.version());
      await until(() => bench.control.listeners === 1);
      bench.control.raise({ kind: 'alert', type: 'unique-keep' });
      expect(await events.next()).toMatchObject({ value: { event: 'alert' } });
    }
  });

  test('looks for it more and more seldom, and gives up after a while', async () => {
    await using bench = await ViciBench.start();
    const world = impatient();
    await using session = await ViciSession.over(world, {
      path: bench.path,
      reconnectWithin: 20_000,
    });
    const events = session.listen(['alert']);
    await session.version();
    await stopped(bench);
    await expect(events.next()).rejects.toMatchObject({ kind: 'unreachable' });
    const waits = [100, 200, 400, 800, 1600, 3200, 5000, 5000, 3700];
    // Once before it is looked for at all.
    expect(world.waits).toEqual([100, ...waits]);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(20_000);
    // Every call looks again, and nobody looks in vain meanwhile.
    await expect(session.version()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(world.waits).toEqual([100, ...waits, ...waits]);
    await bench.serve();
    expect((await session.version()).daemon).toBe('charon');
  });

  test('leaves a call that waits for it when its signal says so', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    await stopped(bench);
    await session.version().catch(() => undefined);
    const signal = AbortSignal.timeout(30);
    await expect(session.version({ signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    const behind = session.version();
    await bench.serve();
    expect((await behind).daemon).toBe('charon');
  });

  test('is not asked as fast as it can by whoever listens', async () => {
    // Takes every registration, and hangs up when the next packet comes; the first one hangs up at once.
    let registered = 0;
    await using daemon = await ScriptedVici.start(() => {
      registered += 1;
      if (registered === 1) return 'close';
      if (registered === 4) return [[PacketType.EVENT_CONFIRM, undefined, []], ALERT];
      setTimeout(() => daemon.hangUp(), 1);
      return [[PacketType.EVENT_CONFIRM, undefined, []]];
    });
    const world = impatient();
    await using session = await ViciSession.over(world, { path: daemon.path });
    await using events = session.listen(['alert', 'reconnected']);
    const heard: string[] = [];
    for await (const { event } of events) {
      heard.push(event);
      if (event === 'alert') break;
    }
    expect(heard).toEqual(['reconnected', 'reconnected', 'reconnected', 'alert']);
    expect(world.waits).toEqual([100, 100, 100]);
    expect(daemon.connections).toBe(4);
  });

  test('can be closed while it looks', async () => {
    await using bench = await ViciBench.start();
    const session = await Session.connect(bench.path);
    const events = session.listen(['alert']);
    await session.version();
    await stopped(bench);
    const call = session.version();
    const closed = expect(call).rejects.toMatchObject({ kind: 'closed' });
    const ended = expect(events.next()).rejects.toMatchObject({ kind: 'closed' });
    await session[Symbol.asyncDispose]();
    await closed;
    await ended;
  });
});
