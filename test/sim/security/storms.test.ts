import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import type { SelectorConfig } from '../../../daemon/proto/traffic-selector-text.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, tunnel } from '../moving.ts';
import { connectionOf, pair, places } from '../pair.ts';
import { dynamic, gateway, roadwarrior } from '../roadwarriors.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

// Faults that come in great numbers, and limits that are reached at the worst moment.

const count = (host: WorldHost, pattern: RegExp): number =>
  host.lines.filter((line) => pattern.test(line)).length;

/** A child of either side for the n-th network of a client. */
function networks(count: number, mine: boolean): ReadonlyMap<string, ChildConfig> {
  const names = Array.from({ length: count }, (_, n) => `net-${n}`);
  const proposals = parseProposals('esp', ['aes128gcm16'], simCrypto());
  return new Map(
    names.map((name, n) => {
      const near: SelectorConfig = mine
        ? dynamic
        : { kind: 'fixed', selector: ts(`10.2.${n}.0/24`) };
      const far: SelectorConfig = mine
        ? { kind: 'fixed', selector: ts(`10.2.${n}.0/24`) }
        : dynamic;
      return [name, { ...childConfig(name), proposals, localTs: [near], remoteTs: [far] }];
    }),
  );
}

test('expire storm: both lifetimes of 5000 CHILD_SAs told at once are fifty rekeyings a second, each done once, and what ends goes first', async () => {
  await using world = new World({ light: true });
  const [CLIENTS, EACH] = [80, 63];
  const many = CLIENTS * EACH;
  const carol = await gateway(world, { unique: 'never', children: networks(EACH, false) });
  carol.pool('a', '10.77.0.0/16');
  for (let n = 0; n < CLIENTS; n++) {
    const client = await roadwarrior(world, n, { children: networks(EACH, true) });
    for (let child = 0; child < EACH; child++) {
      expect(await world.during(client.initiate(`net-${child}`))).toEqual({ ok: true });
    }
  }
  const spisOf = () => carol.children.map(({ installed }) => installed?.spiIn as ChildSpi);
  const before = new Set(spisOf());
  expect(before.size).toBe(many);
  let replaced = 0;
  carol.daemon.control.onEvent(({ kind }) => {
    if (kind === 'child-rekey') replaced++;
  });
  // Both SAs of each tell; those of one IKE_SA, which are rekeyed one after the other, lie far apart.
  const mixed = [...carol.children].sort((a, b) => a.name.localeCompare(b.name));
  for (const { installed } of mixed) {
    carol.kernel.expire(installed?.spiIn as ChildSpi, false);
    carol.kernel.expire(installed?.spiOut as ChildSpi, false);
  }
  await world.pass(900);
  expect(replaced).toBeGreaterThan(40);
  expect(replaced).toBeLessThanOrEqual(100);
  // One of the last in the queue reaches its hard lifetime: it does not wait behind the others.
  const last = mixed.at(-1)?.installed?.spiIn as ChildSpi;
  carol.kernel.expire(last, true);
  await world.pass(500);
  expect(spisOf()).not.toContain(last);
  await world.pass(120_000);
  expect(replaced).toBe(many - 1);
  const after = spisOf();
  expect(after).toHaveLength(many - 1);
  expect(after.filter((spi) => before.has(spi))).toEqual([]);
}, 180_000);

test('acquire storm: a thousand packets a second towards a dead peer make one attempt of each trap', async () => {
  await using world = new World();
  const [moon] = await pair(world, {});
  const trapped = (n: number): [string, ChildConfig] => [
    `net-${n}`,
    {
      ...childConfig(`net-${n}`),
      startAction: { trap: true, start: false },
      localTs: [{ kind: 'fixed', selector: ts('10.1.0.0/16') }],
      remoteTs: [{ kind: 'fixed', selector: ts(`10.9.${n}.0/24`) }],
    },
  ];
  const children = new Map(Array.from({ length: 100 }, (_, n) => trapped(n)));
  await world.during(moon.load({ ...connectionOf({}, 'moon', 'carol'), name: 'many', children }));
  world.network.link = { ...world.network.link, loss: 1 };
  const lines = moon.lines.length;
  for (let tenth = 0; tenth < 100; tenth++) {
    for (let n = 0; n < 100; n++) {
      moon.kernel.raise({
        kind: 'acquire',
        reqid: n + 1,
        source: ts(`10.1.0.${tenth}/32`),
        destination: ts(`10.9.${n}.${tenth}/32`),
        wanted: {
          source: ip(places.moon.address),
          destination: ip(places.carol.address),
          protocol: 50,
          mode: 'tunnel',
          reqid: n + 1,
        },
      });
    }
    await world.pass(100);
  }
  expect(count(moon, /^creating acquire job/)).toBe(100);
  expect(moon.sas).toHaveLength(1);
  // Ten thousand acquires: a few lines for each trap.
  expect(moon.lines.length - lines).toBeLessThan(1000);
});

test('a hundred changes of address in ten seconds: the tunnel is where the host is in the end, and few updates were sent', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const before = count(moon, /^generating INFORMATIONAL request/);
  for (let flap = 0; flap < 100; flap++) {
    moon.readdress(flap % 2 === 0 ? ELSEWHERE : places.moon.address, places.moon.inside);
    await world.pass(100);
  }
  await world.pass(20_000);
  // Both addresses it has now will do.
  const [local] = endsOf(moon);
  expect([`${places.moon.address}[4500]`, `${places.moon.inside}[4500]`]).toContain(local);
  expect(endsOf(carol)[1]).toBe(local);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect(count(moon, /^generating INFORMATIONAL request/) - before).toBeLessThan(110);
});

