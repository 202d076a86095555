import { expect } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { ConfigError } from '../../../daemon/util/error.ts';
import { leafDer, newKey } from '../../support/test-certificates.ts';
import { World } from '../world.ts';
import type { Auditor } from './auditor.ts';
import { type Operator, tree } from './operator.ts';
import { connection, twoSides } from './setting.ts';

const conn = (...entries: Tree): Tree => [section('x', entries)];
const big = 'x'.repeat(300);
const child = (text: string): Tree => [value('child', text)];
const ca = (...entries: Tree): Tree => [section('ca', entries)];
const pool = (...entries: Tree): Tree => [section('p', entries)];
const cert = (type: string, ...more: Tree): Tree => [value('type', type), ...more];
const secret = (type: string, ...more: Tree): Tree => [value('type', type), ...more];
const LEAF = leafDer('leaf');
const OPEN_LIST: Tree = [list('addrs', ['10.0.0.0/24'])];

/** Requests that are refused, with what the answer begins with. */
const REFUSED: readonly (readonly [command: string, input: Tree, errmsg: string])[] = [
  ['initiate', [], 'missing configuration name'],
  ['initiate', child('nope'), "CHILD_SA config 'nope' not found"],
  ['initiate', [value('ike', 'nope')], "IKE_SA config 'nope' not found"],
  ['terminate', [], 'missing terminate selector'],
  ['terminate', [value('ike', 'nope')], 'no matching SAs to terminate found'],
  ['rekey', [], 'missing rekey selector'],
  ['rekey', [value('ike', 'nope')], 'no matching SAs to rekey found'],
  ['redirect', [], 'missing target gateway'],
  ['redirect', [value('gateway', 'a@b')], 'unsupported gateway identity'],
  [
    'redirect',
    [value('gateway', '192.0.2.9'), value('peer-ip', 'x/y')],
    'invalid peer IP selector',
  ],
  [
    'redirect',
    [value('gateway', '192.0.2.9'), value('peer-id', 'fqdn:^(x$')],
    'invalid peer identity selector',
  ],
  ['redirect', [value('gateway', '192.0.2.9')], 'missing redirect selector'],
  [
    'redirect',
    [value('gateway', '192.0.2.9'), value('ike', 'nope')],
    'no matching SAs to redirect found',
  ],
  ['install', [], 'missing configuration name'],
  ['install', child('nope'), 'configuration name not found'],
  ['uninstall', [], 'missing configuration name'],
  ['uninstall', child('nope'), "policy 'nope' not found"],
  ['load-conn', conn(value('nope', 'x')), 'unknown option: nope, config discarded'],
  ['load-conn', conn(value('encap', 'x')), 'invalid value for: encap, config discarded'],
  ['load-conn', conn(section('nope', [])), 'invalid section: nope'],
  ['unload-conn', [], 'unload: missing connection name'],
  ['unload-conn', [value('name', 'nope')], "unload: connection 'nope' not found"],
  ['load-cert', [], 'certificate type missing'],
  ['load-cert', cert('X509', value('flag', 'BIG')), "invalid certificate flag 'BIG'"],
  ['load-cert', cert('X510'), "invalid certificate type 'X510'"],
  ['load-cert', cert('X509'), 'certificate data missing'],
  ['load-cert', cert('X509', value('data', 'x')), 'parsing X509 certificate failed'],
  [
    'load-cert',
    cert('X509', value('flag', 'CA'), value('data', LEAF)),
    'ca certificate lacks CA basic constraint, rejected',
  ],
  ['load-key', [], 'key type missing'],
  ['load-key', [value('type', 'x')], 'invalid key type: x'],
  ['load-key', [value('type', 'rsa')], 'key data missing'],
  [
    'load-key',
    [value('type', 'rsa'), value('data', newKey().pkcs8)],
    'parsing RSA private key failed',
  ],
  ['unload-key', [], 'key id missing'],
  ['unload-key', [value('id', '00')], 'key not found'],
  ['load-token', [], 'keyid missing'],
  ['load-token', [value('handle', '01')], 'loading private key from token failed'],
  ['load-shared', [], 'shared key type missing'],
  ['load-shared', secret('x'), 'invalid shared key type: x'],
  ['load-shared', secret('ike'), 'shared key data missing'],
  [
    'load-shared',
    secret('ike', value('data', big), list('owners', ['fqdn:^(x$'])),
    'parsing shared key owners failed',
  ],
  ['unload-shared', [], 'unique identifier missing'],
  ['flush-certs', [value('type', 'X510')], "invalid certificate type 'X510'"],
  ['load-authority', ca(value('nope', 'x')), 'unknown option: nope, authority discarded'],
  ['load-authority', ca(value('slot', 'x')), 'invalid value for: slot, authority discarded'],
  ['load-authority', ca(), 'CA certificate missing: ca'],
  ['unload-authority', [], 'unload: missing authority name'],
  ['unload-authority', [value('name', 'nope')], "unload: authority 'nope' not found"],
  [
    'load-pool',
    pool(value('addrs', '10.0.0.0/24'), value('addrs', '10.0.1.0/24')),
    'multiple addrs defined',
  ],
  ['load-pool', pool(value('addrs', '\u0001')), 'invalid addrs value'],
  ['load-pool', pool(value('addrs', 'x')), 'invalid addrs value: x'],
  ['load-pool', pool(...OPEN_LIST), 'invalid attribute: addrs'],
  ['load-pool', pool(list('dns', ['x'])), 'invalid attribute value for dns'],
  ['load-pool', pool(), "missing addrs for pool 'p'"],
  ['unload-pool', [], 'missing pool name to unload'],
  ['unload-pool', [value('name', 'nope')], 'nope not found'],
  ['reset-counters', [value('nope', 'x')], "unknown key 'nope'"],
  ['get-counters', [value('name', 'nope')], 'no counters found for this connection'],
];

