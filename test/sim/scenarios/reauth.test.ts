import { expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { arrive, carry, type DataPacket, depart, type Fate } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { dynamic } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };
const again = { trap: false, start: true };
/** What would bring back a CHILD_SA that was lost instead of replaced. */
const actions = { closeAction: again, dpdAction: again };

function reauthenticate(host: WorldHost): void {
  for (const sa of host.daemon.manager.tables.byId.values()) sa.reauthenticate();
}

function names(host: WorldHost): readonly string[] {
  return host.sas.map((sa) => `${sa.initiatorSpi} ${sa.state} ${sa.children.length}`).sort();
}

/** Milliseconds a packet needs, like everything else on this network. */
const LATENCY = 10;

/** Lets time pass with a packet each way every millisecond; whatever did not arrive protected. */
async function withTraffic(
  world: World,
  moon: WorldHost,
  carol: WorldHost,
  millis: number,
): Promise<readonly string[]> {
  const lost: string[] = [];
  const send = (from: WorldHost, to: WorldHost, packet: DataPacket): void => {
    const flight = depart(from.kernel, packet);
    const at = world.clock.now();
    const judge = (fate: Fate): void => {
      if (fate.kind === 'protected') return;
      lost.push(`${at}: ${from.name} to ${to.name}: ${JSON.stringify(fate)}`);
    };
    if (!('packet' in flight)) judge(flight);
    else world.clock.after(LATENCY, () => judge(arrive(to.kernel, flight)));
  };
  for (let i = 0; i < millis; i++) {
    send(moon, carol, there);
    send(carol, moon, back);
    await world.pass(1);
  }
  await world.pass(LATENCY);
  return lost;
}

async function expectReplaced(
  world: World,
  moon: WorldHost,
  carol: WorldHost,
  before: readonly string[],
): Promise<void> {
  await world.pass(20_000);
  expect(names(moon), world.ladder()).toEqual(names(carol));
  expect(moon.established).toHaveLength(1);
  expect(moon.sas).toHaveLength(1);
  expect(before).not.toContain(moon.sas[0]?.initiatorSpi);
  expect([moon.kernel.sas.size, carol.kernel.sas.size]).toEqual([
    2 * moon.children.length,
    2 * moon.children.length,
  ]);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}

const spis = (host: WorldHost): readonly string[] => host.sas.map((sa) => sa.initiatorSpi);

test.each([
  ['moon', 'no'],
  ['moon', 'replace'],
  ['moon', 'keep'],
  ['moon', 'never'],
  ['carol', 'no'],
  ['carol', 'replace'],
  ['carol', 'keep'],
] as const)(
  'make before break: %s reauthenticates with unique = %s and no packet is lost',
  async (who, unique) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { connection: { unique }, child: actions });
    await world.during(moon.initiate('net'));
    const before = spis(moon);
    reauthenticate(who === 'moon' ? moon : carol);
    expect(await withTraffic(world, moon, carol, 200)).toEqual([]);
    await expectReplaced(world, moon, carol, before);
    expect(moon.sas[0]?.initiator).toBe(who === 'moon');
    const both = [moon, carol];
    for (const host of both) {
      expect(host.lines.filter((line) => line.startsWith('restarting CHILD_SA'))).toEqual([]);
    }
  },
);

test.each(['moon', 'carol'] as const)(
  'break before make: %s deletes first and sets up anew',
  async (who) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { options: { make_before_break: false } });
    await world.during(moon.initiate('net'));
    const before = spis(moon);
    reauthenticate(who === 'moon' ? moon : carol);
    await world.pass(25);
    expect(carol.children.length + moon.children.length).toBe(0);
    await expectReplaced(world, moon, carol, before);
  },
);

test('break before make sets up anew although nobody answers the DELETE', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { options: { make_before_break: false } });
  await world.during(moon.initiate('net'));
  world.network.intercept = () => undefined;
  reauthenticate(moon);
  await world.pass(170_000);
  world.network.intercept = undefined;
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  expect(carol.sas.filter((sa) => sa.state === 'ESTABLISHED')).toHaveLength(1);
});

test('every CHILD_SA is set up again before the old IKE_SA goes', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  for (const host of [carol, moon]) {
    const [config] = world.configs.get(host) ?? [];
    const net = config?.children.get('net');
    if (config === undefined || net === undefined) throw new TypeError('no configuration');
    const more = [3, 4, 5].map((n) => {
      const [own, peer] =
        host === moon
          ? [`10.1${n}.0.0/16`, `10.2${n}.0.0/16`]
          : [`10.2${n}.0.0/16`, `10.1${n}.0.0/16`];
      return childConfig(`net${n}`, {
        proposals: net.proposals,
        localTs: [{ kind: 'fixed', selector: ts(own) }],
        remoteTs: [{ kind: 'fixed', selector: ts(peer) }],
      });
    });
    await host.load({
      ...config,
      children: new Map([['net', net], ...more.map((one) => [one.name, one] as const)]),
    });
  }
  for (const name of ['net', 'net3', 'net4', 'net5']) {
    expect(await world.during(moon.initiate(name))).toEqual({ ok: true });
  }
  const before = spis(moon);
  reauthenticate(moon);
  const packets = [there, { source: ip('10.15.0.1'), destination: ip('10.25.0.1') }];
  for (let i = 0; i < 300; i++) {
    for (const packet of packets)
      expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
    await world.pass(1);
  }
  await expectReplaced(world, moon, carol, before);
  expect(moon.children.map(({ name }) => name).sort()).toEqual(['net', 'net3', 'net4', 'net5']);
});

