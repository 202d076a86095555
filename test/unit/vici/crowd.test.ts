import { expect, test } from 'vitest';
import { section, type Tree, value } from '../../../daemon/config/tree.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import { connectionConfig } from '../../support/connections.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { ask, type RawClient, until, ViciBench } from '../../support/vici.ts';

/** Turns of the event loop, counted as they come. */
class TurnCounter implements Disposable {
  turn = 0;
  #stopped = false;

  constructor() {
    const next = (): void => {
      this.turn++;
      if (!this.#stopped) setImmediate(next);
    };
    setImmediate(next);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
  }
}

const crowd = (bench: ViciBench, size: number): Promise<RawClient[]> =>
  Promise.all(Array.from({ length: size }, () => bench.raw()));

test('SEC-82 10 000 SAs are listed in slices, and other clients are answered between them', async () => {
  await using bench = await ViciBench.start();
  using counter = new TurnCounter();
  const perTurn = new Map<number, number>();
  let listed = 0;
  bench.control.listSas = function* () {
    for (; listed < 10_000; listed++) {
      perTurn.set(counter.turn, (perTurn.get(counter.turn) ?? 0) + 1);
      yield ikeSaView({ uniqueId: listed });
    }
  };
  using lister = await bench.raw();
  using other = await bench.raw();
  lister.send(P.EVENT_REGISTER, 'list-sa');
  lister.send(P.CMD_REQUEST, 'list-sas');
  await until(() => listed > 0);
  const seenAt: number[] = [];
  while (listed < 10_000) {
    await ask(other, 'version');
    seenAt.push(listed);
  }
  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(64);
  // Not once at the end: again and again while the list went on.
  expect(new Set(seenAt).size).toBeGreaterThan(20);
});

test('SEC-82 lists for a hundred clients at once are no more work in a turn than for one', async () => {
  await using bench = await ViciBench.start();
  using counter = new TurnCounter();
  const perTurn = new Map<number, number>();
  let listed = 0;
  bench.control.listSas = function* () {
    for (let i = 0; i < 200; i++, listed++) {
      perTurn.set(counter.turn, (perTurn.get(counter.turn) ?? 0) + 1);
      yield ikeSaView({ uniqueId: i });
    }
  };
  const clients = await crowd(bench, 100);
  for (const client of clients) {
    client.send(P.EVENT_REGISTER, 'list-sa');
    client.send(P.CMD_REQUEST, 'list-sas');
  }
  await until(() => listed === 100 * 200, 20_000);
  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(100);
  for (const client of clients) client[Symbol.dispose]();
});

test('all clients together are held no more than 256 MiB for: the greediest goes first, others stay', async () => {
  await using bench = await ViciBench.start();
  const readers = 40;
  const lazy = await crowd(bench, readers);
  for (const client of lazy) {
    client.send(P.EVENT_REGISTER, 'ike-updown');
    await client.next();
    client.socket.pause();
  }
  using reader = await bench.raw();
  const greedy = lazy[7];
  greedy?.send(P.EVENT_REGISTER, 'ike-updown');
  greedy?.socket.resume();
  await greedy?.next();
  greedy?.socket.pause();
  const ike = ikeSaView({ remoteId: 'x'.repeat(60_000) });
  // 40 clients that hold 8 MiB each would be 320 MiB; the one registered twice holds most.
  for (let i = 0; i < 140; i++) bench.control.raise({ kind: 'ike-updown', up: true, ike });
  const lines = bench.log.lines.filter((line) => line.includes('are held for all clients'));
  expect(lines[0]).toMatch(
    /^disconnected vici client: more than 256 MiB are held for all clients, 1\d MiB of them for it$/,
  );
  expect(bench.server.clients).toBeGreaterThan(readers / 2);
  expect(bench.server.clients).toBeLessThan(readers);
  expect(await ask(reader, 'get-conns')).toEqual([['conns', []]]);
  for (const client of lazy) client[Symbol.dispose]();
});

test('half-sent packets of many clients count as well', async () => {
  await using bench = await ViciBench.start();
  const clients = await crowd(bench, 500);
  const half = new Uint8Array(500_000);
  new DataView(half.buffer).setUint32(0, 512 * 1024);
  // 500 times half a MiB is less than the limit; what is not complete is waited for.
  for (const client of clients) client.write(half);
  using other = await bench.raw();
  expect(await ask(other, 'get-conns')).toEqual([['conns', []]]);
  await bench.control.loadConnection(connectionConfig('gw'));
  expect(bench.server.clients).toBeGreaterThan(400);
  for (const client of clients) client[Symbol.dispose]();
  await until(() => bench.server.clients === 1);
  expect(await ask(other, 'get-conns')).toEqual([['conns', ['gw']]]);
});

test('SEC-82 requests of 512 KiB back to back do not keep others waiting: one in a turn', async () => {
  await using bench = await ViciBench.start();
  using counter = new TurnCounter();
  const begun: number[] = [];
  const { stats } = bench.control;
  bench.control.stats = () => {
    begun.push(counter.turn);
    return stats.call(bench.control);
  };
  using greedy = await bench.raw();
  const large: Tree = [section('x', new Array(7).fill(value('y', new Uint8Array(65_000))))];
  for (let i = 0; i < 20; i++) greedy.send(P.CMD_REQUEST, 'stats', large);
  using other = await bench.raw();
  for (let i = 0; i < 20; i++) await ask(other, 'get-conns');
  for (let i = 0; i < 20; i++) expect((await greedy.next())?.type).toBe(P.CMD_RESPONSE);
  expect(new Set(begun).size).toBe(20);
});

test('SEC-82 thousands of connections in one request are read in slices', async () => {
  await using bench = await ViciBench.start();
  using counter = new TurnCounter();
  const connections = Array.from({ length: 2000 }, (_, i) =>
    section(`gw${i}`, [section('local', [value('auth', 'psk')])]),
  );
  using loader = await bench.raw();
  const before = counter.turn;
  expect(await ask(loader, 'load-conn', connections)).toEqual([['success', 'yes']]);
  expect(counter.turn - before).toBeGreaterThan(2000 / 64);
  expect(bench.control.store.all()).toHaveLength(2000);
});
