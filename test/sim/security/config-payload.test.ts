import { expect, test } from 'vitest';
import { ConfigType } from '../../../daemon/proto/iana/config-attributes.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { PayloadType } from '../../../daemon/proto/iana/payload-types.ts';
import type { ConfigAttribute, Message, Payload } from '../../../daemon/proto/payload.ts';
import { ip } from '../../support/selectors.ts';
import { type PairSetup, pair } from '../pair.ts';
import { notifiesIn, type Tampering } from '../puppet.ts';
import { dynamic, gateway, roadwarrior } from '../roadwarriors.ts';
import { type Siege, siege } from '../siege.ts';
import { World, type WorldOptions } from '../world.ts';

/** A gateway with a pool; its honest client asks for an address. */
async function poolSiege(options: WorldOptions = {}): Promise<Siege> {
  const setup: PairSetup = {
    moonConnection: { vips: [ip('0.0.0.0')] },
    moonChild: { localTs: [dynamic] },
    carolConnection: { pools: ['a'] },
    carolChild: { remoteTs: [dynamic] },
  };
  const attack = await siege(setup, options);
  attack.gateway.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
  return attack;
}

const withConfig =
  (config: Payload): Tampering =>
  (payloads) => {
    const split = payloads.findIndex((payload) => payload.kind === 'SA');
    return [...payloads.slice(0, split), config, ...payloads.slice(split)];
  };

const request = (attributes: readonly ConfigAttribute[]): Payload => ({
  kind: 'CP',
  type: ConfigType.CFG_REQUEST,
  attributes,
});

const attribute = (type: number, ...octets: readonly number[]): ConfigAttribute => ({
  type,
  value: Uint8Array.from(octets),
});

const configIn = (message: Message | undefined) =>
  message?.payloads.find((payload) => payload.kind === 'CP');

const online = (attack: Siege): number | undefined =>
  attack.gateway.daemon.control.pools.list('a', false)[0]?.online;

test('SEC-66: thousands of attributes are refused before one is looked at', async () => {
  await using attack = await poolSiege({ link: { mtu: 65_535 } });
  for (const count of [257, 2300]) {
    const puppet = attack.puppet();
    await puppet.init();
    const many = Array.from({ length: count }, () => attribute(1));
    const answer = await puppet.auth(withConfig(request(many)));
    expect(notifiesIn(answer)).toEqual([NotifyType.INVALID_SYNTAX]);
  }
  // Ten thousand do not fit into a message that is read at all.
  const puppet = attack.puppet();
  await puppet.init();
  const flood = Array.from({ length: 10_000 }, () => attribute(1));
  expect(await puppet.auth(withConfig(request(flood)))).toBeUndefined();
  expect(online(attack)).toBe(0);
  await attack.world.pass(60_000);
  await attack.expectAlive();
});

test('SEC-66: as many requests for addresses as fit get a few', async () => {
  await using attack = await poolSiege();
  const puppet = attack.puppet();
  await puppet.init();
  const many = Array.from({ length: 256 }, () => attribute(1));
  const config = configIn(await puppet.auth(withConfig(request(many))));
  expect(config?.kind === 'CP' && config.attributes.filter(({ type }) => type === 1)).toHaveLength(
    8,
  );
  expect(online(attack)).toBe(8);
  await attack.expectAlive();
  expect(online(attack)).toBe(0);
});

test('SEC-66: attributes of wrong length and unknown ones are left out', async () => {
  await using attack = await poolSiege();
  const puppet = attack.puppet();
  await puppet.init();
  const answer = await puppet.auth(
    withConfig(
      request([
        attribute(1, 10, 3, 0),
        attribute(1, 10, 3, 0, 1, 0),
        attribute(8, ...new Array<number>(15).fill(1)),
        attribute(3, 1),
        attribute(0x7fff, 1, 2, 3),
        attribute(0),
        attribute(1),
      ]),
    ),
  );
  const config = configIn(answer);
  expect(config?.kind === 'CP' && config.attributes).toEqual([
    attribute(1, 10, 3, 0, 1),
    attribute(3, 10, 2, 0, 53),
  ]);

  const other = attack.puppet();
  await other.init();
  const refused = await other.auth(withConfig(request([attribute(1, 10, 3, 0)])));
  expect(notifiesIn(refused)).toEqual([NotifyType.FAILED_CP_REQUIRED]);
  await attack.expectAlive();
});

test.each([
  ['nothing', []],
  ['a type only', [1]],
  ['type 0', [0, 0, 0, 0]],
  ['an attribute that is cut off', [1, 0, 0, 0, 0, 1, 0]],
  ['an attribute longer than the payload', [1, 0, 0, 0, 0, 1, 0xff, 0xff, 1, 2, 3]],
])('SEC-66: a configuration payload with %s is refused', async (_what, octets) => {
  await using attack = await poolSiege();
  const puppet = attack.puppet();
  await puppet.init();
  const data = Uint8Array.from(octets);
  const broken: Payload = { kind: 'Unknown', type: PayloadType.CP, critical: false, data };
  expect(notifiesIn(await puppet.auth(withConfig(broken)))).toEqual([NotifyType.INVALID_SYNTAX]);
  await attack.world.pass(60_000);
  await attack.expectAlive();
});

