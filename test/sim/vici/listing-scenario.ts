import { expect } from 'vitest';
import { section, type Tree, value } from '../../../daemon/config/tree.ts';
import { ip } from '../../support/selectors.ts';
import { caDer, leafDer } from '../../support/test-certificates.ts';
import { carry } from '../carry.ts';
import { World } from '../world.ts';
import type { Auditor } from './auditor.ts';
import { type Operator, tree } from './operator.ts';
import { twoSides } from './setting.ts';

const YES = { success: 'yes' };

/** A connection in which every key is that a listing shows. */
const ELABORATE = {
  elaborate: {
    local_addrs: ['192.0.2.1', 'gw.example.org'],
    remote_addrs: ['10.0.0.0/8', '10.1.0.1-10.1.0.9'],
    local_port: '500',
    remote_port: '4500',
    version: '2',
    proposals: [
      'aes128-aes256-sha256-x25519-ecp256-ke1_mlkem768-ke1_none',
      'aes128gcm16-prfsha256-x25519',
    ],
    reauth_time: '1h',
    rekey_time: '2h',
    unique: 'replace',
    dpd_delay: '30s',
    dpd_timeout: '150s',
    ppk_id: 'quantum',
    ppk_required: 'yes',
    'local-1': { auth: 'pubkey', id: 'moon', certs: [leafDer('moon')] },
    'remote-1': {
      auth: 'pubkey',
      id: '*.example.org',
      ca_id: 'CN=root',
      groups: ['staff'],
      cert_policy: ['1.2.3.4'],
      cacerts: [caDer('root')],
      revocation: 'strict',
    },
    'remote-2': { auth: 'pubkey', id: 'carol', revocation: 'ifuri' },
    children: {
      esp: {
        esp_proposals: ['aes128-sha256-x25519-ke1_mlkem768-esn-noesn', 'aes128gcm16'],
        local_ts: ['10.1.0.0/16[tcp/http]', 'dynamic', '10.1.0.1-10.1.0.9[17/5-6]'],
        remote_ts: ['0.0.0.0/0[icmp/2048]', '10.0.0.0/8[tcp/opaque]', '::/0'],
        mode: 'transport',
        rekey_time: '1h',
        rekey_bytes: '1000',
        rekey_packets: '100',
        dpd_action: 'trap',
        close_action: 'trap|start',
        interface: 'eth0',
        priority: '7',
      },
      ah: { ah_proposals: ['sha256-x25519-ke1_mlkem768-esn'] },
      pass: { mode: 'pass', local_ts: ['192.0.2.0/24'], remote_ts: ['192.0.2.0/24'] },
      drop: { mode: 'drop', remote_ts: ['198.51.100.0/24'] },
    },
  },
};

/** Connections, and the policies of their children. */
export async function connectionsAndPolicies(auditor: Auditor): Promise<void> {
  await using world = new World();
  const [moon] = await twoSides(world, auditor);
  expect(await moon.told('load-conn', tree(ELABORATE))).toEqual(YES);
  expect(await moon.told('get-conns')).toEqual({ conns: ['gw', 'elaborate'] });
  expect(await moon.stream('list-conns', 'list-conn')).toHaveLength(2);
  expect(await moon.stream('list-conns', 'list-conn', [value('ike', 'gw')])).toHaveLength(1);

  const listed = async (...keys: readonly (readonly [string, string])[]): Promise<unknown[]> => {
    const input = keys.map(([key, text]) => value(key, text));
    const events = await moon.stream('list-policies', 'list-policy', input);
    return events.map((event) => event[0]?.[0]);
  };
  expect(await moon.told('install', [value('child', 'net'), value('ike', 'gw')])).toEqual(YES);
  for (const child of ['pass', 'drop']) {
    expect(await moon.told('install', [value('child', child)])).toEqual(YES);
  }
  // The value of a kind counts for nothing; without a kind there is nothing.
  expect(await listed(['trap', 'no'], ['drop', ''])).toEqual(['gw/net', 'elaborate/drop']);
  expect(await listed(['pass', 'yes'])).toEqual(['elaborate/pass']);
  expect(await listed()).toEqual([]);
  expect(await listed(['trap', 'yes'], ['pass', 'yes'], ['ike', 'elaborate'])).toEqual([
    'elaborate/pass',
  ]);
  expect(await listed(['trap', 'yes'], ['pass', 'yes'], ['child', 'net'])).toEqual(['gw/net']);
  expect(await moon.told('uninstall', [value('child', 'net'), value('ike', 'gw')])).toEqual(YES);
  expect(await listed(['trap', 'yes'])).toEqual([]);
  expect(await moon.told('unload-conn', [value('name', 'elaborate')])).toEqual(YES);
}

