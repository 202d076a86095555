import { expect, test } from 'vitest';
import type { Endpoint } from '../../daemon/proto/endpoint.ts';
import { ip } from '../support/selectors.ts';
import { Ladder } from './ladder.ts';
import { SeededRandom } from './seeded-random.ts';
import { type LinkOptions, type PacketRecord, perfectLink, SimNetwork } from './sim-network.ts';
import { VirtualClock } from './virtual-clock.ts';

const at = (address: string, port = 500): Endpoint => ({ address: ip(address), port });

function network(link: Partial<LinkOptions> = {}, seed = 1) {
  const clock = new VirtualClock();
  const net = new SimNetwork(clock, new SeededRandom(seed));
  net.link = { ...perfectLink, ...link };
  const records: PacketRecord[] = [];
  net.onPacket((record) => records.push(record));
  const received: { text: string; at: number; from: Endpoint; to: Endpoint }[] = [];
  const listen = (name: string, ...addresses: string[]) => {
    const host = net.host(name, addresses.map(ip));
    host.onDatagram(({ data, local, remote }) => {
      received.push({ text: data.join(','), at: clock.now(), from: remote, to: local });
    });
    return host;
  };
  const run = () => {
    while (clock.step());
  };
  return { clock, net, records, received, listen, run };
}

test('a packet arrives after the latency with its addresses', () => {
  const { listen, received, run } = network({ latency: 20 });
  const moon = listen('moon', '192.0.2.1');
  listen('carol', '192.0.2.2');
  moon.send(at('192.0.2.1'), at('192.0.2.2', 4500), Uint8Array.of(1, 2));
  moon.send(at('0.0.0.0'), at('192.0.2.2'), Uint8Array.of(3));
  run();
  expect(received).toEqual([
    { text: '1,2', at: 20, from: at('192.0.2.1'), to: at('192.0.2.2', 4500) },
    { text: '3', at: 20, from: at('192.0.2.1'), to: at('192.0.2.2') },
  ]);
});

test('the octets are copied when sent and overwritten when the handler returns', () => {
  const { net, listen, run } = network();
  const moon = listen('moon', '192.0.2.1');
  const carol = net.host('carol', [ip('192.0.2.2')]);
  let kept = new Uint8Array();
  let seen = '';
  carol.onDatagram(({ data }) => {
    kept = data as typeof kept;
    seen = data.join();
  });
  const data = Uint8Array.of(1, 2);
  moon.send(at('192.0.2.1'), at('192.0.2.2'), data);
  data.fill(9);
  run();
  expect(seen).toBe('1,2');
  expect([...kept]).toEqual([0xaa, 0xaa]);
});

test.each([
  ['loss', 'lost', 0.3],
  ['mtu', 'too big', 1],
] as const)('%s makes packets vanish', (what, fate, share) => {
  const { listen, records, received, run } = network(what === 'mtu' ? { mtu: 100 } : { loss: 0.3 });
  const moon = listen('moon', '192.0.2.1');
  listen('carol', '192.0.2.2');
  for (let i = 0; i < 1000; i++) {
    moon.send(at('192.0.2.1'), at('192.0.2.2'), new Uint8Array(73));
  }
  run();
  const gone = records.filter((record) => record.fate === fate).length;
  expect(gone + received.length).toBe(1000);
  expect(Math.abs(gone / 1000 - share)).toBeLessThan(0.06);
});

test('duplicates, reorders and corrupts as often as asked, and reproducibly', () => {
  const runOnce = (seed: number) => {
    const sim = network({ duplicate: 0.2, reorder: 0.2, corrupt: 0.2 }, seed);
    const moon = sim.listen('moon', '192.0.2.1');
    sim.listen('carol', '192.0.2.2');
    for (let i = 0; i < 500; i++)
      moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(i, i >> 8));
    sim.run();
    return sim;
  };
  const first = runOnce(5);
  const texts = first.received.map(({ text }) => text);
  expect(texts.length).toBeGreaterThan(550);
  expect(texts.length).toBeLessThan(650);
  expect(first.records.filter((record) => record.corrupted).length).toBeGreaterThan(70);
  expect(
    texts.some((text, i) => Number.parseInt(text, 10) < Number.parseInt(texts[i - 1] ?? '0', 10)),
  ).toBe(true);
  expect(runOnce(5).received).toEqual(first.received);
  expect(runOnce(6).received).not.toEqual(first.received);
});