const THERE = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const BACK = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

test.each([0, 15, 30, 45, 60, 75, 90, 105])(
  'EX-23 hard limit in octets %i ms into a rekeying by both: traffic flows again, and no policy leads nowhere',
  async (millis) => {
    for (const victim of ['in', 'out'] as const) {
      await using world = new World();
      const [moon, carol] = await pair(world, {});
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      await world.settle(() => carol.children.length === 1);
      const [installed] = moon.children.map((child) => child.installed);
      const spi = (victim === 'in' ? installed?.spiIn : installed?.spiOut) as ChildSpi;
      for (const host of [moon, carol]) {
        host.kernel.expire(host.children[0]?.installed?.spiIn as ChildSpi, false);
      }
      await world.pass(millis);
      moon.kernel.expire(spi, true);
      await world.pass(30_000);
      expect([moon.children.length, carol.children.length], victim).toEqual([1, 1]);
      expect(carry(moon.kernel, carol.kernel, THERE).kind).toBe('protected');
      expect(carry(carol.kernel, moon.kernel, BACK).kind).toBe('protected');
      for (const host of [moon, carol]) {
        expect(host.kernel.policies.size).toBe(3);
        expect(host.kernel.sas.size).toBe(2);
      }
    }
  },
);

/** Thirty children, and one that waits for packets, of the side in front of 10.1/16. */
function lostChildren(
  esp: ChildConfig['proposals'],
  mine: boolean,
): ReadonlyMap<string, ChildConfig> {
  const of = (name: string, here: string, there: string, more: Partial<ChildConfig> = {}) => {
    const [near, far] = mine ? [here, there] : [there, here];
    const localTs: readonly SelectorConfig[] = [{ kind: 'fixed', selector: ts(near) }];
    const remoteTs: readonly SelectorConfig[] = [{ kind: 'fixed', selector: ts(far) }];
    const time = { rekey: 600, life: 6000, rand: 0 };
    return [
      name,
      { ...childConfig(name), proposals: esp, time, localTs, remoteTs, ...more },
    ] as const;
  };
  const nets = Array.from({ length: 30 }, (_, n) =>
    of(`net-${n}`, `10.1.${n}.0/24`, `10.2.${n}.0/24`),
  );
  const startAction = { trap: mine, start: false };
  return new Map([...nets, of('trapped', '10.1.0.0/16', '10.3.0.0/16', { startAction })]);
}

test('lost events: an acquire and ten thousand expiries that nobody heard are made up for', async () => {
  await using world = new World({ light: true });
  const esp = parseProposals('esp', ['aes128gcm16'], simCrypto());
  const [moon, carol] = await pair(world, {
    moonConnection: { children: lostChildren(esp, true) },
    carolConnection: { children: lostChildren(esp, false) },
  });
  for (let n = 0; n < 30; n++) {
    expect(await world.during(moon.initiate(`net-${n}`))).toEqual({ ok: true });
  }
  await world.settle(() => carol.children.length === 30);
  const spis = () => new Set(moon.children.map(({ installed }) => installed?.spiIn as ChildSpi));
  const before = spis();
  await world.pass(600_000 - world.clock.now());
  moon.kernel.deaf = true;
  // Both SAs of each tell of their soft lifetimes; one ends; packets meet the trap.
  const [gone] = before;
  moon.kernel.expire(gone as ChildSpi, true);
  for (let round = 0; round < 350; round++) {
    for (const spi of before) moon.kernel.expire(spi, false);
  }
  const trapped = { source: ip('10.1.0.5'), destination: ip('10.3.0.5') };
  carry(moon.kernel, carol.kernel, trapped);
  expect(moon.kernel.missed).toBeGreaterThan(10_000);
  await world.pass(1000);
  expect(spis()).toEqual(before);
  moon.kernel.overrun();
  await world.pass(30_000);
  // All are others now, the one that ended too, and the packets have their tunnel.
  expect([...spis()].filter((spi) => before.has(spi))).toEqual([]);
  expect([moon.children.length, carol.children.length]).toEqual([31, 31]);
  expect(carry(moon.kernel, carol.kernel, trapped).kind).toBe('protected');
  expect(count(moon, /^events of the kernel were lost, comparing with what it has$/)).toBe(1);
});

test.each(['bytes', 'packets'] as const)(
  'lost events: a soft limit of %s that nobody heard of is made up for',
  async (what) => {
    await using world = new World({ light: true });
    const limit = { rekey: 10, life: 1_000_000, rand: 0 };
    const [moon, carol] = await pair(world, { moonChild: { [what]: limit } });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    const spi = () => moon.children.map(({ installed }) => installed?.spiIn);
    const before = spi();
    const overrun = async (): Promise<void> => {
      moon.kernel.deaf = true;
      moon.kernel.overrun();
      await world.pass(10_000);
    };
    await overrun();
    expect(spi()).toEqual(before);
    for (let n = 0; n < 10; n++) carry(moon.kernel, carol.kernel, THERE);
    await overrun();
    expect(spi()).not.toEqual(before);
  },
);