/** Every refusal that the reference names, and none of them changes anything or ends the connection. */
export async function refusals(auditor: Auditor): Promise<void> {
  await using world = new World();
  const [moon, carol] = await twoSides(world, auditor, {
    moonOptions: { init_limit_half_open: 1 },
    carolChild: { remote_ts: ['10.1.0.0/16'], local_ts: ['10.2.0.0/16', '10.77.0.0/16'] },
  });
  for (const [command, input, errmsg] of REFUSED) {
    const told = await moon.refusal(command, input);
    expect(told.startsWith(errmsg), `${command}: ${told}`).toBe(true);
  }
  for (const command of ['load-conn', 'load-pool', 'load-authority']) {
    expect(await moon.brokenRefusal(command)).toBe('parsing request failed');
  }
  expect(await moon.told('get-conns')).toEqual({ conns: ['gw'] });
  moon.host.reloadOptions = () =>
    Promise.reject(new ConfigError('retransmit_tries', 'is no number'));
  expect(await moon.refusal('reload-settings')).toBe(
    "reloading '/etc/strongswan.conf' failed: is no number",
  );
  await refusedSas(world, moon, carol);
}

/** SAs that do not come up or go down, and policies that cannot be installed. */
async function refusedSas(world: World, moon: Operator, carol: Operator): Promise<void> {
  moon.host.kernel.refuse((operation) => (operation === 'addPolicy' ? 'ENOMEM' : undefined));
  expect(await moon.refusal('install', child('net'))).toMatch(/^installing policy 'net' failed: /);
  moon.host.kernel.refuse(() => undefined);

  world.network.link = { ...world.network.link, loss: 1 };
  const soon = value('timeout', '1500');
  expect(await moon.refusal('initiate', [...child('net'), soon])).toBe(
    "CHILD_SA 'net' not established after 1500ms",
  );
  expect(await moon.refusal('initiate', [value('ike', 'gw'), soon])).toBe(
    "IKE_SA 'gw' not established after 1500ms",
  );
  world.network.link = { ...world.network.link, loss: 0 };
  await world.settle(() => moon.host.established.length > 0);
  expect(await moon.told('terminate', [value('ike', 'gw')])).toMatchObject({ success: 'yes' });

  // Somebody else's half-open SA exhausts the limit.
  world.network.link = { ...world.network.link, latency: 400 };
  await carol.ask('initiate', [value('ike', 'gw'), value('timeout', '-1')]);
  await world.settle(() => moon.host.daemon.manager.guard.halfOpen > 0);
  const careful = value('init-limits', 'yes');
  expect(await moon.refusal('initiate', [...child('net'), careful])).toBe(
    "establishing CHILD_SA 'net' not possible at the moment due to limits",
  );
  expect(await moon.refusal('initiate', [value('ike', 'gw'), careful])).toBe(
    "establishing IKE_SA 'gw' not possible at the moment due to limits",
  );
  world.network.link = { ...world.network.link, latency: 0 };
  await world.settle(() => moon.host.established.length > 0);

  await silentPeer(world, moon, carol);
}

/** A peer that answers no DELETE, and one that knows nobody. */
async function silentPeer(world: World, moon: Operator, carol: Operator): Promise<void> {
  const forced = [value('child', 'net'), value('timeout', '1500')];
  const more = connection('moon', {}, { remote_ts: ['10.77.0.0/16'] })['gw'] ?? '';
  await moon.ask('load-conn', tree({ more }));
  for (const connections of [['gw'], ['gw', 'more']]) {
    for (const ike of connections) await moon.ask('initiate', [...child('net'), value('ike', ike)]);
    world.network.link = { ...world.network.link, loss: 1 };
    const told = await moon.told('terminate', forced);
    world.network.link = { ...world.network.link, loss: 0 };
    const several = connections.length > 1;
    expect(told).toEqual({
      success: 'no',
      matches: String(connections.length),
      terminated: '0',
      errmsg: several ? 'not all matching SAs could be terminated' : 'terminating SA failed',
    });
    for (const side of [moon, carol]) {
      await side.ask('terminate', [value('ike', 'gw'), value('force', 'yes')]);
      await side.ask('terminate', [value('ike', 'more'), value('force', 'yes')]);
    }
    await world.settle(() => moon.host.sas.length + carol.host.sas.length === 0);
  }
  await carol.ask('unload-conn', [value('name', 'gw')]);
  expect(await moon.refusal('initiate', child('net'))).toMatch(
    /^establishing CHILD_SA 'net' failed: /,
  );
  expect(await moon.refusal('initiate', [value('ike', 'gw')])).toMatch(
    /^establishing IKE_SA 'gw' failed: /,
  );
}
