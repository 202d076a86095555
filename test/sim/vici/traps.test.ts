import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { leafDer } from '../../support/test-certificates.ts';
import type { Plain } from '../../support/vici.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import { Operator, tree, type Wanted } from './operator.ts';
import { connection, type TwoSides, twoSides } from './setting.ts';

/** What is easy to miss in the protocol, each as charon was seen to do it. */

const YES = { success: 'yes' };
const NET = [value('child', 'net')];
const GW = [value('ike', 'gw')];
const soon = (millis: number): Tree => [value('timeout', String(millis))];

async function alone(world: World): Promise<Operator> {
  return Operator.of(world, await world.host('moon', [places.moon.address]));
}

/** Two gateways with a tunnel between them. */
async function up(world: World, sides: TwoSides = {}): Promise<readonly [Operator, Operator]> {
  const both = await twoSides(world, undefined, sides);
  expect(await both[0].told('initiate', NET)).toEqual(YES);
  return both;
}

/** The fields of the IKE_SAs that are listed, and of their CHILD_SAs by name. */
async function sas(operator: Operator): Promise<readonly ReadonlyMap<string, unknown>[]> {
  const events = await operator.stream('list-sas', 'list-sa');
  return events.map((event) => new Map(event[0]?.[1] as [string, unknown][]));
}

function childStates(sa: ReadonlyMap<string, unknown> | undefined): readonly unknown[] {
  const children = (sa?.get('child-sas') ?? []) as Plain;
  return children.map(([, fields]) => new Map(fields as Plain).get('state'));
}

const eventNames = (operator: Operator): readonly string[] =>
  operator.events
    .filter(({ name }) => name.endsWith('updown'))
    .map(({ name, tree: told }) => `${name} ${new Map(told).get('up') ?? 'no'}`);

describe('load-conn', () => {
  // The reference refuses this; taking it does no harm.
  test('takes a single value where there is a list, and means the same by it', async () => {
    await using world = new World();
    await using moon = await alone(world);
    const one = (items: (text: string) => string | readonly string[]): Wanted => ({
      remote_addrs: items('192.0.2.2'),
      proposals: items('aes128gcm16-prfsha256-x25519'),
      pools: items('rw'),
      remote: { auth: 'pubkey', groups: items('staff'), cert_policy: items('1.2.3') },
      children: { net: { esp_proposals: items('aes128gcm16'), remote_ts: items('10.2.0.0/16') } },
    });
    const lists = { single: one((text) => text), listed: one((text) => [text]) };
    expect(await moon.told('load-conn', tree(lists))).toEqual(YES);
    const [single, listed] = await moon.stream('list-conns', 'list-conn');
    expect(single?.[0]?.[1]).toEqual(listed?.[0]?.[1]);
  });

  test.each(['encap', 'dpd_delay', 'unique'])('knows %s as a value alone', async (key) => {
    await using world = new World();
    await using moon = await alone(world);
    expect(await moon.refusal('load-conn', tree({ gw: { [key]: ['x'] } }))).toMatch(
      new RegExp(`^unknown option: ${key}, config discarded`),
    );
  });

  test('takes blobs in certs, and never opens a file that is named there', async () => {
    await using world = new World();
    await using moon = await alone(world);
    const local = { auth: 'pubkey', certs: [leafDer('moon')] };
    expect(await moon.told('load-conn', tree({ gw: { local } }))).toEqual(YES);
    const named = { auth: 'pubkey', certs: ['/etc/passwd'] };
    const errmsg = await moon.refusal('load-conn', tree({ gw: { local: named } }));
    expect(errmsg).toMatch(/^invalid value for: certs, config discarded/);
    expect(errmsg).not.toContain('root:');
  });

  test('matches names of sections in any case, names of keys exactly', async () => {
    await using world = new World();
    await using moon = await alone(world);
    const sections = { LOCAL: { auth: 'psk' }, Remote2: { auth: 'psk' }, Children: { net: {} } };
    expect(await moon.told('load-conn', tree({ gw: sections }))).toEqual(YES);
    expect(await moon.refusal('load-conn', tree({ gw: { Encap: 'yes' } }))).toMatch(
      /^unknown option: Encap, config discarded/,
    );
  });

  test('without local or remote makes one empty round each, and of version 2', async () => {
    await using world = new World();
    await using moon = await alone(world);
    expect(await moon.told('load-conn', tree({ gw: {} }))).toEqual(YES);
    const [event] = await moon.stream('list-conns', 'list-conn');
    const fields = new Map(event?.[0]?.[1] as Plain);
    const empty = [
      ['groups', []],
      ['cert_policy', []],
      ['certs', []],
      ['cacerts', []],
    ];
    expect(fields.get('version')).toBe('IKEv2');
    for (const round of ['local-1', 'remote-1']) expect(fields.get(round)).toEqual(empty);
    expect([...fields.keys()]).not.toContain('local-2');
  });

  test('of a name that is there exchanges children that changed and leaves SAs of the others', async () => {
    await using world = new World();
    const [moon] = await up(world);
    const [before] = await sas(moon);
    const more = { local_ts: ['10.1.0.0/16'], remote_ts: ['10.99.0.0/16'], start_action: 'trap' };
    const gw = connection('moon')['gw'] as Wanted;
    const net = (gw['children'] as Wanted)['net'] as Wanted;
    await moon.ask('load-conn', tree({ gw: { ...gw, children: { net, more } } }));
    const [after] = await sas(moon);
    expect(after?.get('uniqueid')).toBe(before?.get('uniqueid'));
    expect(childStates(after)).toEqual(['INSTALLED']);
    const traps = (): Promise<readonly Plain[]> =>
      moon.stream('list-policies', 'list-policy', [value('trap', 'yes')]);
    expect(await traps()).toHaveLength(1);
    await moon.ask('load-conn', tree({ gw }));
    expect(await traps()).toHaveLength(0);
  });

  test.each([
    ['a version that is none', { gw: { version: '7' } }],
    ['an empty name', { '': {} }],
    ['an identity that is not printable', { gw: { local: { id: 'a\u0001b' } } }],
  ])('refuses %s', async (_what, wanted) => {
    await using world = new World();
    await using moon = await alone(world);
    expect(await moon.refusal('load-conn', tree(wanted))).not.toBe('');
    expect(await moon.told('get-conns')).toEqual({ conns: [] });
  });
});