/** What the daemon says of itself, before and after a tunnel. */
export async function theDaemon(auditor: Auditor): Promise<void> {
  await using world = new World();
  const [moon, carol] = await twoSides(world, auditor);
  expect(await moon.told('version')).toMatchObject({ daemon: 'charon', sysname: 'Linux' });
  expect(await moon.told('stats')).toMatchObject({
    ikesas: [
      ['total', '0'],
      ['half-open', '0'],
    ],
  });
  expect((await moon.ask('get-algorithms')).length).toBe(11);
  expect(await moon.told('reload-settings')).toEqual(YES);
  expect(await moon.told('initiate', [value('child', 'net')])).toEqual(YES);
  expect(await moon.told('stats')).toMatchObject({
    ikesas: [
      ['total', '1'],
      ['half-open', '0'],
    ],
  });
  for (const input of [[], [value('name', 'gw')], [value('all', 'yes')]]) {
    const counted = await counters(moon, input);
    expect([...counted.keys()]).toEqual([input.length === 0 ? '' : 'gw']);
    expect([...counted.values()][0]).toContainEqual(['ike-init-out-req', '1']);
  }
  for (const input of [[], [value('name', 'gw')], [value('all', 'yes')]]) {
    expect(await moon.told('reset-counters', input)).toEqual(YES);
  }
  expect((await counters(moon, [])).get('')).toContainEqual(['ike-init-out-req', '0']);

  await selectors(moon, world);
  // Half open: the answer to IKE_SA_INIT is lost for a while.
  world.network.link = { ...world.network.link, latency: 500 };
  await moon.ask('initiate', [value('ike', 'gw'), value('timeout', '-1')]);
  await world.settle(() => carol.host.sas.some(({ state }) => state === 'CONNECTING'));
  await carol.stream('list-sas', 'list-sa');
  await moon.stream('list-sas', 'list-sa');
}

async function counters(moon: Operator, input: Tree): Promise<ReadonlyMap<string, unknown>> {
  const answer = new Map(await moon.ask('get-counters', input));
  return new Map((answer.get('counters') ?? []) as readonly (readonly [string, unknown])[]);
}

