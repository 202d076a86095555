import { expect, test } from 'vitest';
import type { SaUsage } from '../../../daemon/contracts/kernel.ts';
import type { IkeSaView } from '../../../daemon/control/views.ts';
import { ts } from '../../support/selectors.ts';
import { pair } from '../pair.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const CLIENTS = 20;

/** A gateway with many IKE_SAs, and its clients. */
async function busy(world: World): Promise<readonly [WorldHost, ...WorldHost[]]> {
  const carol = await gateway(world, { pools: [] });
  const clients: WorldHost[] = [];
  for (let n = 0; n < CLIENTS; n++) {
    const client = await roadwarrior(world, n, { vips: [] });
    expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
    clients.push(client);
  }
  return [carol, ...clients];
}

/** Makes the kernel of a host answer later; tells how many questions waited at most. */
function slow(
  host: WorldHost,
  answer: (asked: number) => Promise<SaUsage | undefined>,
): () => number {
  let asked = 0;
  let waiting = 0;
  let most = 0;
  host.kernel.querySa = async () => {
    most = Math.max(most, ++waiting);
    try {
      return await answer(asked++);
    } finally {
      waiting--;
    }
  };
  return () => most;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytesOf = (sa: IkeSaView): bigint | undefined => sa.children[0]?.installed?.in.bytes;

test('counters are read for a few IKE_SAs together, never for all at once', async () => {
  await using world = new World({ printOnFailure: false });
  const [carol] = await busy(world);
  const most = slow(carol, async (asked) => {
    await turn();
    return { bytes: BigInt(asked), packets: 0n };
  });
  const listed: IkeSaView[] = [];
  for await (const sa of carol.daemon.control.listSas({})) if (sa !== undefined) listed.push(sa);
  expect(listed.map(({ uniqueId }) => uniqueId)).toEqual(
    Array.from({ length: CLIENTS }, (_, n) => n + 1),
  );
  // Each has the answers to its own two questions.
  expect(listed.map(bytesOf)).toEqual(Array.from({ length: CLIENTS }, (_, n) => BigInt(2 * n)));
  expect(most()).toBeGreaterThan(2);
  expect(most()).toBeLessThanOrEqual(16);
});

test('what goes while others are asked for is not shown; without an answer the last counters are', async () => {
  await using world = new World({ printOnFailure: false });
  const [carol, ...clients] = await busy(world);
  const { control } = carol.daemon;
  slow(carol, async () => ({ bytes: 7n, packets: 1n }));
  for await (const sa of control.listSas({ ikeId: 2 })) expect(sa && bytesOf(sa)).toBe(7n);
  slow(carol, async () => {
    await turn();
    throw new Error('the kernel does not answer');
  });
  const iterator = control.listSas({})[Symbol.iterator]();
  const first = await iterator.next().value;
  expect(first?.uniqueId).toBe(1);
  expect(bytesOf(first)).toBe(0n);
  const [, , third] = clients;
  if (third === undefined) throw new TypeError('no client');
  await world.during(third.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === CLIENTS - 1);
  const rest: IkeSaView[] = [];
  for await (const sa of { [Symbol.iterator]: () => iterator }) if (sa !== undefined) rest.push(sa);
  expect(rest.map(({ uniqueId }) => uniqueId)).toEqual(
    Array.from({ length: CLIENTS }, (_, n) => n + 1).filter((id) => id !== 1 && id !== 3),
  );
  expect(rest.map(bytesOf)).toEqual(rest.map(({ uniqueId }) => (uniqueId === 2 ? 7n : 0n)));
});

test('an IKE_SA with very many CHILD_SAs does not ask for all of them at once', async () => {
  await using world = new World({ printOnFailure: false });
  const [moon] = await pair(world);
  const [config] = world.configs.get(moon) ?? [];
  const net = config?.children.get('net');
  if (config === undefined || net === undefined) throw new TypeError('no connection');
  const children = Array.from({ length: 40 }, (_, n) => ({
    ...net,
    name: `net${n}`,
    localTs: [{ kind: 'fixed', selector: ts(`10.1.${n}.0/24`) } as const],
  }));
  await moon.load({ ...config, children: new Map(children.map((child) => [child.name, child])) });
  for (const { name } of children)
    expect(await world.during(moon.initiate(name))).toEqual({ ok: true });
  const most = slow(moon, async () => {
    await turn();
    return { bytes: 7n, packets: 1n };
  });
  const listed: IkeSaView[] = [];
  for await (const sa of moon.daemon.control.listSas({})) if (sa !== undefined) listed.push(sa);
  expect(listed.map(({ children }) => children.length)).toEqual([40]);
  expect(listed[0]?.children.every(({ installed }) => installed?.in.bytes === 7n)).toBe(true);
  expect(most()).toBe(64);
});