describe('initiate', () => {
  test('of an IKE_SA that is there succeeds at once; with a negative timeout nobody waits', async () => {
    await using world = new World();
    const [moon, carol] = await twoSides(world, undefined);
    const began = world.clock.now();
    expect(await moon.told('initiate', [...NET, ...soon(-1)])).toEqual(YES);
    expect(world.clock.now()).toBe(began);
    await world.settle(() => carol.host.children.length === 1);
    expect(await moon.told('initiate', GW)).toEqual(YES);
    expect(await sas(moon)).toHaveLength(1);
  });

  test('of a child without a connection takes the first that has one, and a second is a duplicate', async () => {
    await using world = new World();
    const [moon] = await twoSides(world, undefined);
    await moon.ask('load-conn', tree({ later: connection('moon')['gw'] as Wanted }));
    expect(await moon.told('initiate', NET)).toEqual(YES);
    expect(moon.host.sas.map(({ name }) => name)).toEqual(['gw']);
    expect(await moon.refusal('initiate', NET)).toMatch(/^establishing CHILD_SA 'net' failed/);
    expect(moon.host.lines.join('\n')).toContain(
      'not establishing CHILD_SA net due to existing duplicate',
    );
    expect(moon.host.children).toHaveLength(1);
  });

  test('takes a number that is none for the default', async () => {
    await using world = new World();
    const [moon] = await twoSides(world, undefined);
    expect(await moon.told('initiate', [...NET, value('timeout', 'abc')])).toEqual(YES);
  });

  test('shows %any for both identities until IKE_AUTH', async () => {
    await using world = new World({ link: { latency: 400 } });
    const [moon] = await twoSides(world, undefined);
    await moon.ask('initiate', [...NET, ...soon(-1)]);
    await world.pass(100);
    const [connecting] = await sas(moon);
    const shown = ['state', 'local-id', 'remote-id', 'responder-spi'].map((key) =>
      connecting?.get(key),
    );
    expect(shown).toEqual(['CONNECTING', '%any', '%any', '0000000000000000']);
  });
});