/** SAs meant by name and by number. */
async function selectors(moon: Operator, world: World): Promise<void> {
  const [ike] = moon.host.sas;
  const [child] = ike?.children ?? [];
  const ikeId = value('ike-id', ike?.uniqueId ?? 0);
  const childId = value('child-id', child?.uniqueId ?? 0);
  const children = async (...input: Parameters<typeof tree>[0][]): Promise<unknown> => {
    const [event] = await moon.stream('list-sas', 'list-sa', tree(input[0] ?? {}));
    return new Map(event?.[0]?.[1] as [string, unknown][]).get('child-sas');
  };
  expect(await children({ ike: 'gw', child: 'net' })).toHaveLength(1);
  expect(await children({ 'ike-id': '1', 'child-id': '1' })).toHaveLength(1);
  // Those of a child only filter the children shown; the IKE_SA is listed all the same.
  expect(await children({ child: 'nothing' })).toEqual([]);
  expect(await children({ 'child-id': '77' })).toEqual([]);
  expect(await moon.stream('list-sas', 'list-sa', [value('ike', 'nothing')])).toEqual([]);

  expect(await moon.told('rekey', [ikeId, childId])).toEqual({ ...YES, matches: '1' });
  await world.pass(20_000);
  const reauth = [value('ike', 'gw'), value('reauth', 'yes')];
  expect(await moon.told('rekey', reauth)).toEqual({ ...YES, matches: '1' });
  await world.pass(20_000);
  const [now] = moon.host.sas;
  const redirected = await moon.told('redirect', [
    value('gateway', '192.0.2.77'),
    value('ike', 'gw'),
    value('ike-id', now?.uniqueId ?? 0),
    value('peer-ip', '192.0.2.0/24'),
    value('peer-id', '*.example.org'),
  ]);
  expect(redirected).toEqual({ ...YES, matches: '1' });
  const childNow = value('child-id', now?.children[0]?.uniqueId ?? 0);
  expect(await moon.told('terminate', [childNow, value('child', 'net')])).toEqual({
    ...YES,
    matches: '1',
    terminated: '1',
  });
  const gone = await moon.told('terminate', [
    value('ike-id', now?.uniqueId ?? 0),
    value('force', 'yes'),
    value('timeout', '1000'),
  ]);
  expect(gone).toEqual({ ...YES, matches: '1', terminated: '1' });
}

/** Pools with leases, and one CHILD_SA per CPU. */
export async function poolsAndCpus(auditor: Auditor): Promise<void> {
  await using world = new World();
  const child = { per_cpu_sas: 'yes' };
  const [moon, carol] = await twoSides(world, auditor, {
    moon: { vips: ['0.0.0.0'] },
    carol: { pools: ['rw'] },
    moonChild: { ...child, start_action: 'trap' },
    carolChild: child,
  });
  const attributes = { address: ['10.9.9.9'], dns: ['10.0.0.53'], subnet: ['10.0.0.0/8'] };
  const pool = { addrs: '10.3.0.0/24', ...attributes, '28672': ['hello'] };
  expect(await carol.told('load-pool', tree({ rw: pool, other: { addrs: '10.4.0.1' } }))).toEqual(
    YES,
  );
  carry(moon.host.kernel, carol.host.kernel, {
    source: ip('10.1.0.5'),
    destination: ip('10.2.0.5'),
    cpu: 2,
  });
  await world.pass(3000);
  for (const side of [moon, carol]) await side.stream('list-sas', 'list-sa');
  const [leased] = moon.host.sas[0]?.localVips ?? [];
  expect(await carol.told('get-pools', [value('name', 'rw'), value('leases', 'yes')])).toEqual({
    rw: [
      ['base', '10.3.0.1'],
      ['size', '254'],
      ['online', '1'],
      ['offline', '0'],
      [
        'leases',
        [
          [
            '0',
            [
              ['address', leased],
              ['identity', 'moon.example.org'],
              ['status', 'online'],
            ],
          ],
        ],
      ],
    ],
  });
  expect(await carol.refusal('unload-pool', [value('name', 'rw')])).toBe(
    'rw has online leases, unable to unload',
  );
  expect(await carol.refusal('load-pool', [section('rw', [value('addrs', '10.5.0.0/24')])])).toBe(
    'vici pool rw has online leases, unable to replace',
  );
  await moon.ask('terminate', [value('ike', 'gw')]);
  await world.settle(() => carol.host.sas.length === 0);
  const after = await carol.told('get-pools', [value('leases', '1')]);
  expect(Object.keys(after)).toEqual(['rw', 'other']);
  expect(JSON.stringify(after['rw'])).toContain('offline');
  expect(await carol.told('unload-pool', [value('name', 'rw')])).toEqual(YES);
  expect(Object.keys(await carol.told('get-pools'))).toEqual(['other']);
}
