import { describe, expect, test } from 'vitest';
import { section, type Tree, value } from '../../../daemon/config/tree.ts';
import type { SaUsage } from '../../../daemon/contracts/kernel.ts';
import type { StreamConnection, StreamSystem } from '../../../daemon/contracts/stream.ts';
import type { Control } from '../../../daemon/control/control.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { encodeSegment, PacketType } from '../../../daemon/vici/packet.ts';
import { ip } from '../../support/selectors.ts';
import { caDer, newKey } from '../../support/test-certificates.ts';
import type { Plain } from '../../support/vici.ts';
import { faulty, Tripwire } from '../faulty.ts';
import { pair, places } from '../pair.ts';
import { Operator } from '../vici/operator.ts';
import { twoSides } from '../vici/setting.ts';
import { World } from '../world.ts';

const GW = value('ike', 'gw');
const NET = value('child', 'net');
const psk = section('local', [value('auth', 'psk')]);

/** Requests that reach into the daemon; commands that are not named need no input for that. */
const REQUESTS: Readonly<Record<string, Tree>> = {
  initiate: [NET],
  terminate: [GW],
  rekey: [GW],
  redirect: [GW, value('gateway', '192.0.2.9')],
  install: [NET],
  uninstall: [NET],
  'list-policies': [value('trap', 'yes')],
  'load-conn': [section('more', [psk])],
  'diff-conn': [section('more', [psk])],
  'unload-conn': [value('name', 'gw')],
  'load-cert': [value('type', 'X509'), value('flag', 'CA'), value('data', caDer('root'))],
  'load-key': [value('type', 'any'), value('data', newKey().pkcs8)],
  'unload-key': [value('id', '00'.repeat(20))],
  'load-shared': [value('type', 'ike'), value('data', 'x'.repeat(32))],
  'unload-shared': [value('id', 'psk')],
  'load-authority': [section('ca', [value('cacert', caDer('root'))])],
  'diff-authority': [section('ca', [value('cacert', caDer('root'))])],
  'unload-authority': [value('name', 'ca')],
  'load-pool': [section('rw', [value('addrs', '10.3.0.0/24')])],
  'diff-pool': [section('rw', [value('addrs', '10.3.0.0/24')])],
  'unload-pool': [value('name', 'rw')],
  explain: [value('name', 'gw')],
};
/** Commands that ask nothing of the daemon. */
const ALONE = new Set(['version', 'load-token', 'get-algorithms']);

describe('SEC-81 whatever a command of VICI calls may throw: it answers, and nothing else notices', () => {
  test.each(COMMANDS.map(({ name }) => name))('%s', async (name) => {
    const wire = new Tripwire();
    await using world = new World({ printOnFailure: false });
    const [moon, carol] = await twoSides(world, undefined);
    expect(await moon.told('initiate', [NET])).toEqual({ success: 'yes' });
    await using broken = await Operator.of(world, moon.host, undefined, (services) => ({
      ...services,
      control: faultyControl(services.control, wire),
      keys: faulty(services.keys, wire, 'keys'),
      privateKeys: faulty(services.privateKeys, wire, 'private keys'),
      credentials: faulty(services.credentials, wire, 'credentials'),
      credentialReader: faulty(services.credentialReader, wire, 'credential reader'),
    }));
    let faults = 0;
    for (; faults < 50; faults++) {
      wire.set(faults);
      const answer = await broken.told(name, REQUESTS[name] ?? []);
      const { tripped } = wire;
      wire.set(Number.POSITIVE_INFINITY);
      if (!tripped) break;
      expect(answer).toMatchObject({ success: 'no' });
      expect(answer['errmsg']).toContain('injected fault');
      // The same client, and the others.
      expect(await broken.told('version')).toMatchObject({ daemon: 'charon' });
      expect(moon.host.established.length).toBe(1);
    }
    if (!ALONE.has(name)) expect(faults).toBeGreaterThan(0);
    await world.pass(1000);
    await carol.ask('terminate', [GW, value('force', 'yes')]);
    await world.settle(() => carol.host.sas.length === 0);
    expect(
      await moon.told('load-shared', [value('type', 'ike'), value('data', 'y'.repeat(32))]),
    ).toEqual({
      success: 'yes',
    });
  });
});

test('SEC-81 a client to whom nothing can be written hurts no IKE_SA', async () => {
  await using world = new World();
  const [moon] = await twoSides(world, undefined);
  let accept: ((stream: StreamConnection) => void) | undefined;
  const streams: StreamSystem = {
    listen: async (path, _options, onConnection) => {
      accept = onConnection;
      return { path, [Symbol.asyncDispose]: async () => undefined };
    },
    connect: () => Promise.reject(new Error('nobody connects')),
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  };
  await using _server = await Operator.serve(world, moon.host, streams);
  let writes = 0;
  let receive: (octets: Uint8Array) => void = () => undefined;
  accept?.({
    onData: (handler) => {
      receive = handler;
    },
    onClose: () => undefined,
    onDrain: () => undefined,
    write: () => {
      writes++;
      throw new Error('injected fault in write');
    },
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
  });
  for (const event of ['log', 'ike-updown', 'child-updown', 'child-state-installed']) {
    receive(encodeSegment(PacketType.EVENT_REGISTER, event, []) ?? new Uint8Array());
  }
  expect(await moon.told('initiate', [NET])).toEqual({ success: 'yes' });
  expect(await moon.told('rekey', [GW])).toMatchObject({ success: 'yes' });
  await world.pass(10_000);
  expect(writes).toBeGreaterThan(0);
  expect(moon.host.established).toHaveLength(1);
  expect(moon.host.children).toHaveLength(1);
});