describe('terminate', () => {
  test('with a child closes children alone, ike only narrows', async () => {
    await using world = new World();
    const [moon] = await up(world);
    expect(await moon.refusal('terminate', [...NET, value('ike', 'other')])).toBe(
      'no matching SAs to terminate found',
    );
    expect(await moon.told('terminate', [...NET, ...GW])).toMatchObject({ terminated: '1' });
    expect(await sas(moon)).toHaveLength(1);
    expect(moon.host.children).toHaveLength(0);
  });

  test('with both ike and ike-id takes an IKE_SA that either is', async () => {
    await using world = new World();
    const [moon] = await up(world);
    const either = [...GW, value('ike-id', '99')];
    expect(await moon.told('terminate', either)).toMatchObject({ matches: '1', terminated: '1' });
  });

  test('by force and without a timeout waits for nobody, and a DELETE is sent all the same', async () => {
    await using world = new World();
    const [moon, carol] = await up(world);
    const began = world.clock.now();
    expect(await moon.told('terminate', [...GW, value('force', 'yes')])).toMatchObject(YES);
    expect(world.clock.now()).toBe(began);
    expect(await sas(moon)).toHaveLength(0);
    await world.settle(() => carol.host.sas.length === 0);
  });

  test('by force and with a timeout fails when that is over, although the SA is gone', async () => {
    await using world = new World();
    const [moon] = await up(world);
    world.network.link = { ...world.network.link, loss: 1 };
    expect(await moon.told('terminate', [...GW, value('force', 'yes'), ...soon(1000)])).toEqual({
      success: 'no',
      matches: '1',
      terminated: '0',
      errmsg: 'terminating SA failed',
    });
    expect(await sas(moon)).toHaveLength(0);
  });

  test('without force the SA stays in DELETING, and force then ends it at once', async () => {
    await using world = new World();
    const [moon] = await up(world);
    world.network.link = { ...world.network.link, loss: 1 };
    expect(await moon.told('terminate', [...GW, ...soon(1000)])).toMatchObject({ success: 'no' });
    expect((await sas(moon))[0]?.get('state')).toBe('DELETING');
    const began = world.clock.now();
    await moon.ask('terminate', [...GW, value('force', 'yes'), ...soon(60_000)]);
    expect(world.clock.now()).toBe(began);
    expect(await sas(moon)).toHaveLength(0);
  });

  test('waits for one SA after the other', async () => {
    await using world = new World();
    const [moon] = await up(world);
    const other = connection('moon', {}, { remote_ts: ['10.2.1.0/24'] })['gw'] as Wanted;
    await moon.ask('load-conn', tree({ other }));
    await moon.ask('initiate', [...NET, value('ike', 'other')]);
    world.network.link = { ...world.network.link, loss: 1 };
    const began = world.clock.now();
    await moon.ask('terminate', [...NET, ...soon(1000)]);
    expect(world.clock.now() - began).toBe(2000);
  });
});

test('redirect succeeds for an IKE_SA that cannot be redirected, which the log tells', async () => {
  await using world = new World();
  const [moon] = await up(world);
  const input = [...GW, value('gateway', '192.0.2.9')];
  expect(await moon.told('redirect', input)).toEqual({ ...YES, matches: '1' });
  await world.pass(1000);
  expect(moon.host.established).toHaveLength(1);
});

test('rekey takes CHILD_SAs in every state, and one that was replaced stays listed for 5 s', async () => {
  await using world = new World();
  const [moon, carol] = await up(world);
  expect(await moon.told('rekey', NET)).toEqual({ ...YES, matches: '1' });
  await world.pass(1000);
  expect(childStates((await sas(moon))[0]).toSorted()).toEqual(['DELETED', 'INSTALLED']);
  expect(await moon.told('rekey', NET)).toEqual({ ...YES, matches: '2' });
  await world.pass(30_000);
  for (const side of [moon, carol])
    expect(childStates((await sas(side))[0])).toEqual(['INSTALLED']);
  // Two rekeyings in all: that of the one that was replaced already came to nothing.
  expect(moon.events.filter(({ name }) => name === 'child-rekey')).toHaveLength(2);
});

test('list-sas shows half-open and deleting SAs, and children under the new IKE_SA', async () => {
  await using world = new World();
  const [moon, carol] = await up(world);
  world.network.link = { ...world.network.link, latency: 200 };
  await moon.ask('rekey', GW);
  await world.settle(() => moon.events.some(({ name }) => name === 'ike-rekey'));
  const shown = await sas(moon);
  expect(shown.map((sa) => [sa.get('state'), childStates(sa)])).toEqual([
    ['DELETING', []],
    ['ESTABLISHED', ['INSTALLED']],
  ]);
  await world.pass(5000);
  expect(await sas(carol)).toHaveLength(1);
});

