import { expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { notifiesIn, Puppet } from '../puppet.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

type Childless = ConnectionConfig['childless'];

const setup = (moon: Childless, carol: Childless): PairSetup => ({
  esp: 'aes128gcm16-x25519',
  moonConnection: { childless: moon },
  carolConnection: { childless: carol },
});

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

/** Arrows of the ladder without times, retransmissions included. */
function arrows(world: World): readonly string[] {
  return world
    .ladder()
    .split('\n')
    .filter((line) => line.includes('-->'));
}

function initiateIke(host: WorldHost): ReturnType<WorldHost['initiate']> {
  return host.daemon.control.initiate(
    { ike: 'gw', timeout: 0, initLimits: false },
    () => undefined,
    new AbortController().signal,
  );
}

// moon --> carol  IKE_AUTH { IDi, AUTH }, then CREATE_CHILD_SA { SA, Ni, KEi, TSi, TSr }
test.each([
  ['prefer', 'allow'],
  ['prefer', 'prefer'],
  ['force', 'allow'],
  ['force', 'force'],
  ['prefer', 'force'],
] as const)(
  'CL-01 childless = %s with %s: the CHILD_SA follows IKE_AUTH with a key exchange of its own',
  async (own, peers) => {
    await using world = new World();
    const [moon, carol] = await pair(world, setup(own, peers));
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
    const sent = arrows(world);
    expect(sent).toHaveLength(6);
    expect(sent[1]).toContain('N(CHDLESS_SUP)');
    for (const auth of sent.slice(2, 4)) {
      expect(auth).toContain('IKE_AUTH');
      expect(auth).not.toMatch(/ (SA|TSi|TSr) /);
    }
    expect(sent[4]).toMatch(/CREATE_CHILD_SA request 2 \[ SA No KE TSi TSr \]/);
    expect(moon.children[0]?.installed?.algorithms.dhGroup).toBe('CURVE_25519');
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  },
);

test('childless = allow asks for the CHILD_SA in IKE_AUTH as ever', async () => {
  await using world = new World();
  const [moon] = await pair(world, setup('allow', 'allow'));
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(arrows(world)).toHaveLength(4);
});

test('childless = prefer does without where the peer does not know it', async () => {
  await using world = new World();
  const [moon] = await pair(world, setup('prefer', 'never'));
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(arrows(world)[1]).not.toContain('CHDLESS_SUP');
  expect(arrows(world)).toHaveLength(4);
});

test.each(['allow', 'prefer', 'force'] as const)(
  'CL-02 childless = %s: the IKE_SA alone, a CHILD_SA by hand later',
  async (childless) => {
    await using world = new World();
    const [moon, carol] = await pair(world, setup(childless, childless));
    expect(await world.during(initiateIke(moon))).toEqual({ ok: true });
    await world.pass(60_000);
    expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
    expect([moon.children.length, carol.children.length]).toEqual([0, 0]);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect([moon.sas.length, moon.children.length, carol.children.length]).toEqual([1, 1, 1]);
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  },
);

test.each(['moon', 'carol'])('an IKE_SA alone is refused where %s says never', async (who) => {
  await using world = new World();
  const [moon, carol] = await pair(
    world,
    who === 'moon' ? setup('never', 'allow') : setup('allow', 'never'),
  );
  const outcome = await world.during(initiateIke(moon));
  expect(outcome).toMatchObject({ ok: false, errmsg: expect.stringContaining('CHILD_SA') });
  await world.pass(31_000);
  expect([moon.sas.length, carol.sas.length]).toEqual([0, 0]);
});

test('CL-03 initiator forces, responder never: it ends after IKE_SA_INIT and nothing is left', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, setup('force', 'never'));
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('childless = force'),
  });
  expect(arrows(world)).toHaveLength(2);
  expect(moon.sas).toEqual([]);
  await world.pass(31_000);
  expect(carol.sas).toEqual([]);
  expect(carol.alerts('half-open-timeout')).toBe(1);
  expect(carol.daemon.manager.guard.halfOpen).toBe(0);
});

test('CL-04 responder forces, initiator sends SA and TS: INVALID_SYNTAX and no IKE_SA', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, setup('allow', 'force'));
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('INVALID_SYNTAX'),
  });
  await world.pass(1000);
  expect([moon.sas.length, carol.sas.length]).toEqual([0, 0]);
  expect(carol.kernel.empty && moon.kernel.empty).toBe(true);
});

test('CL-04 a stranger learns nothing of it: AUTHENTICATION_FAILED comes first', async () => {
  await using world = new World();
  const [, carol] = await pair(world, {
    carolConnection: { childless: 'force', remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const puppet = new Puppet(world, '198.51.100.7', places.carol.address);
  puppet.secret = 'a guess';
  await puppet.init();
  expect(notifiesIn(await puppet.auth())).toEqual([NotifyType.AUTHENTICATION_FAILED]);
  expect(carol.sas).toEqual([]);
});

test('an IKE_AUTH without CHILD_SA is answered INVALID_SYNTAX where childless = never', async () => {
  await using world = new World();
  const [, carol] = await pair(world, {
    carolConnection: { childless: 'never', remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const puppet = new Puppet(world, '198.51.100.7', places.carol.address);
  await puppet.init();
  const answer = await puppet.auth((all) => all.filter(({ kind }) => /IDi|AUTH/.test(kind)));
  expect(notifiesIn(answer)).toEqual([NotifyType.INVALID_SYNTAX]);
  expect(carol.sas).toEqual([]);
});