test('reauth_time less its random share starts it, and the hard limit is over_time later', async () => {
  await using world = new World();
  const times = { reauthTime: 1000, rekeyTime: 0, overTime: 100, randTime: 100 };
  const [moon, carol] = await pair(world, { moonConnection: times });
  await world.during(moon.initiate('net'));
  const before = spis(moon);
  const line = moon.lines.find((one) => one.startsWith('scheduling reauthentication in '));
  const seconds = Number(/in (\d+)s/.exec(line ?? '')?.[1]);
  expect(seconds).toBeGreaterThan(900);
  expect(seconds).toBeLessThanOrEqual(1000);
  expect(moon.lines).toContain(`maximum IKE_SA lifetime ${seconds + 100}s`);
  expect(moon.sas[0]?.reauthTime).toBe(seconds);
  await world.pass(seconds * 1000 - 500);
  expect(spis(moon)).toEqual(before);
  expect(await withTraffic(world, moon, carol, 1000)).toEqual([]);
  await expectReplaced(world, moon, carol, before);
});

test('hours of reauthentication every minute from both sides: one IKE_SA, one CHILD_SA', async () => {
  await using world = new World();
  const times = { reauthTime: 60, rekeyTime: 0, overTime: 30, randTime: 20 };
  const [moon, carol] = await pair(world, { connection: times, child: actions });
  await world.during(moon.initiate('net'));
  for (let hour = 0; hour < 4; hour++) {
    await world.pass(3_600_000);
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
    expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  }
  await world.settle(() => moon.sas.length === 1 && carol.sas.length === 1, 30_000);
  expect(names(moon)).toEqual(names(carol));
  expect([moon.kernel.sas.size, carol.kernel.sas.size]).toEqual([2, 2]);
  expect(moon.alerts('ike-sa-expired') + carol.alerts('ike-sa-expired')).toBe(0);
});

test('RFC 4478: the responder tells its reauth_time, and an initiator without one obeys', async () => {
  await using world = new World();
  const limited = { reauthTime: 1000, rekeyTime: 0, overTime: 100, randTime: 0 };
  const [moon, carol] = await pair(world, {
    moonConnection: { rekeyTime: 0, reauthTime: 0 },
    carolConnection: limited,
  });
  await world.during(moon.initiate('net'));
  const before = spis(moon);
  expect(world.ladder()).toContain('N(AUTH_LFT)');
  expect(moon.lines).toContain(
    'received AUTH_LIFETIME of 1000s, scheduling reauthentication in 900s',
  );
  await world.pass(899_000);
  expect(spis(moon)).toEqual(before);
  expect(await withTraffic(world, moon, carol, 2000)).toEqual([]);
  await expectReplaced(world, moon, carol, before);
  expect(moon.sas[0]?.initiator).toBe(true);
  expect(carol.alerts('ike-sa-expired')).toBe(0);
});

test('RFC 4478: an own moment that is earlier stays', async () => {
  await using world = new World();
  const time = (reauthTime: number): Partial<ConnectionConfig> => ({
    reauthTime,
    rekeyTime: 0,
    randTime: 0,
  });
  const [moon] = await pair(world, { moonConnection: time(500), carolConnection: time(1000) });
  await world.during(moon.initiate('net'));
  expect(moon.lines).toContain(
    'received AUTH_LIFETIME of 1000s, reauthentication already scheduled in 500s',
  );
});

test('a reauthentication that fails is tried again, and the tunnel stays meanwhile', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { child: actions });
  await world.during(moon.initiate('net'));
  const before = spis(moon);
  carol.daemon.sharedKeys.clear();
  reauthenticate(moon);
  await world.pass(1000);
  expect(moon.lines.join('\n')).toContain('AUTHENTICATION_FAILED');
  expect(moon.established).toHaveLength(1);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  carol.secret('a secret that nobody guesses');
  await world.pass(16_000);
  await expectReplaced(world, moon, carol, before);
});

test('both reauthenticate at the same moment: one IKE_SA is left, the same on both sides', async () => {
  for (let seed = 0; seed < 30; seed++) {
    await using world = new World({ seed, link: { latency: 10, jitter: 20 } });
    const [moon, carol] = await pair(world, { child: actions });
    await world.during(moon.initiate('net'));
    const before = spis(moon);
    reauthenticate(moon);
    await world.pass(seed % 7);
    reauthenticate(carol);
    await expectReplaced(world, moon, carol, before);
  }
});

