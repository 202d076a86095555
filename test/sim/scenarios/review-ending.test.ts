import { expect, test } from 'vitest';
import { defaultOptions } from '../../../daemon/config/options.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import { InProcessKeys } from '../../../daemon/keyd/in-process.ts';
import { authRound, childConfig, connectionConfig, hostSpec } from '../../support/connections.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { ip } from '../../support/selectors.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const again = { trap: false, start: true };

function cut(world: World): void {
  world.network.intercept = () => undefined;
}

function restarts(host: WorldHost): readonly string[] {
  return host.lines.filter((line) => line.startsWith('restarting CHILD_SA'));
}

test('shutdown ends although an IKE_SA goes down at the same moment', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { dpdDelay: 10 } });
  await world.during(moon.initiate('net'));
  let down: Promise<void> | undefined;
  moon.daemon.control.onEvent((event) => {
    if (event.kind === 'alert' && event.type === 'retransmit-send-timeout')
      down = moon.daemon.shutdown();
  });
  cut(world);
  await world.pass(300_000);
  if (down === undefined) throw new TypeError('the peer was never given up');
  await world.during(down);
  expect(moon.kernel.empty).toBe(true);
  expect(moon.journal.recorded()).toEqual([]);
});

test('shutdown takes everything out of the kernel although an IKE_SA is stuck', async () => {
  await using world = new World();
  const kernel = new FakeKernel(world.random.fork(), [ip('192.0.2.9')]);
  const never = new Promise<undefined>(() => {});
  const crypto = simCrypto();
  const daemon = createDaemon({
    clock: world.clock,
    random: world.random.fork(),
    transport: world.network.host('stuck', [ip('192.0.2.9')]),
    kernel,
    net: kernel,
    crypto,
    privateKeys: new InProcessKeys(crypto.signatures),
    hub: new MemoryLog(),
    options: defaultOptions(),
    journal: new MemoryJournal(),
    resolve: () => never.then(() => []),
  });
  await daemon.start();
  const child = childConfig('net');
  await daemon.control.loadConnection(
    connectionConfig('gw', {
      localAddrs: [hostSpec('192.0.2.9')],
      remoteAddrs: [{ kind: 'name', text: 'gw.example.org' }],
      local: [authRound()],
      children: new Map([['net', child]]),
    }),
  );
  const request = { child: 'net', timeout: -1, initLimits: false };
  await daemon.control.initiate(request, () => undefined, new AbortController().signal);
  await world.during(daemon.shutdown(), 5000);
  expect(kernel.empty).toBe(true);
});

test('terminate answers although one of the IKE_SAs went down before its turn', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  const both = [moon.initiate('net'), carol.initiate('net')];
  for (const one of both) expect(await world.during(one)).toEqual({ ok: true });
  expect(moon.children).toHaveLength(2);
  cut(world);
  const closing = moon.terminate({ child: 'net' });
  await world.pass(1000);
  const second = moon.sas.map((sa) => sa.uniqueId).at(-1) ?? 0;
  const manager = moon.daemon.manager;
  manager.tables.byId.get(second)?.post(() => manager.tables.byId.get(second)?.destroy('test'));
  expect(await world.during(closing)).toMatchObject({ ok: true, matches: 2, terminated: 2 });
});

test('what was terminated on purpose does not come back when DPD finds the peer gone', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { dpdDelay: 10 },
    child: { dpdAction: again, closeAction: again },
  });
  await world.during(moon.initiate('net'));
  cut(world);
  await world.pass(15_000);
  expect(moon.lines).toContain('sending DPD request');
  expect(await world.during(moon.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  await world.pass(10_000);
  expect(restarts(moon)).toEqual([]);
  expect(moon.sas).toEqual([]);
});

test('a CHILD_SA that is being closed does not come back with its IKE_SA', async () => {
  await using world = new World();
  const [moon] = await pair(world, { child: { dpdAction: again, closeAction: again } });
  await world.during(moon.initiate('net'));
  cut(world);
  expect(await world.during(moon.terminate({ child: 'net' }))).toMatchObject({ ok: true });
  await world.pass(10_000);
  expect(restarts(moon)).toEqual([]);
  expect(moon.sas).toEqual([]);
});

test('close_action does not undo a terminate that waits for its turn', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { dpdDelay: 10 },
    child: { closeAction: again },
  });
  await world.during(moon.initiate('net'));
  // Nothing from moon arrives: its DPD stays unanswered while carol deletes the IKE_SA.
  world.network.intercept = (packet) => (packet.from === 'moon' ? undefined : packet);
  await world.pass(15_000);
  const closing = moon.terminate({ ike: 'gw' });
  void carol.terminate({ ike: 'gw' });
  expect(await world.during(closing)).toMatchObject({ ok: true });
  await world.pass(10_000);
  expect(restarts(moon)).toEqual([]);
});

test('initiate does not join an IKE_SA that is about to be deleted', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 10 } });
  await world.during(moon.initiate('net'));
  cut(world);
  await world.pass(15_000);
  void moon.terminate({ ike: 'gw' });
  const fresh = moon.initiate('net');
  world.network.intercept = undefined;
  expect(await world.during(fresh)).toEqual({ ok: true });
  await world.pass(60_000);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

// vici.md, notes: force with a DELETE under way, and force without waiting.
test('force destroys at once an IKE_SA whose DELETE is under way', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  await world.during(moon.initiate('net'));
  cut(world);
  const slow = moon.terminate({ ike: 'gw' });
  await world.pass(1000);
  const forced = moon.daemon.control.terminate(
    { ike: 'gw', force: true, timeout: 30_000 },
    () => undefined,
    new AbortController().signal,
  );
  expect(await world.during(forced, 100)).toMatchObject({ ok: true, terminated: 1 });
  expect(await world.during(slow, 100)).toMatchObject({ ok: true });
  expect(moon.kernel.empty).toBe(true);
});

test('force with a negative timeout destroys as well, without an answer to wait for', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  cut(world);
  const forced = moon.daemon.control.terminate(
    { ike: 'gw', force: true, timeout: -1 },
    () => undefined,
    new AbortController().signal,
  );
  expect(await world.during(forced, 100)).toMatchObject({ ok: true, matches: 1 });
  await world.pass(1000);
  expect(moon.sas).toEqual([]);
  expect(carol.sas).toHaveLength(1);
});
