import { expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair } from '../pair.ts';
import type { SimPacket } from '../sim-network.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

type Unique = ConnectionConfig['unique'];

const again = { trap: false, start: true };
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

function setup(unique: Unique): PairSetup {
  return { connection: { unique }, child: { closeAction: again, dpdAction: again } };
}

/** Every order of two conversations of four messages each: 70. */
function orders(a: number, b: number): readonly string[] {
  if (a === 0) return ['B'.repeat(b)];
  if (b === 0) return ['A'.repeat(a)];
  return [
    ...orders(a - 1, b).map((rest) => `A${rest}`),
    ...orders(a, b - 1).map((rest) => `B${rest}`),
  ];
}

/** Holds every packet until it is asked for. */
class Hold {
  readonly #world: World;
  readonly pending: SimPacket[] = [];

  constructor(world: World) {
    this.#world = world;
    world.network.intercept = (packet) => {
      this.pending.push(packet);
      return undefined;
    };
  }

  /** Delivers the oldest packet of the conversation with this initiator SPI, if one waits. */
  async deliver(spi: string): Promise<void> {
    const index = this.pending.findIndex((packet) => spiOf(packet) === spi);
    const [packet] = index < 0 ? [] : this.pending.splice(index, 1);
    if (packet === undefined) return;
    this.#through(packet);
    await this.#world.pass(20);
  }

  /** From now on packets travel by themselves. */
  release(): void {
    this.#world.network.intercept = undefined;
    for (const packet of this.pending.splice(0)) this.#through(packet);
  }

  #through({ source, destination, data }: SimPacket): void {
    const { network } = this.#world;
    const hold = network.intercept;
    network.intercept = undefined;
    network.inject(source, destination, data);
    network.intercept = hold;
  }
}

function spiOf({ data }: SimPacket): string {
  return toHex(
    data
      .subarray(data[0] === 0 && data[1] === 0 && data[2] === 0 && data[3] === 0 ? 4 : 0)
      .subarray(0, 8),
  );
}

function names(host: WorldHost): readonly string[] {
  return host.sas.map((sa) => `${sa.initiatorSpi} ${sa.state} ${sa.children.length}`).sort();
}

/** Both sides start at once and their messages arrive in this order; then an hour passes. */
async function both(unique: Unique, order: string): Promise<void> {
  await using world = new World({ seed: 11 + order.length });
  const [moon, carol] = await pair(world, setup(unique));
  const hold = new Hold(world);
  const outcomes = [moon.initiate('net'), carol.initiate('net')];
  await world.pass(1);
  const [a, b] = hold.pending.map(spiOf);
  if (a === undefined || b === undefined) throw new TypeError('somebody said nothing');
  for (const next of order) await hold.deliver(next === 'A' ? a : b);
  hold.release();
  for (const outcome of outcomes) expect(await world.during(outcome)).toEqual({ ok: true });
  await world.pass(60_000);
  expect(names(moon), world.ladder()).toEqual(names(carol));
  if (unique !== 'never') expect(moon.established, world.ladder()).toHaveLength(1);
  expect(moon.established.length).toBe(moon.sas.length);
  expect(moon.kernel.sas.size).toBe(2 * moon.established.length);
  expect(carol.kernel.sas.size).toBe(2 * carol.established.length);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  const before = [...names(moon)];
  await world.pass(600_000);
  // no ping-pong of replacements
  expect(names(moon)).toEqual(before);
  expect(
    moon.events.filter((event) => event.kind === 'ike-updown' && event.up).length,
  ).toBeLessThanOrEqual(2);
}

test.each(['no', 'replace', 'keep', 'never'] as const)(
  'EX-01 unique = %s: both sides start at once, in every order of the messages',
  async (unique) => {
    const all = orders(4, 4);
    expect(all).toHaveLength(70);
    for (const order of all) await both(unique, order);
  },
  60_000,
);

test.each(['no', 'replace', 'keep'] as const)(
  'EX-01 unique = %s: each side starts another child, and both are there at the end',
  async (unique) => {
    await using world = new World();
    const [moon, carol] = await pair(world, setup(unique));
    for (const host of [moon, carol]) {
      const [config] = world.configs.get(host) ?? [];
      const net = config?.children.get('net');
      if (config === undefined || net === undefined) throw new TypeError('no configuration');
      const single = (selectors: typeof net.localTs) =>
        selectors.map((selector) =>
          selector.kind === 'fixed'
            ? { kind: 'fixed' as const, selector: { ...selector.selector, protocol: 6 } }
            : selector,
        );
      const tcp = {
        ...net,
        name: 'tcp',
        localTs: single(net.localTs),
        remoteTs: single(net.remoteTs),
      };
      await host.load({
        ...config,
        children: new Map([
          ['net', net],
          ['tcp', tcp],
        ]),
      });
    }
    const outcomes = [moon.initiate('net'), carol.initiate('tcp')];
    for (const outcome of outcomes) expect(await world.during(outcome)).toEqual({ ok: true });
    await world.pass(60_000);
    expect(names(moon)).toEqual(names(carol));
    expect(moon.established).toHaveLength(1);
    expect(moon.children.map(({ name }) => name).sort()).toEqual(['net', 'tcp']);
    expect(carol.children.map(({ name }) => name).sort()).toEqual(['net', 'tcp']);
  },
);

test('EX-02 a peer that starts anew is believed after its proof: the old SAs go without DELETE', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const old = carol.sas[0]?.uniqueId;
  moon.kill();
  moon.reborn();
  await moon.start();
  moon.secret('a secret that nobody guesses');
  for (const config of world.configs.get(moon) ?? []) await moon.load(config);
  const deletes = carol.lines.filter((line) => line.includes('sending DELETE')).length;
  let beforeProof: number | undefined;
  world.network.intercept = (packet) => {
    if (packet.from === 'moon' && packet.data[22] === 35) beforeProof = carol.established.length;
    return packet;
  };
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(beforeProof).toBe(1);
  expect(carol.sas).toHaveLength(1);
  expect(carol.sas[0]?.uniqueId).not.toBe(old);
  expect(carol.lines.filter((line) => line.includes('sending DELETE'))).toHaveLength(deletes);
  expect([moon.kernel.sas.size, carol.kernel.sas.size]).toEqual([2, 2]);
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
});

test.each([1, 3])(
  'EX-03 the peer restarts between IKE_SA_INIT and IKE_AUTH and starts itself: theirs stands, keyingtries = %i',
  async (keyingTries) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { moonConnection: { keyingTries } });
    world.network.intercept = (packet) => {
      const auth = packet.from === 'moon' && packet.data[22] === 35;
      if (auth && carol.alive) carol.kill();
      return packet;
    };
    const ours = moon.initiate('net');
    await world.settle(() => !carol.alive);
    world.network.intercept = undefined;
    carol.reborn();
    await carol.start();
    carol.secret('a secret that nobody guesses');
    for (const config of world.configs.get(carol) ?? []) await carol.load(config);
    expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
    const outcome = await world.during(ours);
    expect(outcome.ok).toBe(keyingTries > 1);
    await world.pass(400_000);
    expect(names(moon)).toEqual(names(carol));
    expect(moon.established).toHaveLength(1);
    expect(moon.sas[0]?.initiator).toBe(false);
    expect([moon.kernel.sas.size, carol.kernel.sas.size]).toEqual([2, 2]);
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  },
);
