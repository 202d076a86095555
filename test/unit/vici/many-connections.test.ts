import { expect, test } from 'vitest';
import { section, value } from '../../../daemon/config/tree.ts';
import { PacketType } from '../../../daemon/vici/packet.ts';
import { connectionConfig } from '../../support/connections.ts';
import { ask, ViciBench } from '../../support/vici.ts';

const MANY = 10_000;

/** A daemon with ten thousand connections, and which of them somebody looked at. */
function crowd(bench: ViciBench): Set<string> {
  const seen = new Set<string>();
  for (let i = 0; i < MANY; i++) {
    bench.control.store.load(
      new Proxy(connectionConfig(`c${i}`), {
        get(target, key) {
          if (key !== 'name') seen.add(target.name);
          return Reflect.get(target, key);
        },
      }),
    );
  }
  seen.clear();
  return seen;
}

test('list-conns of ten thousand is written as it is read', async () => {
  await using bench = await ViciBench.start();
  const seen = crowd(bench);
  using client = await bench.raw();
  client.send(PacketType.EVENT_REGISTER, 'list-conn');
  await client.next();
  client.socket.pause();
  client.send(PacketType.CMD_REQUEST, 'list-conns');
  using other = await bench.raw();
  for (let i = 0; i < 50; i++) await ask(other, 'version');
  // What nobody reads is not even made.
  expect(seen.size).toBeGreaterThan(0);
  expect(seen.size).toBeLessThan(MANY / 2);
  client.socket.resume();
  let events = 0;
  for (;;) {
    const packet = await client.next();
    if (packet?.type !== PacketType.EVENT) break;
    expect(packet.message.tree[0]?.name).toBe(`c${events++}`);
  }
  expect(events).toBe(MANY);
});

test('list-conns by name looks at that one', async () => {
  await using bench = await ViciBench.start();
  const seen = crowd(bench);
  using client = await bench.raw();
  client.send(PacketType.EVENT_REGISTER, 'list-conn');
  await client.next();
  client.send(PacketType.CMD_REQUEST, 'list-conns', [value('ike', `c${MANY - 1}`)]);
  expect((await client.next())?.message.tree[0]?.name).toBe(`c${MANY - 1}`);
  expect((await client.next())?.type).toBe(PacketType.CMD_RESPONSE);
  client.send(PacketType.CMD_REQUEST, 'list-conns', [value('ike', 'nobody')]);
  expect((await client.next())?.type).toBe(PacketType.CMD_RESPONSE);
  expect(seen).toEqual(new Set([`c${MANY - 1}`]));
});

test('get-conns names all in order of loading', async () => {
  await using bench = await ViciBench.start();
  crowd(bench);
  using client = await bench.raw();
  await ask(client, 'load-conn', [section('c5', [value('encap', 'yes')])]);
  const [[, names] = []] = await ask(client, 'get-conns');
  expect(names).toEqual(Array.from({ length: MANY }, (_, i) => `c${i}`));
});
