import { expect, test } from 'vitest';
import { ANY_UPPER } from '../../../daemon/proto/traffic-selector-math.ts';
import { ip } from '../../support/selectors.ts';
import { carry, type DataPacket } from '../carry.ts';
import { connectionOf, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const dynamic = [{ kind: 'dynamic', upper: { ...ANY_UPPER, protocol: 47 } } as const];
const anybody = [{ kind: 'any', text: '%any' } as const];

// Any host of a mesh may meet any other: who it is follows from the packet alone.
test('a peer that connects meanwhile is not taken for the one that a packet is for', async () => {
  await using world = new World();
  const child = { mode: 'transport', localTs: dynamic, remoteTs: dynamic } as const;
  const [moon, carol] = await pair(world, {
    child,
    moonChild: { startAction: { trap: true, start: false } },
    moonConnection: { remoteAddrs: anybody },
  });
  const dave = await world.host('dave', ['192.0.2.3']);
  dave.secret('a secret that nobody guesses');
  await dave.load({ ...connectionOf({ child }, 'carol', 'moon'), localAddrs: anybody });
  const to = (host: WorldHost): DataPacket => ({
    source: ip('192.0.2.1'),
    destination: host.address,
    protocol: 47,
  });
  // The first packet of carol is lost, so that dave is faster.
  let lost = 0;
  world.network.intercept = (packet) =>
    packet.from === 'carol' && lost++ === 0 ? undefined : packet;
  expect(carry(moon.kernel, carol.kernel, to(carol))).toEqual({ kind: 'held' });
  await world.during(dave.initiate('net'));
  await world.pass(30_000);
  expect(carry(moon.kernel, dave.kernel, to(dave)).kind).toBe('protected');
  expect(carry(moon.kernel, carol.kernel, to(carol)).kind).toBe('protected');
});