/** Pools are an object of their own. */
function faultyControl(control: Control, wire: Tripwire): Control {
  const pools = faulty(control.pools, wire, 'pools');
  return new Proxy(faulty(control, wire, 'control'), {
    get: (target, key) => (key === 'pools' ? pools : Reflect.get(target, key)),
  });
}

const MAX_U64 = (1n << 64n) - 1n;

test('SEC-84 SPIs from 0x80000000 on, counters of 64 bits are the same numbers everywhere, limits are cut', async () => {
  await using world = new World();
  const huge = String(MAX_U64);
  const limits = { life_bytes: huge, rekey_bytes: '9007199254740993', life_packets: huge };
  const [moon, carol] = await twoSides(world, undefined, {
    moonChild: limits,
    carolChild: limits,
  });
  const { kernel } = moon.host;
  const spis = [0xffff_ffff, 0x8000_0000];
  const allocate = kernel.allocateSpi.bind(kernel);
  kernel.allocateSpi = async (source, destination, protocol, reqid) => {
    const spi = spis.shift() ?? 0xc000_0000;
    return allocate(source, destination, protocol, reqid, spi, spi);
  };
  const query = kernel.querySa.bind(kernel);
  kernel.querySa = async (id) => {
    const usage: SaUsage | undefined = await query(id);
    return usage && { ...usage, bytes: MAX_U64, packets: 9_007_199_254_740_993n };
  };
  expect(await moon.told('initiate', [NET])).toEqual({ success: 'yes' });
  const child = async (operator: Operator): Promise<ReadonlyMap<string, unknown>> => {
    const [event] = await operator.stream('list-sas', 'list-sa');
    const children = new Map(event?.[0]?.[1] as Plain).get('child-sas') as Plain;
    return new Map(children[0]?.[1] as Plain);
  };
  const ours = await child(moon);
  expect(ours.get('spi-in')).toBe('ffffffff');
  expect((await child(carol)).get('spi-out')).toBe('ffffffff');
  expect(ours.get('bytes-in')).toBe(huge);
  expect(ours.get('packets-out')).toBe('9007199254740993');
  expect(kernel.sas.has(`${places.moon.address} 50 ${0xffff_ffff as ChildSpi}`)).toBe(true);
  const [limit] = [...kernel.sas.values()].flatMap(({ sa }) =>
    sa === undefined ? [] : [sa.lifetime],
  );
  // Limits end at 2^53 - 1, which nothing reaches, instead of turning into small ones.
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  expect(limit).toMatchObject({ hardBytes: most, softBytes: most, hardPackets: most });
  // And the peer deletes them by those numbers.
  expect(await moon.told('rekey', [NET])).toMatchObject({ success: 'yes' });
  await world.pass(20_000);
  expect((await child(carol)).get('spi-out')).toBe('80000000');
  expect(await moon.told('terminate', [GW])).toMatchObject({ success: 'yes' });
  await world.settle(() => carol.host.sas.length === 0);
  expect([moon.host.kernel.sas.size, carol.host.kernel.sas.size]).toEqual([0, 0]);
});

test('SEC-85 what a datagram came in is overwritten when the daemon has seen it, and every exchange works', async () => {
  await using world = new World();
  const witness = world.network.host('witness', [ip('192.0.2.200')]);
  let kept: Uint8Array | undefined;
  witness.onDatagram(({ data }) => {
    kept = data;
  });
  world.network.inject(
    { address: ip(places.moon.address), port: 500 },
    { address: ip('192.0.2.200'), port: 500 },
    Uint8Array.of(1, 2, 3),
  );
  await world.pass(10);
  // So it is for the daemons of all simulated runs.
  expect(kept).toEqual(new Uint8Array(3).fill(0xaa));

  const [moon, carol] = await pair(world);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.sas[0]?.remoteId).toBe('carol.example.org');
  expect(carol.sas[0]?.remoteId).toBe('moon.example.org');
  const spis = (host: typeof moon): readonly string[] => [...host.kernel.sas.keys()].toSorted();
  expect(spis(moon)).toEqual(spis(carol));
});

test('SEC-87 a flood of datagrams that mean nothing costs a bounded number of lines', async () => {
  await using world = new World({ printOnFailure: false, keepLadder: false });
  const [moon, carol] = await pair(world);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const before = carol.lines.length;
  const to = (port: number) => ({ address: ip(places.carol.address), port });
  let sent = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 200; i++) {
      const from = { address: ip(`198.51.${round}.${i}`), port: 500 };
      const octets = world.random.bytes(28 + (i % 40));
      // Some look like IKEv2, of every exchange, with the right length.
      if (i % 2 === 0) {
        octets[17] = 0x20;
        octets[18] = 34 + (i % 5);
        octets[19] = i % 4 === 0 ? 0x08 : 0x20;
        new DataView(octets.buffer).setUint32(24, octets.length);
      }
      world.network.inject(from, to(i % 7 === 0 ? 4500 : 500), octets);
      sent++;
    }
    await world.pass(100);
  }
  expect(sent).toBe(20_000);
  console.info(`20 000 datagrams, ${carol.lines.length - before} lines`);
  expect(carol.lines.length - before).toBeLessThan(300);
  expect(carol.established).toHaveLength(1);
  expect(await world.during(moon.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
});
