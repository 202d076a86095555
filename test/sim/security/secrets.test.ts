import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { latin1, utf8 } from '../../../daemon/util/bytes.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const PSK = 'correct horse battery staple';

/** Whatever SK_* the IKE_SAs of a host hold at this moment, themselves. */
function heldKeys(host: WorldHost): readonly Uint8Array[] {
  return [...host.daemon.manager.tables.byId.values()].flatMap(({ keys }) => {
    if (keys === undefined) return [];
    const { skD, skAi, skAr, skEi, skEr, skPi, skPr } = keys;
    return [skD, skAi, skAr, skEi, skEr, skPi, skPr]
      .filter((key) => key.length > 0)
      .map((key) => key.bytes);
  });
}

/** The same copied: the originals are wiped. */
function ikeKeys(host: WorldHost): readonly Uint8Array[] {
  return heldKeys(host).map((octets) => octets.slice());
}

/** Gathers every SK_* that any of the hosts has while a packet is under way. */
function gatherKeys(world: World): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  world.network.onPacket(() => {
    for (const key of world.hosts.flatMap(ikeKeys)) {
      if (key.some((octet) => octet !== 0)) found.set(toHex(key), key);
    }
  });
  return found;
}

function childKeys(host: WorldHost): readonly Uint8Array[] {
  return [...host.kernel.sas.values()].flatMap(({ sa }) =>
    sa?.encryption === undefined ? [] : [sa.encryption.key.slice()],
  );
}

/** Every way in which octets appear in a text. */
function spellings(secret: Uint8Array): readonly string[] {
  const hex = toHex(secret);
  return [
    hex,
    hex.toUpperCase(),
    (hex.match(/../g) ?? []).join(':'),
    (hex.match(/../g) ?? []).join(' '),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
    [...secret].join(','),
    [...secret].join(', '),
    latin1(secret),
  ];
}

test('SEC-86 at the highest log level no log line, event, answer or error tells a secret', async () => {
  await using world = new World({ seed: 86 });
  const [moon, carol] = await pair(world, { secret: PSK });
  const told: unknown[] = [];
  for (const host of [moon, carol]) {
    host.log.addSink({ levelOf: () => 4, write: (record) => told.push(record) });
  }
  const keys = gatherKeys(world);
  const up = moon.initiate('net');
  await world.settle(() => moon.established.length === 1 && carol.established.length === 1);
  told.push(await up, moon.sas, carol.sas);
  const sas = [moon, carol].map((host) => [...host.daemon.manager.tables.byId.values()][0]);
  const esp = [moon, carol].flatMap(childKeys);
  expect(esp.length).toBe(4);

  const down = moon.terminate({ ike: 'gw' });
  await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
  told.push(await down);

  // A wrong secret: the error path.
  carol.daemon.sharedKeys.clear();
  carol.secret(`${PSK}!`);
  const refused = moon.initiate('net');
  await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
  told.push(await refused, moon.events, carol.events);

  expect(moon.lines.length).toBeGreaterThan(20);
  const text = [
    ...moon.lines,
    ...carol.lines,
    inspect(told, { depth: 20, maxArrayLength: null, maxStringLength: null, breakLength: 1e6 }),
    inspect(sas, { depth: 6, showHidden: true, breakLength: 1e6 }),
  ].join('\n');
  // SK_d, SK_ei, SK_er, SK_pi, SK_pr of two IKE_SAs.
  expect(keys.size).toBeGreaterThanOrEqual(10);
  for (const secret of [utf8(PSK), ...keys.values(), ...esp]) {
    for (const spelling of spellings(secret)) expect(text.includes(spelling)).toBe(false);
  }
});

test('keys of an IKE_SA are wiped when it ends', async () => {
  await using world = new World({ seed: 87 });
  const [moon, carol] = await pair(world);
  const up = moon.initiate('net');
  await world.settle(() => moon.established.length === 1 && carol.established.length === 1);
  await up;
  const sa = [...moon.daemon.manager.tables.byId.values()][0];
  const { skD } = sa?.keys ?? {};
  const octets = skD?.bytes ?? new Uint8Array(0);
  expect(octets.some((octet) => octet !== 0)).toBe(true);
  const down = moon.terminate({ ike: 'gw' });
  await world.settle(() => moon.sas.length === 0);
  await down;
  expect(octets.every((octet) => octet === 0)).toBe(true);
  expect(() => skD?.bytes).toThrow('wiped');
});

test('SEC-86: of a hundred IKE_SAs that ended every SK_* that either side held is wiped', async () => {
  await using world = new World({ seed: 100, keepLadder: false });
  const [moon, carol] = await pair(world);
  const held = new Set<Uint8Array>();
  world.network.onPacket(() => {
    for (const octets of world.hosts.flatMap(heldKeys))
      if (octets.some((octet) => octet !== 0)) held.add(octets);
  });
  for (let i = 0; i < 100; i++) {
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.during(moon.terminate({ ike: 'gw' }));
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
  }
  // On either side SK_d, SK_ei, SK_er, SK_pi and SK_pr while it is set up, and the SK_d that is kept.
  expect(held.size).toBeGreaterThanOrEqual(1000);
  expect([...held].filter((octets) => octets.some((octet) => octet !== 0))).toEqual([]);
});