test('SEC-66: the address of somebody else is not given, whoever asks for it', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const victim = await roadwarrior(world, 1);
  expect(await world.during(victim.initiate('net'))).toEqual({ ok: true });
  const thief = await roadwarrior(world, 2, { vips: [ip('10.3.0.1')] });
  expect(await world.during(thief.initiate('net'))).toEqual({ ok: true });
  expect(thief.established[0]?.localVips).toEqual(['10.3.0.2']);
  await world.during(victim.terminate({ ike: 'gw' }));
  await world.during(thief.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  expect(await world.during(thief.initiate('net'))).toEqual({ ok: true });
  expect(thief.established[0]?.localVips).toEqual(['10.3.0.2']);
});

test('SEC-66: selectors are held to the address that was assigned', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const fixed = (text: string) => ({ kind: 'fixed' as const, selector: selectorOf(text) });
  const greedy = await roadwarrior(world, 1);
  const [connection] = greedy.daemon.control.connections();
  const child = connection?.children.get('net');
  if (connection === undefined || child === undefined) throw new TypeError('no connection');
  const localTs = [fixed('10.3.0.99'), fixed('192.168.0.0')];
  await greedy.load({ ...connection, children: new Map([['net', { ...child, localTs }]]) });
  expect(await world.during(greedy.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('TS_UNACCEPTABLE'),
  });
  expect(carol.children).toEqual([]);
});

function selectorOf(address: string) {
  const octets = Uint8Array.from(address.split('.').map(Number));
  return {
    family: 4 as const,
    protocol: 0,
    startPort: 0,
    endPort: 65535,
    startAddress: octets,
    endAddress: octets,
  };
}

test('SEC-66: INFORMATIONAL requests are answered from what the peer has, and set nothing', async () => {
  await using attack = await poolSiege();
  const puppet = attack.puppet();
  await puppet.init();
  await puppet.auth(withConfig(request([attribute(1)])));
  const ask = async (config: Payload) =>
    configIn(await puppet.request(ExchangeType.INFORMATIONAL, [config]));
  const all = request([attribute(1), attribute(3), attribute(7), attribute(14), attribute(1)]);
  for (let i = 0; i < 3; i++) {
    expect(await ask(all)).toMatchObject({
      type: ConfigType.CFG_REPLY,
      attributes: [
        attribute(1, 10, 3, 0, 1),
        attribute(3, 10, 2, 0, 53),
        attribute(14, 0, 1, 0, 3, 0, 8, 0, 10, 0, 14),
      ],
    });
  }
  expect(await ask(request([]))).toMatchObject({ type: ConfigType.CFG_REPLY, attributes: [] });
  const set: Payload = {
    kind: 'CP',
    type: ConfigType.CFG_SET,
    attributes: [attribute(3, 6, 6, 6, 6)],
  };
  expect(await ask(set)).toMatchObject({ type: ConfigType.CFG_ACK, attributes: [] });
  expect(await ask({ kind: 'CP', type: 77, attributes: [] })).toBeUndefined();
  expect(await ask({ kind: 'CP', type: ConfigType.CFG_REPLY, attributes: [] })).toBeUndefined();
  expect(attack.gateway.nameServers.servers).toEqual([]);
  expect(online(attack)).toBe(1);
  await attack.expectAlive();
});

test.each([
  ['127.0.0.1', '0.0.0.0'],
  ['224.0.0.1', '0.0.0.0'],
  ['255.255.255.255', '0.0.0.0'],
  ['169.254.1.1', '0.0.0.0'],
  ['::1', '::'],
  ['fe80::1', '::'],
  ['ff02::1', '::'],
])('SEC-66: a server that assigns %s is not obeyed', async (address, asked) => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', address, { dns: ['10.2.0.53'] });
  const client = await roadwarrior(world, 1, { vips: [ip(asked)] });
  expect((await world.during(client.initiate('net'))).ok).toBe(false);
  expect(client.kernel.virtualIps.size).toBe(0);
  expect(client.nameServers.servers).toEqual([]);
  expect(client.lines).toContain(`ignoring virtual IP ${address}: it is no address of a host`);
});

test('SEC-66, SEC-09: DNS servers and domains that are none never reach the handler', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { vips: [ip('0.0.0.0')] },
    moonChild: { localTs: [dynamic] },
    carolConnection: { pools: ['a'] },
    carolChild: { remoteTs: [dynamic] },
  });
  const servers = Array.from({ length: 20 }, (_, i) => `10.2.0.${i + 1}`);
  carol.pool('a', '10.3.0.0/24', {
    dns: ['127.0.0.1', '0.0.0.0', '224.0.0.251', 'fd02::53'],
    '3': [...servers, 'x', '10.0.0.0/8'],
    '25': ['good.example', '$(reboot)', 'a b', '-x', 'a..b', '`id`.example', 'x;y', '--help', '.'],
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.nameServers.servers).toHaveLength(8);
  for (const { address, domains } of moon.nameServers.servers) {
    expect(address).toMatch(/^10\.2\.0\.\d+$/);
    expect(domains).toEqual(['good.example']);
  }
});
