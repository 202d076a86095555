import { expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound, childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const MANY = 10_000;
const LAST = MANY - 1;

/** Connection number i, for a peer of its own, with a child of its own. */
function one(i: number): ConnectionConfig {
  const gw = connectionOf({}, 'moon', 'carol');
  const id = parseIdentity(`user${i}.example.org`, { allowRegex: false });
  const net = gw.children.get('net');
  const child = childConfig(`net${i}`, {
    ...(net === undefined ? {} : { proposals: net.proposals }),
    localTs: [{ kind: 'fixed', selector: ts('10.1.0.0/16') }],
    remoteTs: [{ kind: 'fixed', selector: ts(`10.9.${i >> 8}.${i & 255}/32`) }],
  });
  return {
    ...gw,
    name: `c${i}`,
    remote: [authRound({ id })],
    children: new Map([[child.name, child]]),
  };
}

/** Loads them; whoever is looked at from then on gets into the set, which a test may clear. */
async function crowd(host: WorldHost): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let i = 0; i < MANY; i++) {
    const watched = new Proxy(one(i), {
      get(target, key) {
        if (key !== 'name') seen.add(target.name);
        return Reflect.get(target, key);
      },
    });
    await host.load(watched);
  }
  seen.clear();
  return seen;
}

test('a peer is told from ten thousand others without looking at them', async () => {
  await using world = new World({ light: true });
  const [moon, carol] = await pair(world);
  await moon.daemon.control.unloadConnection('gw');
  const seen = await crowd(moon);
  await moon.load(connectionOf({}, 'moon', 'carol'));
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => moon.children.length === 1);
  expect(moon.established[0]?.name).toBe('gw');
  // The first one stands for the addresses and proposals of all.
  expect([...seen].filter((name) => name !== 'c0')).toEqual([]);
});

test('by name one of ten thousand is initiated, trapped, loaded again and removed alone', async () => {
  await using world = new World({ light: true });
  const [moon, carol] = await pair(world);
  const seen = await crowd(moon);
  const { control } = moon.daemon;
  const others = (): readonly string[] => [...seen].filter((name) => name !== `c${LAST}`);
  expect(await world.during(moon.initiate(`net${LAST}`))).toMatchObject({ ok: false });
  expect(moon.lines).toContain('initiating IKE_SA c9999[1] to 192.0.2.2');
  expect(await control.install(`net${LAST}`, undefined)).toEqual({ ok: true });
  const packet = { source: ip('10.1.0.5'), destination: ip(`10.9.${LAST >> 8}.${LAST & 255}`) };
  expect(carry(moon.kernel, carol.kernel, packet)).toEqual({ kind: 'held' });
  await world.settle(() => moon.lines.includes('initiating IKE_SA c9999[2] to 192.0.2.2'));
  expect(await control.uninstall(`net${LAST}`, undefined)).toEqual({ ok: true });

  const calls = moon.kernel.calls.length;
  expect(await control.loadConnection(one(LAST))).toMatchObject({ outcome: 'unchanged' });
  expect(await control.loadConnection({ ...one(LAST), dpdDelay: 9 })).toMatchObject({
    outcome: 'replaced',
    keys: ['dpd_delay'],
  });
  expect(await control.unloadConnection(`c${LAST}`)).toMatchObject({ outcome: 'removed' });
  expect(moon.kernel.calls).toHaveLength(calls);
  // Another one of equal addresses answers for the profile that they share.
  expect(others().filter((name) => name !== 'c0')).toEqual([]);
});
