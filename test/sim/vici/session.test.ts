import { expect, test } from 'vitest';
import type { CommandStream } from '../../../daemon/vici/command-stream.ts';
import { SessionCommands } from '../../../daemon/vici/generated/session-commands.ts';
import { createViciServer } from '../../../daemon/vici/server.ts';
import { type SessionEvent, ViciSession } from '../../../daemon/vici/session.ts';
import { TestAuthority } from '../../support/revocation-pki.ts';
import { places } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';
import { MemoryStreams } from './memory-streams.ts';
import { SECRET, twoSides } from './setting.ts';

const DAY = 86_400_000;

/** A typed session with the daemon of a host, and the methods that were called. */
async function sessionOf(world: World, host: WorldHost, called: Set<string>): Promise<ViciSession> {
  const streams = new MemoryStreams();
  const { daemon } = host;
  const { path } = await createViciServer({
    control: daemon.control,
    keys: daemon.sharedKeys,
    privateKeys: host.privateKeys,
    credentials: daemon.credentials,
    credentialReader: daemon.credentials,
    crypto: simCrypto(),
    hub: host.log,
    options: daemon.options,
    clock: world.clock,
    streams,
    host: { daemon: 'charon-ts', version: '0', sysname: 'Linux', release: '6', machine: 'x' },
  });
  const session = await ViciSession.over({ streams, sleep: () => Promise.resolve() }, { path });
  return new Proxy(session, {
    get(target, name) {
      called.add(String(name));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const METHODS = Object.getOwnPropertyNames(SessionCommands.prototype).filter(
  (name) => !['constructor', 'ask', 'stream'].includes(name),
);

test('every command of a typed session works with a living daemon', async () => {
  await using world = new World();
  const [moon] = await twoSides(world, undefined);
  const { host } = moon;
  const called = new Set<string>();
  await using session = await sessionOf(world, host, called);
  /** An answer for which time may have to pass. */
  const live = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    for (let waited = 0; !settled && waited < 30_000; waited += 10) {
      for (let turn = 0; !settled && (turn < 20 || host.work.pending > 0); turn++)
        await new Promise((resolve) => setImmediate(resolve));
      if (!settled) await world.pass(10);
    }
    return promise;
  };
  const all = <E>(stream: CommandStream<E, unknown>): Promise<readonly E[]> =>
    live(stream.toArray());

  const events = session.listen(['ike-updown', 'child-updown', 'ike-rekey', 'child-rekey']);
  const next = async (): Promise<
    SessionEvent<'ike-updown' | 'child-updown' | 'ike-rekey' | 'child-rekey'>
  > => {
    const { value } = await live(events.next());
    if (value === undefined) throw new Error('no more events');
    return value;
  };

  expect(await live(session.version())).toMatchObject({ daemon: 'charon-ts', sysname: 'Linux' });
  expect((await live(session.stats())).ikesas).toEqual({ total: 0, 'half-open': 0 });
  expect((await live(session.getAlgorithms())).prf.get('PRF_HMAC_SHA2_256')).toBeDefined();
  await live(session.reloadSettings());

  // credentials
  const now = world.clock.wallClock();
  const ca = TestAuthority.root('root', now);
  const holder = ca.issue('moon', 7, now);
  await live(session.loadCert({ type: 'X509', flag: 'CA', data: ca.certificate.der }));
  const pem = holder.key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { id } = await live(session.loadKey({ type: 'any', data: pem }));
  expect(await live(session.getKeys())).toEqual({ keys: [id] });
  const [listed] = await all(session.listCerts({ type: 'X509', flag: 'CA' }));
  expect(listed).toMatchObject({ type: 'X509', flag: 'CA', has_privkey: false });
  expect(listed?.data).toEqual(ca.certificate.der);
  await live(session.unloadKey({ id }));
  await expect(live(session.loadToken({ handle: '01' }))).rejects.toMatchObject({
    kind: 'refused',
  });
  const uris = { crl_uris: ['http://crl.example.org/'] };
  const authority = { ca: { cacert: ca.certificate.der, ...uris } };
  const preview = await live(session.diffAuthority(authority));
  expect(preview.changes.get('ca')?.outcome).toBe('added');
  await live(session.loadAuthority(authority));
  expect(await live(session.getAuthorities())).toEqual({ authorities: ['ca'] });
  expect(await all(session.listAuthorities())).toMatchObject([
    { name: 'ca', authority: { cacert: 'CN=root', ...uris, ocsp_uris: [] } },
  ]);
  await live(session.unloadAuthority({ name: 'ca' }));
  await live(session.loadShared({ id: 'x', type: 'EAP', data: 'secret', owners: ['carol'] }));
  expect((await live(session.getShared())).keys).toEqual(['psk', 'x']);
  await live(session.unloadShared({ id: 'x' }));
  await live(session.flushCerts({ type: 'X509_CRL' }));

  // pools
  await live(session.loadPool({ rw: { addrs: '10.3.0.0/24', dns: ['10.1.0.53'], 25: ['x'] } }));
  const pools = await live(session.getPools({ leases: true }));
  expect(pools.get('rw')).toEqual({
    base: '10.3.0.1',
    size: 254,
    online: 0,
    offline: 0,
    leases: [],
  });
  const smaller = await live(session.diffPool({ rw: { addrs: '10.3.0.0/25' } }));
  expect(smaller.changes.get('rw')?.keys).toContain('addrs');
  await live(session.unloadPool({ name: 'rw' }));

  // connections and policies
  expect(await live(session.getConns())).toEqual({ conns: ['gw'] });
  const [shown] = await all(session.listConns({ ike: 'gw' }));
  expect(shown?.connection).toMatchObject({
    version: 'IKEv2',
    local: [{ class: 'pre-shared key', id: 'moon.example.org' }],
    proposals: [{ encr: ['AES_GCM_16_128'] }],
  });
  expect(shown?.connection.children.get('net')?.['local-ts']).toEqual(['10.1.0.0/16']);
  await live(session.install({ child: 'net', ike: 'gw' }));
  expect(await all(session.listPolicies({ trap: true, drop: false }))).toMatchObject([
    { name: 'gw/net', policy: { child: 'net', ike: 'gw', mode: 'TUNNEL' } },
  ]);
  await live(session.uninstall({ child: 'net' }));
  const other = { other: { local: { auth: 'psk' }, remote: { auth: 'psk' } } } as const;
  expect((await live(session.diffConn(other))).changes.get('other')?.outcome).toBe('added');
  await live(session.loadConn(other));
  await live(session.unloadConn({ name: 'other' }));

  // SAs
  expect((await live(session.explain({ name: 'net' }))).state).toBe('down');
  const initiating = session.initiate({ child: 'net', timeout: 20_000 });
  const lines = (await all(initiating)).map(({ msg }) => msg);
  expect(lines.at(0)).toContain('initiating IKE_SA gw[1]');
  expect(await initiating.result()).toBeUndefined();
  expect(await next()).toMatchObject({
    event: 'ike-updown',
    data: { up: true, name: 'gw', ike: { uniqueid: 1, initiator: true, version: 2 } },
  });
  const up = await next();
  if (up.event !== 'child-updown') throw new Error(up.event);
  const child = up.data.ike['child-sas'].values().next().value;
  expect(child).toMatchObject({ name: 'net', state: 'INSTALLED', 'bytes-in': 0n, encap: false });
  const [sa] = await all(session.listSas({ ike: 'gw', noblock: true }));
  expect(sa).toMatchObject({ name: 'gw', ike: { state: 'ESTABLISHED', 'tasks-queued': [] } });
  expect([...(sa?.ike['child-sas'].keys() ?? [])]).toEqual([`net-${child?.uniqueid}`]);
  expect((await live(session.explain({ name: 'gw' }))).state).toBe('up');

  expect(await live(session.rekey({ child: 'net' }))).toEqual({ matches: 1 });
  const rekeyed = await next();
  if (rekeyed.event !== 'child-rekey') throw new Error(rekeyed.event);
  const pairOf = rekeyed.data.ike['child-sas'].get('net');
  expect(pairOf?.new.uniqueid).toBeGreaterThan(pairOf?.old.uniqueid ?? Infinity);
  expect(await live(session.rekey({ ike: 'gw' }))).toEqual({ matches: 1 });
  expect(await next()).toMatchObject({
    event: 'ike-rekey',
    data: { name: 'gw', ike: { old: { uniqueid: 1 }, new: { uniqueid: 2 } } },
  });
  const counters = await live(session.getCounters());
  expect(counters.counters.get('')?.['ike-init-out-req']).toBe(1n);
  await live(session.resetCounters());
  expect((await live(session.getCounters())).counters.get('')?.['ike-init-out-req']).toBe(0n);
  await expect(live(session.redirect({ gateway: '192.0.2.9', ike: 'x' }))).rejects.toMatchObject({
    message: expect.stringContaining('no matching SAs'),
  });

  // what goes on under the old settings
  const otherwise = {
    gw: {
      local_addrs: [places.moon.address],
      remote_addrs: [places.carol.address],
      proposals: ['aes128gcm16-prfsha256-x25519'],
      local: { auth: 'psk', id: 'moon.example.org' },
      remote: { auth: 'psk', id: 'carol.example.org' },
      children: {
        net: {
          local_ts: [places.moon.net],
          remote_ts: [places.carol.net],
          esp_proposals: ['aes256gcm16'],
        },
      },
    },
  };
  const { changes } = await live(session.loadConn(otherwise, { report: true }));
  expect(changes.get('gw')?.kept?.['ike-sas']).toBe(1);
  expect(changes.get('gw')?.children.get('net')?.keys).toEqual(['esp_proposals']);

  const closing = session.terminate({ 'ike-id': 2, force: false, timeout: 5000 });
  expect(await live(closing.result())).toEqual({ matches: 1, terminated: 1 });
  expect(await next()).toMatchObject({ data: { up: false } });
  await live(session.clearCreds());
  const failed = all(session.initiate({ child: 'net', timeout: 20_000 }));
  await expect(failed).rejects.toMatchObject({ kind: 'refused' });
  await live(session.loadShared({ type: 'ike', data: SECRET }));

  expect(METHODS.filter((name) => !called.has(name))).toEqual([]);
  await live(events.return().then(() => session.version()));
  expect(now + DAY).toBeGreaterThan(world.clock.wallClock());
});