test('a NAT hides hosts, maps ports, and forgets when rebound', () => {
  const { net, listen, received, run, records } = network();
  const alice = listen('alice', '10.0.0.2');
  const sun = listen('sun', '192.0.2.9');
  const nat = net.nat(ip('192.0.2.1'), 'alice');
  alice.send(at('10.0.0.2'), at('192.0.2.9'), Uint8Array.of(1));
  run();
  const outer = received[0]?.from;
  expect(outer?.address).toBe('192.0.2.1');
  expect(outer?.port).not.toBe(500);
  sun.send(at('192.0.2.9'), outer as Endpoint, Uint8Array.of(2));
  sun.send(at('192.0.2.9'), at('10.0.0.2'), Uint8Array.of(3));
  sun.send(at('192.0.2.9'), at('192.0.2.1'), Uint8Array.of(4));
  run();
  expect(received.map(({ text }) => text)).toEqual(['1', '2']);
  expect(received[1]?.to).toEqual(at('10.0.0.2'));
  expect(records.filter(({ fate }) => fate === 'unreachable')).toHaveLength(2);
  nat.rebind();
  sun.send(at('192.0.2.9'), outer as Endpoint, Uint8Array.of(5));
  alice.send(at('10.0.0.2'), at('192.0.2.9'), Uint8Array.of(6));
  run();
  expect(received.map(({ text }) => text)).toEqual(['1', '2', '6']);
  expect(received[2]?.from.port).not.toBe(outer?.port);
});

test('the interceptor drops, changes and multiplies packets', () => {
  const { net, listen, received, run } = network();
  const moon = listen('moon', '192.0.2.1');
  listen('carol', '192.0.2.2');
  net.intercept = (packet) => {
    if (packet.data[0] === 1) return undefined;
    if (packet.data[0] === 2) return { ...packet, data: Uint8Array.of(20) };
    return [packet, packet];
  };
  for (const first of [1, 2, 3]) moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(first));
  run();
  expect(received.map(({ text }) => text)).toEqual(['20', '3', '3']);
});

test('a closed host neither sends nor receives', () => {
  const { listen, received, run, records } = network();
  const moon = listen('moon', '192.0.2.1');
  const carol = listen('carol', '192.0.2.2');
  carol.close();
  carol.send(at('192.0.2.2'), at('192.0.2.1'), Uint8Array.of(1));
  moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(1));
  run();
  expect(received).toEqual([]);
  expect(records).toHaveLength(1);
});

test('the clock runs timers in order of time and of starting, and skips cancelled ones', () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push('20'));
  clock.after(10, () => {
    fired.push('10 first');
    clock.after(0, () => fired.push('10 third'));
  });
  clock.after(10, () => fired.push('10 second'));
  clock.after(5, () => fired.push('never')).cancel();
  expect(clock.nextDue()).toBe(10);
  while (clock.step());
  expect(fired).toEqual(['10 first', '10 second', '10 third', '20']);
  expect(clock.now()).toBe(20);
  expect(clock.step()).toBe(false);
});

test('the ladder names messages by what their sender said it generated', () => {
  const { clock, net, listen, run } = network({ latency: 20 });
  const ladder = new Ladder(clock);
  net.onPacket((record) => ladder.packet(record));
  const moon = listen('moon', '192.0.2.1');
  listen('carol', '192.0.2.2');
  const say = (message: string) => ladder.sink('moon').write({ group: 'enc', level: 1, message });
  say('generating IKE_SA_INIT request 0 [ SA KE No ]');
  moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(1));
  run();
  say('generating IKE_AUTH request 1 [ IDi AUTH ]');
  moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(2));
  moon.send(at('192.0.2.1'), at('192.0.2.2'), Uint8Array.of(1));
  expect(ladder.print().split('\n')).toEqual([
    '    0.000  moon --> carol  IKE_SA_INIT request 0 [ SA KE No ]  (1 octets, 500->500)',
    '    0.020  moon --> carol  IKE_AUTH request 1 [ IDi AUTH ]  (1 octets, 500->500)',
    '    0.020  moon --> carol  IKE_SA_INIT request 0 [ SA KE No ]  (1 octets, 500->500)',
  ]);
});
