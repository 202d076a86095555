import { getEventListeners } from 'node:events';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { IkeSaKeys } from '../../../../daemon/vici/generated/sa-types.ts';
import { PacketType } from '../../../../daemon/vici/packet.ts';
import { Session } from '../../../../daemon/vici-session.ts';
import { ikeSaView } from '../../../support/fake-control.ts';
import { ScriptedVici } from '../../../support/scripted-vici.ts';
import { until, ViciBench } from '../../../support/vici.ts';

describe('listening', () => {
  test('begins with the call, tells events apart by name, and ends with the signal', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const stop = new AbortController();
    const events = session.listen(['alert', 'ike-updown'], { signal: stop.signal });
    // Both are registered before the next command is sent.
    await session.version();
    expect(bench.control.listeners).toBe(2);
    bench.control.raise({ kind: 'alert', type: 'unique-keep', ike: ikeSaView() });
    bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
    bench.control.raise({ kind: 'ike-updown', up: false, ike: ikeSaView() });
    const heard: unknown[] = [];
    for await (const { event, data } of events) {
      if (event === 'alert') {
        expectTypeOf(data['ike-sa']).toEqualTypeOf<ReadonlyMap<string, IkeSaKeys>>();
        heard.push([data.type, ...data['ike-sa'].keys()]);
      } else {
        expectTypeOf(data.up).toEqualTypeOf<boolean>();
        heard.push([data.name, data.up, data.ike.state]);
        if (!data.up) stop.abort();
      }
    }
    expect(heard).toEqual([
      ['unique-keep', 'gw'],
      ['gw', true, 'ESTABLISHED'],
      ['gw', false, 'ESTABLISHED'],
    ]);
    await session.version();
    expect(bench.control.listeners).toBe(0);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    expect(await session.listen(['alert'], { signal: stop.signal }).next()).toMatchObject({
      done: true,
    });
    await session.version();
    expect(bench.control.listeners).toBe(0);
  });

  test('goes on for others when one loop is left', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const one = session.listen(['alert']);
    // Asking for an event twice gives it once.
    await using two = session.listen(['alert', 'log', 'alert']);
    await session.version();
    expect(bench.control.listeners).toBe(1);
    bench.control.raise({ kind: 'alert', type: 'unique-keep' });
    const heard: string[] = [];
    for await (const { event } of one) {
      heard.push(event);
      break;
    }
    await session.version();
    bench.control.raise({ kind: 'alert', type: 'unique-replace' });
    expect(await two.next()).toMatchObject({ value: { data: { type: 'unique-keep' } } });
    expect(await two.next()).toMatchObject({ value: { data: { type: 'unique-replace' } } });
    expect(heard).toEqual(['alert']);
  });

  test('needs names of events for everybody', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    // Plain JavaScript can ask for anything.
    const anything = (names: unknown) => () => session.listen(names as readonly 'log'[]);
    expect(anything([])).toThrow('listen needs the name of an event');
    expect(anything(['reconnected'])).toThrow('listen needs the name of an event');
    expect(anything(['list-sa'])).toThrow("there is no event 'list-sa' to listen to");
    expect(anything(['log', 'x'])).toThrow("there is no event 'x' to listen to");
  });

  test('throws if the daemon does not know one of the events, and forgets the others', async () => {
    const asked: string[] = [];
    await using daemon = await ScriptedVici.start((type, name) => {
      if (type !== PacketType.CMD_REQUEST) asked.push(`${type} ${name}`);
      if (type === PacketType.CMD_REQUEST) return [[PacketType.CMD_RESPONSE, undefined, []]];
      return [
        [
          name === 'child-state-installed' ? PacketType.EVENT_UNKNOWN : PacketType.EVENT_CONFIRM,
          undefined,
          [],
        ],
      ];
    });
    await using session = await Session.connect(daemon.path);
    const events = session.listen(['alert', 'child-state-installed']);
    await expect(events.next()).rejects.toMatchObject({
      kind: 'unknown',
      message: "the daemon does not know the event 'child-state-installed'",
    });
    await session.call('x');
    expect(asked).toEqual(['3 alert', '3 child-state-installed', '4 alert']);
  });

  test('holds the daemon up while nobody reads, and commands still work', async () => {
    await using bench = await ViciBench.start();
    await using session = await Session.connect(bench.path);
    const events = session.listen(['alert']);
    await session.version();
    const total = 20_000;
    for (let n = 0; n < total; n++) {
      bench.control.raise({ kind: 'alert', type: 'unique-keep', ike: ikeSaView({ uniqueId: n }) });
    }
    // Far more than the system's buffers hold: the rest waits at the daemon, which is bounded there.
    expect((await session.version()).daemon).toBe('charon');
    let heard = 0;
    for await (const { data } of events) {
      expect(data['ike-sa'].get('gw')?.uniqueid).toBe(heard);
      heard += 1;
      if (heard === total) break;
    }
    expect(heard).toBe(total);
  });

  test('ends with the error when the daemon is gone for good', async () => {
    await using bench = await ViciBench.start();
    const session = await Session.connect({ path: bench.path, reconnectWithin: 0 });
    const events = session.listen(['alert']);
    await session.version();
    await bench.server[Symbol.asyncDispose]();
    await expect(events.next()).rejects.toMatchObject({ kind: 'closed' });
    expect(await events.next()).toMatchObject({ done: true });
    await expect(session.version()).rejects.toMatchObject({ kind: 'closed' });
  });

  test('ends when the session is closed', async () => {
    await using bench = await ViciBench.start();
    const session = await Session.connect(bench.path);
    const events = session.listen(['alert']);
    const next = events.next();
    await until(() => bench.control.listeners === 1);
    await session[Symbol.asyncDispose]();
    await expect(next).rejects.toThrow('the session was closed');
    await until(() => bench.control.listeners === 0);
    await expect(session.version()).rejects.toThrow('the session was closed');
    await expect(session.listen(['log']).next()).rejects.toThrow('the session was closed');
  });
});
