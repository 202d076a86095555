import { expect, test } from 'vitest';
import { exchangeName } from '../../../daemon/proto/iana/exchange-types.ts';
import { monitoringSource } from '../../../daemon/service-monitoring.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** What an observer of a host was told. */
function observe(host: WorldHost): string[] {
  const told: string[] = [];
  host.observer = {
    answered: (exchange, millis) => told.push(`${exchangeName(exchange)} after ${millis}`),
    retransmitted: (exchange) => told.push(`${exchangeName(exchange)} again`),
    givenUp: (exchange) => told.push(`${exchangeName(exchange)} given up`),
  };
  return told;
}

async function parsed(texts: AsyncIterable<string>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const text of texts) all.push(JSON.parse(text));
  return all;
}

const PROCESS = { ready: true, logLinesLost: 0, viciClients: 0, pause: () => Promise.resolve() };

test('latencies count from the first sending, retransmissions and what is given up are told', async () => {
  await using world = new World({ link: { latency: 10 } });
  const [moon, carol] = await pair(world);
  const told = observe(moon);
  const others = observe(carol);
  let lost = 0;
  world.network.intercept = (packet) => (lost++ === 0 ? undefined : packet);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(told).toEqual(['IKE_SA_INIT again', 'IKE_SA_INIT after 4020', 'IKE_AUTH after 20']);
  expect(others).toEqual([]);
  told.length = 0;
  world.network.intercept = () => undefined;
  await world.during(moon.terminate({ ike: 'gw' }));
  expect(told).toEqual([
    ...Array.from({ length: 5 }, () => 'INFORMATIONAL again'),
    'INFORMATIONAL given up',
  ]);
});

test('configured tunnels are up or down, SAs are counted by state, listings are as in VICI', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    child: { startAction: { start: false, trap: true } },
  });
  const source = monitoringSource(moon.daemon, PROCESS);
  expect(await source.snapshot()).toMatchObject({
    connections: 1,
    ikeSasByState: {},
    childSas: 0,
    tunnels: [{ connection: 'gw', child: 'net', start: 'trap', up: false }],
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(await source.snapshot()).toMatchObject({
    ikeSasByState: { ESTABLISHED: 1 },
    childSas: 1,
    halfOpen: 0,
    tunnels: [{ up: true }],
    counters: { 'ike-init-out-req': 1, 'ike-auth-in-resp': 1, invalid: 0 },
  });
  const listed = await parsed(source.listSas());
  expect(listed).toEqual([
    {
      gw: expect.objectContaining({
        uniqueid: 1,
        state: 'ESTABLISHED',
        'local-host': '192.0.2.1',
        'child-sas': { 'net-1': expect.objectContaining({ state: 'INSTALLED', mode: 'TUNNEL' }) },
      }),
    },
  ]);
  const connections = await parsed(source.listConns());
  expect(connections).toEqual([
    { gw: expect.objectContaining({ version: 'IKEv2', local_port: 500 }) },
  ]);
  expect(carol.established).toHaveLength(1);
});

test('looking at very many lets everything else run meanwhile', async () => {
  await using world = new World({ printOnFailure: false });
  const [moon] = await pair(world);
  const [config] = world.configs.get(moon) ?? [];
  if (config === undefined) throw new TypeError('no connection');
  for (let i = 0; i < 3000; i++) await moon.load({ ...config, name: `c${i}` });
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  const { tunnels } = await monitoringSource(moon.daemon, { ...PROCESS, pause }).snapshot();
  expect(tunnels).toHaveLength(3001);
  expect(pauses).toBeGreaterThanOrEqual(5);
});