test('a responder that knows no address of its peer reauthenticates all the same', async () => {
  await using world = new World();
  const open: PairSetup = {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  };
  const [moon, carol] = await pair(world, open);
  await world.during(moon.initiate('net'));
  const before = spis(moon);
  reauthenticate(carol);
  expect(await withTraffic(world, moon, carol, 200)).toEqual([]);
  await expectReplaced(world, moon, carol, before);
  expect(carol.sas[0]?.remoteHost).toBe(places.moon.address);
});

test('terminate during a reauthentication leaves nothing', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  reauthenticate(moon);
  await world.pass(15);
  expect(moon.sas).toHaveLength(2);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.pass(60_000);
  expect([moon.sas.length, carol.sas.length]).toEqual([0, 0]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
  expect(moon.daemon.manager.scheduled + carol.daemon.manager.scheduled).toBe(0);
});

/** moon with an address of carol's pool. */
async function roaming(
  world: World,
  setup: PairSetup = {},
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const [moon, carol] = await pair(world, {
    ...setup,
    moonConnection: { vips: [ip('0.0.0.0')], ...setup.moonConnection },
    carolConnection: { pools: ['a'], ...setup.carolConnection },
    moonChild: { localTs: [dynamic] },
    carolChild: { remoteTs: [dynamic], ...setup.carolChild },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
  return [moon, carol];
}

test.each(['no', 'replace', 'keep'] as const)(
  'a virtual IP is kept through a reauthentication with unique = %s, not a moment without it',
  async (unique) => {
    await using world = new World();
    const [moon, carol] = await roaming(world, { connection: { unique } });
    const before = spis(moon);
    reauthenticate(moon);
    for (let i = 0; i < 200; i++) {
      expect([...moon.kernel.virtualIps.keys()], `after ${i} ms`).toEqual(['10.3.0.1']);
      await world.pass(1);
    }
    await world.pass(20_000);
    expect(moon.sas.map((sa) => sa.localVips)).toEqual([['10.3.0.1']]);
    expect(before).not.toContain(moon.sas[0]?.initiatorSpi);
    const packet = { source: ip('10.3.0.1'), destination: ip('10.2.0.5') };
    expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
    expect(carol.daemon.control.pools.list('a', true)).toMatchObject([{ online: 1, offline: 0 }]);
  },
);

test('whoever gave the peer an address does not reauthenticate himself: the lifetime ends it', async () => {
  await using world = new World();
  const limited = { reauthTime: 100, rekeyTime: 0, overTime: 50, randTime: 0 };
  const [moon, carol] = await roaming(world, { carolConnection: { pools: ['a'], ...limited } });
  // the initiator does not do what it was told
  for (const sa of moon.daemon.manager.tables.byId.values()) sa.timers.stop('reauth');
  await world.pass(101_000);
  expect(carol.sas).toHaveLength(1);
  expect(carol.lines.join('\n')).toContain('initiator did not reauthenticate as requested');
  await world.pass(50_000);
  expect(carol.sas).toEqual([]);
  expect(carol.alerts('ike-sa-expired')).toBe(1);
});

test.each(['lost', 'closed'])(
  'whoever gave the peer an address does not bring it back when it is %s',
  async (how) => {
    await using world = new World();
    const [moon, carol] = await roaming(world, {
      carolConnection: { pools: ['a'], dpdDelay: 10 },
      carolChild: actions,
    });
    if (how === 'lost') moon.kill();
    else await world.during(moon.terminate({ ike: 'gw' }));
    await world.pass(300_000);
    expect(carol.sas).toEqual([]);
    expect(carol.lines.filter((line) => line.startsWith('restarting CHILD_SA'))).toEqual([]);
  },
);

test('EX-14 reauthentication at the moment of the peer rekeying the IKE_SA: one IKE_SA, the address kept', async () => {
  for (let delay = 0; delay < 60; delay += 3) {
    await using world = new World({ seed: delay });
    const [moon, carol] = await roaming(world);
    const [sa] = carol.daemon.manager.tables.byId.values();
    if (delay % 2 === 0) reauthenticate(moon);
    else sa?.rekeyIke();
    await world.pass(delay);
    if (delay % 2 === 0) sa?.rekeyIke();
    else reauthenticate(moon);
    for (let i = 0; i < 300; i++) {
      expect([...moon.kernel.virtualIps.keys()], `after ${i} ms`).toEqual(['10.3.0.1']);
      await world.pass(1);
    }
    await world.pass(60_000);
    expect(names(moon), world.ladder()).toEqual(names(carol));
    expect(moon.sas, world.ladder()).toHaveLength(1);
    expect(moon.sas[0]?.localVips).toEqual(['10.3.0.1']);
    const packet = { source: ip('10.3.0.1'), destination: ip('10.2.0.5') };
    expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  }
});
