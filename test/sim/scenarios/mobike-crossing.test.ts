import { expect, test } from 'vitest';
import { rekeyChild } from '../../../daemon/ike/child-expiry.ts';
import type { IkeSa } from '../../../daemon/ike/ike-sa.ts';
import { rekeyIke } from '../../../daemon/ike/tasks/ike-rekey.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, kernelEnds, tunnel } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const CAROL = places.carol.address;

function ikeSaOf(host: WorldHost): IkeSa {
  const [sa] = [...host.daemon.manager.tables.byId.values()].filter(
    (one) => one.state.kind === 'established' && one.successor === undefined,
  );
  if (sa === undefined) throw new TypeError('no IKE_SA');
  return sa;
}

/** What a host does while its own or the other one's addresses change. */
const operations = {
  'rekeys the CHILD_SA': (host: WorldHost) => {
    const sa = ikeSaOf(host);
    const [child] = [...sa.children.values()];
    if (child !== undefined) sa.post(() => rekeyChild(child));
  },
  'rekeys the IKE_SA': (host: WorldHost) => {
    const sa = ikeSaOf(host);
    sa.post(() => rekeyIke(sa));
  },
} as const;

type Operation = keyof typeof operations;

// EX-15 of the collision cases: every moment of the update against every moment of the other exchange.
describeEach('moon', 'rekeys the CHILD_SA');
describeEach('carol', 'rekeys the CHILD_SA');
describeEach('moon', 'rekeys the IKE_SA');
describeEach('carol', 'rekeys the IKE_SA');

function describeEach(who: 'moon' | 'carol', operation: Operation): void {
  test(`EX-15: ${who} ${operation} while the initiator moves, whatever comes first`, async () => {
    for (let lead = -80; lead <= 200; lead += 10) {
      await using world = new World({ seed: 1000 + lead });
      const [moon, carol] = await tunnel(world);
      const start = (): void => operations[operation](who === 'moon' ? moon : carol);
      const move = (): void => moon.readdress(ELSEWHERE, places.moon.inside);
      // The move is noticed 100 ms after it happens.
      if (lead < 0) start();
      else move();
      await world.pass(Math.abs(lead));
      if (lead < 0) move();
      else start();
      await world.pass(60_000);
      const where = `lead ${lead}\n${world.ladder()}`;
      expect(endsOf(moon), where).toEqual([`${ELSEWHERE}[4500]`, `${CAROL}[4500]`]);
      expect(endsOf(carol), where).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
      for (const host of [moon, carol]) {
        expect(kernelEnds(host), where).toEqual([
          `${CAROL} > ${ELSEWHERE}`,
          `${ELSEWHERE} > ${CAROL}`,
        ]);
        expect(host.children.length, where).toBe(1);
        const [one] = operation === 'rekeys the CHILD_SA' ? host.children : host.established;
        expect(one?.uniqueId, where).toBeGreaterThan(1);
      }
      expect(flow(moon, carol), where).toEqual(BOTH_WAYS);
    }
  });
}

test('an update under loss, duplication and reordering arrives', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    await using world = new World({ seed });
    const [moon, carol] = await tunnel(world);
    world.network.link = {
      ...world.network.link,
      loss: 0.3,
      duplicate: 0.2,
      reorder: 0.2,
      jitter: 30,
    };
    moon.readdress(ELSEWHERE, places.moon.inside);
    await world.pass(90_000);
    const where = `seed ${seed}\n${world.ladder()}`;
    // Where probes get lost another path than the shortest may answer first.
    expect(endsOf(carol), where).toEqual(endsOf(moon).toReversed());
    expect(endsOf(moon)[0], where).not.toBe(`${places.moon.address}[4500]`);
    expect(kernelEnds(carol), where).toEqual(kernelEnds(moon));
    expect(flow(moon, carol), where).toEqual(BOTH_WAYS);
  }
});

test('a hundred changes of address in ten seconds cost a handful of updates, and the last one counts', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  for (let flap = 0; flap < 100; flap++) {
    moon.readdress(flap % 2 === 0 ? ELSEWHERE : places.moon.address);
    await world.pass(100);
  }
  moon.readdress(ELSEWHERE);
  await world.pass(10_000);
  expect(endsOf(moon)).toEqual([`${ELSEWHERE}[4500]`, `${CAROL}[4500]`]);
  expect(endsOf(carol)).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  const sent = world.ladder().split('UPD_SA_ADDR').length - 1;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(20);
});

test('both sides are told to move in the middle of a move', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  carol.readdress(CAROL, '192.0.2.22', places.carol.inside);
  await world.pass(1000);
  for (let gap = 0; gap <= 250; gap += 25) {
    moon.readdress(ELSEWHERE, places.moon.inside);
    await world.pass(gap);
    carol.readdress('192.0.2.22', places.carol.inside);
    await world.pass(20_000);
    const where = `gap ${gap}\n${world.ladder()}`;
    expect(endsOf(moon), where).toEqual([`${ELSEWHERE}[4500]`, '192.0.2.22[4500]']);
    expect(endsOf(carol), where).toEqual(['192.0.2.22[4500]', `${ELSEWHERE}[4500]`]);
    expect(flow(moon, carol), where).toEqual(BOTH_WAYS);
    moon.readdress(places.moon.address, places.moon.inside);
    carol.readdress(CAROL, '192.0.2.22', places.carol.inside);
    await world.pass(20_000);
    expect(flow(moon, carol), where).toEqual(BOTH_WAYS);
  }
});
