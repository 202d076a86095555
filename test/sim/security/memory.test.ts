import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

setFlagsFromString('--expose_gc');
const collect: unknown = runInNewContext('gc');

/** Octets in use once everything that nobody refers to is gone. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof collect === 'function') collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What the test itself keeps of a host. */
function forget(host: WorldHost): void {
  host.log.records.length = 0;
  host.events.length = 0;
}

const ROUND = 2000;

test('SEC-14 memory returns after a flood of IKE_SA_INITs that are never followed up', async () => {
  await using world = new World({ printOnFailure: false, keepLadder: false });
  const [, carol] = await pair(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    carolOptions: { dos_protection: false },
  });
  const model = new Puppet(world, '198.51.100.1', places.carol.address);
  const [request] = await captured(world, model);
  let source = 0;
  const flood = async (): Promise<void> => {
    for (let i = 0; i < ROUND; i++) {
      const data = Uint8Array.from(request ?? []);
      data.set(world.random.bytes(8), 0);
      source += 1;
      const from = `203.${(source >> 16) & 255}.${(source >> 8) & 255}.${source & 255}`;
      const endpoints = [from, places.carol.address].map((text) => ({
        address: ip(text),
        port: 500,
      }));
      const [remote, local] = endpoints;
      if (remote !== undefined && local !== undefined) world.network.inject(remote, local, data);
    }
    await world.pass(1000);
  };
  // What a daemon makes once and keeps is there after the first round.
  await flood();
  await world.pass(31_000);
  forget(carol);
  const before = await heap();
  await flood();
  forget(carol);
  expect(carol.daemon.manager.guard.halfOpen).toBe(ROUND);
  const during = await heap();
  await world.pass(31_000);
  forget(carol);
  expect(carol.sas).toEqual([]);
  const after = await heap();
  const kib = (octets: number): string => `${Math.round(octets / 1024)} KiB`;
  console.info(
    `heap before ${kib(before)}, with ${ROUND} half-open IKE_SAs ${kib(during)}, after ${kib(after)}: ` +
      `${Math.round((during - before) / ROUND)} octets each, ${Math.round((after - before) / ROUND)} stay`,
  );
  expect(during - before).toBeGreaterThan(ROUND * 1000);
  expect(after - before).toBeLessThan((during - before) * 0.1);
}, 60_000);

/** The octets of an IKE_SA_INIT request that never arrives. */
async function captured(world: World, model: Puppet): Promise<readonly Uint8Array[]> {
  const seen: Uint8Array[] = [];
  world.network.intercept = (packet) => {
    if (packet.from.startsWith('puppet')) seen.push(packet.data);
    return undefined;
  };
  await model.init();
  world.network.intercept = undefined;
  return seen;
}