test('unloading what is not there is an error for connections, not for secrets', async () => {
  await using world = new World();
  await using moon = await alone(world);
  expect(await moon.refusal('unload-conn', [value('name', 'x')])).toContain('not found');
  expect(await moon.told('unload-shared', [value('id', 'x')])).toEqual(YES);
});

test.each([
  ['10.0.0.0/24', '10.0.0.1', '254'],
  ['10.0.0.5/24', '10.0.0.5', '250'],
  ['10.0.0.1-10.0.0.3', '10.0.0.1', '3'],
  ['10.0.0.0/31', '10.0.0.0', '2'],
  ['10.0.0.9/32', '10.0.0.9', '1'],
  ['2001:db8::/120', '2001:db8::1', '254'],
  ['2001:db8::/64', '2001:db8::1', '2147483646'],
])('a pool of %s begins with %s and has %s addresses', async (addrs, base, size) => {
  await using world = new World();
  await using moon = await alone(world);
  await moon.ask('load-pool', tree({ p: { addrs } }));
  const { p } = await moon.told('get-pools');
  expect(p).toEqual([
    ['base', base],
    ['size', size],
    ['online', '0'],
    ['offline', '0'],
  ]);
});

test('get-counters without a name gives one section whose name is empty', async () => {
  await using world = new World();
  await using moon = await alone(world);
  const { counters } = await moon.told('get-counters');
  expect((counters as Plain).map(([name]) => name)).toEqual(['']);
});

test('get-algorithms has each algorithm once, and a fixed key for sources of nonces', async () => {
  await using world = new World();
  await using moon = await alone(world);
  const answer = await moon.ask('get-algorithms');
  for (const [kind, entries] of answer) {
    const names = (entries as Plain).map(([name]) => name);
    expect(new Set(names).size, kind).toBe(names.length);
  }
  expect((new Map(answer).get('nonce-gen') as Plain).map(([name]) => name)).toEqual(['NONCE_GEN']);
});

test('log names the IKE_SA in ikesa-name and ikesa-uniqueid', async () => {
  await using world = new World();
  const [moon] = await up(world);
  const logged = moon.events.filter(({ name }) => name === 'log').map(({ tree: told }) => told);
  const ofIke = logged.filter((told) => new Map(told).has('ikesa-name'));
  expect(ofIke.length).toBeGreaterThan(3);
  for (const told of ofIke) {
    expect(told.map(([key]) => key)).toEqual([
      'group',
      'level',
      'thread',
      'ikesa-name',
      'ikesa-uniqueid',
      'msg',
    ]);
  }
});

test('an IKE_SA is told up before its CHILD_SAs and down before them, and never why', async () => {
  await using world = new World();
  const [moon] = await up(world);
  await moon.ask('terminate', GW);
  await world.settle(() => moon.host.sas.length === 0);
  expect(eventNames(moon)).toEqual([
    'ike-updown yes',
    'child-updown yes',
    'ike-updown no',
    'child-updown no',
  ]);
  for (const { name, tree: told } of moon.events) {
    if (name !== 'ike-updown') continue;
    expect(told.filter(([key]) => key !== 'up').map(([key]) => key)).toEqual(['gw']);
  }
});

test('load-shared takes owners of any length, and a list that is not closed', async () => {
  await using world = new World();
  await using moon = await alone(world);
  const long = `${'x'.repeat(5000)}.example.org`;
  const input = [value('type', 'ike'), value('data', 'y'.repeat(40)), list('owners', [long])];
  expect(await moon.told('load-shared', input)).toEqual(YES);
});

test('a connection that was given twice in one request is the last one', async () => {
  await using world = new World();
  await using moon = await alone(world);
  const both = [section('gw', [value('mobike', 'no')]), section('gw', [value('dpd_delay', '9s')])];
  expect(await moon.told('load-conn', both)).toEqual(YES);
  expect(await moon.told('get-conns')).toEqual({ conns: ['gw'] });
  const [event] = await moon.stream('list-conns', 'list-conn');
  expect(event?.[0]?.[1]).toContainEqual(['dpd_delay', '9']);
});
