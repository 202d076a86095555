import { expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { ts } from '../../support/selectors.ts';
import { caExtension } from '../../support/test-pki.ts';
import { byKey, enrol, trust } from '../enrol.ts';
import { type PairSetup, pair } from '../pair.ts';
import { type CertificateWishes, TestCa } from '../pki.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: false });
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';

/** Two hosts with certificates; moon's as wished. */
async function certified(
  world: World,
  wishes: CertificateWishes,
  setup: PairSetup = {},
  caWishes: CertificateWishes = {},
  carols: CertificateWishes = {},
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const ca = new TestCa('CA', caWishes);
  const [moon, carol] = await pair(world, {
    ...setup,
    moonConnection: {
      local: [byKey({ id: id(MOON) })],
      remote: [byKey({ id: id(CAROL) })],
      ...setup.moonConnection,
    },
    carolConnection: {
      local: [byKey({ id: id(CAROL) })],
      remote: [byKey({ id: id(MOON) })],
      ...setup.carolConnection,
    },
  });
  await enrol(moon, ca.issue('moon', { dns: [MOON], ...wishes }));
  await enrol(carol, ca.issue('carol', { dns: [CAROL], ...carols }));
  trust(moon, ca);
  trust(carol, ca);
  return [moon, carol];
}

const HOUR = 3_600_000;

test('rekeying asks for no certificate, and goes on when it has expired', async () => {
  await using world = new World();
  const notAfter = new Date(Date.UTC(2026, 0, 1, 1));
  const times = { rekeyTime: 1800, randTime: 1, overTime: 600 };
  const [moon, carol] = await certified(world, { notAfter }, { connection: times });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const first = moon.established[0]?.uniqueId;
  await world.pass(3 * HOUR);
  expect(moon.established).toHaveLength(1);
  expect(moon.established[0]?.uniqueId).not.toBe(first);
  expect(carol.established[0]?.remoteId).toBe(MOON);
  expect(carol.children).toHaveLength(1);
});

test('reauthentication asks anew: with an expired certificate it fails, and the old IKE_SA ends in time', async () => {
  await using world = new World();
  const notAfter = new Date(Date.UTC(2026, 0, 1, 1));
  const times = { rekeyTime: 0, reauthTime: 7200, randTime: 1, overTime: 600 };
  const [moon, carol] = await certified(world, { notAfter }, { connection: times });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.pass(1.5 * HOUR);
  expect(carol.established).toHaveLength(1);
  expect(carol.alerts('cert-expired')).toBe(0);
  await world.settle(() => carol.alerts('cert-expired') > 0);
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('a new certificate is used for the next authentication, and no tunnel is dropped', async () => {
  await using world = new World();
  const times = { rekeyTime: 0, reauthTime: 7200, randTime: 1, overTime: 600 };
  const notAfter = new Date(Date.UTC(2026, 0, 1, 1));
  const ca = new TestCa('CA');
  const [moon, carol] = await certified(world, { notAfter }, { connection: times });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await enrol(moon, ca.issue('moon renewed', { dns: [MOON] }));
  await world.pass(3 * HOUR);
  expect(moon.lines).toContain('sending end entity cert "CN=moon renewed"');
  expect(carol.established).toHaveLength(1);
  expect(carol.children).toHaveLength(1);
});

test('SEC-52: certificates that were believed are kept and known again, others are not', async () => {
  await using world = new World();
  const [moon, carol] = await certified(world, {});
  const other = new TestCa('CA').issue('eve', { dns: [MOON] });
  for (let i = 0; i < 2; i++) {
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.during(moon.terminate({ ike: 'gw' }));
  }
  const kept = carol.daemon.credentials.cache.list().map(({ value }) => value.fingerprint);
  const [own] = moon.daemon.credentials.snapshot().byIdentity(id(MOON));
  expect(kept).toEqual([own?.certificate.fingerprint]);
  moon.daemon.credentials.clear();
  await enrol(moon, other);
  trust(carol, new TestCa('Other CA'));
  carol.daemon.credentials.store.clear('vici');
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  expect(carol.daemon.credentials.cache.size).toBe(1);
});

test('a successor of the process goes on with peers that were authenticated by certificates', async () => {
  await using world = new World();
  const [moon, carol] = await certified(world, {}, { options: { state_journal: true } });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  carol.reborn();
  await carol.start();
  expect(carol.established.map(({ remoteId }) => remoteId)).toEqual([MOON]);
  expect(carol.children).toHaveLength(1);
});

/** 10.1/16 in the form of the extension. */
const blocks = (hex: string) => [caExtension.ipv4Blocks([hex])];

test('RFC 3779: traffic stays inside the addresses that the certificates grant, whoever asks', async () => {
  for (const [granted, ok] of [
    ['0a01', true],
    ['0a02', false],
  ] as const) {
    await using world = new World();
    const ca = { extensions: blocks('0a') };
    const carols = { extensions: blocks('0a02') };
    const wishes = { extensions: blocks(granted) };
    const [moon, carol] = await certified(world, wishes, {}, ca, carols);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok });
    expect(carol.established).toHaveLength(1);
    expect(carol.children).toHaveLength(ok ? 1 : 0);
  }
});

test('RFC 3779: what lies outside is narrowed away, also after a restart and in further CHILD_SAs', async () => {
  await using world = new World();
  const wide = [{ kind: 'fixed', selector: ts('10.0.0.0/8') } as const];
  const [moon, carol] = await certified(
    world,
    { extensions: blocks('0a01') },
    {
      options: { state_journal: true },
      moonChild: { localTs: wide },
      carolChild: { remoteTs: wide },
    },
    { extensions: blocks('0a') },
    { extensions: blocks('0a02') },
  );
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  expect(carol.children[0]?.remoteTs).toEqual([ts('10.1.0.0/16')]);
  expect(moon.children[0]?.localTs).toEqual([ts('10.1.0.0/16')]);
  carol.reborn();
  await carol.start();
  for (const config of world.configs.get(carol) ?? []) await carol.load(config);
  await world.during(moon.terminate({ child: 'net' }));
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  expect(carol.children[0]?.remoteTs).toEqual([ts('10.1.0.0/16')]);
});
