import { expect } from 'vitest';
import { list, value } from '../../../daemon/config/tree.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { ELSEWHERE } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import type { Auditor } from './auditor.ts';
import type { Operator } from './operator.ts';
import { type TwoSides, twoSides } from './setting.ts';

const PPK = { ppk_id: 'quantum', ppk_required: 'yes' };
const EVERYTHING = {
  ...PPK,
  proposals: ['aes256-sha256-x25519-ke1_mlkem768'],
  local_addrs: ['%any'],
  reauth_time: '10h',
  if_id_in: '0x10',
  if_id_out: '0x11',
};
const CHILD = {
  esp_proposals: ['aes256-sha256-x25519-ke1_mlkem768-esn'],
  mark_in: '0x10/0xff',
  mark_out: '0x20/0xff',
  if_id_in: '0x12',
  if_id_out: '0x13',
  ipcomp: 'yes',
};
/** Sides of a tunnel with everything there is, the initiator behind a NAT. */
const FULL: TwoSides = {
  moon: { ...EVERYTHING, vips: ['0.0.0.0'], remote_addrs: ['203.0.113.9'] },
  carol: { ...EVERYTHING, remote_addrs: ['%any'], pools: ['rw'] },
  moonChild: { ...CHILD, local_ts: [places.moon.net, 'dynamic'] },
  carolChild: { ...CHILD, remote_ts: [places.moon.net, 'dynamic'] },
};

const PLAIN: TwoSides = {
  moon: { local_addrs: ['%any'] },
  carol: { encap: 'yes', remote_addrs: ['%any'], if_id_in: '1', if_id_out: '2' },
};

/** A tunnel with everything there is: NATs on both sides, PPK, additional key exchanges, marks, interfaces, compression. */
export async function fullTunnel(auditor: Auditor): Promise<void> {
  await using world = new World();
  const nat = world.network.nat(ip('203.0.113.9'), 'carol');
  for (const port of [500, 4500]) nat.forward(port, { address: ip(places.carol.address), port });
  world.network.nat(ip('198.51.100.1'), 'moon');
  const [moon, carol] = await twoSides(world, auditor, FULL);
  for (const side of [moon, carol]) {
    await side.ask('load-shared', [
      value('type', 'ppk'),
      value('data', 'sixty-four octets of a quantum key'),
      list('owners', ['quantum']),
    ]);
  }
  await carol.ask('load-pool', [
    { kind: 'section', name: 'rw', entries: [value('addrs', '10.3.0.0/24')] },
  ]);
  await lifeOfTunnel(world, moon, carol);
}

/** A tunnel whose responder pretends that there is a NAT. */
export async function plainTunnel(auditor: Auditor): Promise<void> {
  await using world = new World();
  const [moon, carol] = await twoSides(world, auditor, PLAIN);
  await lifeOfTunnel(world, moon, carol);
}

/** Up, used, rekeyed by either side, moved, disturbed, and down: with all lists and events on the way. */
async function lifeOfTunnel(world: World, moon: Operator, carol: Operator): Promise<void> {
  const both = [moon, carol];
  const seen = (who: Operator, name: string): number =>
    who.events.filter((event) => event.name === name).length;

  const up = await moon.stream('initiate', 'control-log', [
    value('child', 'net'),
    value('ike', 'gw'),
    value('loglevel', '2'),
    value('timeout', '60000'),
    value('init-limits', 'yes'),
  ]);
  expect(up.length).toBeGreaterThan(3);
  for (const side of both) {
    expect([seen(side, 'ike-updown'), seen(side, 'child-updown')]).toEqual([1, 1]);
    await listed(side, 'ESTABLISHED');
  }
  const { host: m } = moon;
  const { host: c } = carol;
  carry(m.kernel, c.kernel, {
    source: ip(places.moon.inside),
    destination: ip(places.carol.inside),
  });
  carry(c.kernel, m.kernel, {
    source: ip(places.carol.inside),
    destination: ip(places.moon.inside),
  });
  for (const side of both) await listed(side, 'ESTABLISHED');

  // Rekeying, seen in the middle of it too.
  for (const [name, input] of [
    ['child-rekey', [value('child', 'net'), value('ike', 'gw')]],
    ['ike-rekey', [value('ike', 'gw')]],
  ] as const) {
    for (const side of both) {
      const before = both.map((one) => seen(one, name));
      expect(await side.told('rekey', input)).toEqual({ success: 'yes', matches: '1' });
      await listed(side);
      await world.settle(() => both.every((one, i) => seen(one, name) > (before[i] ?? 0)));
      for (const one of both) await listed(one);
      await world.pass(10_000);
    }
  }

  // The initiator moves: carol tells of the endpoint that changes.
  m.readdress(ELSEWHERE, places.moon.inside);
  await world.settle(() => both.every((side) => seen(side, 'ike-update') > 0));

  // The peer is silent for a while: alerts that belong to the IKE_SA, and tasks that wait.
  world.network.link = { ...world.network.link, loss: 1 };
  expect(await moon.told('rekey', [value('ike', 'gw')])).toMatchObject({ success: 'yes' });
  expect(await moon.told('rekey', [value('child', 'net')])).toMatchObject({ success: 'yes' });
  await world.settle(() => seen(moon, 'alert') > 0);
  await listed(moon);
  world.network.link = { ...world.network.link, loss: 0 };
  await world.pass(60_000);

  const down = await moon.stream('terminate', 'control-log', [
    value('ike', 'gw'),
    value('loglevel', '1'),
  ]);
  expect(down.length).toBeGreaterThan(0);
  await world.settle(() => m.sas.length + c.sas.length === 0);
  for (const side of both) {
    expect(seen(side, 'ike-updown')).toBe(2);
    expect(seen(side, 'child-updown')).toBe(2);
    expect(await side.stream('list-sas', 'list-sa')).toEqual([]);
  }
}

async function listed(side: Operator, state?: string): Promise<void> {
  const sas = await side.stream('list-sas', 'list-sa', [value('noblock', 'yes')]);
  expect(sas.length).toBeGreaterThan(0);
  for (const [first] of sas) {
    expect(first?.[0]).toBe('gw');
    if (state !== undefined) expect(first?.[1]).toContainEqual(['state', state]);
  }
}
