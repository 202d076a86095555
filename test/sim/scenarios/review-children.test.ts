import { expect, test } from 'vitest';
import type { ChildConfig, ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { find, notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, Payload } from '../../../daemon/proto/payload.ts';
import { childConfig } from '../../support/connections.ts';
import { ts } from '../../support/selectors.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const again = { trap: false, start: true };

function second(members: Partial<ChildConfig> = {}): ChildConfig {
  return childConfig('second', {
    proposals: parseProposals('esp', ['aes128gcm16-x25519'], simCrypto()),
    localTs: [{ kind: 'fixed', selector: ts('10.2.0.0/16') }],
    remoteTs: [{ kind: 'fixed', selector: ts('10.3.0.0/16') }],
    ...members,
  });
}

/** A responder of ours with a further child, and an authenticated peer held by strings. */
async function puppetry(
  world: World,
  setup: PairSetup = {},
  more: ChildConfig = second(),
): Promise<readonly [carol: WorldHost, puppet: Puppet]> {
  const [, carol] = await pair(world, setup);
  const [config] = world.configs.get(carol) ?? [];
  if (config === undefined) throw new TypeError('no connection');
  const children = new Map([...config.children, ['second', more] as const]);
  await carol.load({ ...config, remoteAddrs: [{ kind: 'any', text: '%any' }], children });
  const puppet = new Puppet(world, '198.51.100.9', places.carol.address);
  await puppet.init();
  expect(find((await puppet.auth()) as Message, 'SA')).toBeDefined();
  return [carol, puppet];
}

/** What the daemon asked of the puppet meanwhile. */
async function requestTo(puppet: Puppet): Promise<Message | undefined> {
  const datagrams = await puppet.raw(Uint8Array.of(0));
  return datagrams.map((octets) => puppet.decode(octets)).find((one) => !one?.isResponse);
}

async function answer(puppet: Puppet, to: Message, payloads: readonly Payload[]): Promise<void> {
  const { exchange, messageId } = to;
  await puppet.raw(puppet.encode(exchange, payloads, { isResponse: true, messageId }));
}

/** The answer of a peer that accepts the proposal as it is, without a KE payload. */
function acceptance(request: Message): readonly Payload[] {
  const [sa, tsi, tsr] = [find(request, 'SA'), find(request, 'TSi'), find(request, 'TSr')];
  const proposal = sa?.proposals[0];
  if (proposal === undefined || tsi === undefined || tsr === undefined)
    throw new TypeError('no CHILD_SA request');
  return [
    { kind: 'SA', proposals: [{ ...proposal, spi: Uint8Array.of(0xca, 0xfe, 0, 2) }] },
    { kind: 'Nonce', data: new Uint8Array(32).fill(7) },
    tsi,
    tsr,
  ];
}

// carol --> puppet  CREATE_CHILD_SA { SA(x25519) Ni KEi TSi TSr }; puppet --> carol { SA(x25519) Nr TSi TSr }
test('SEC-35: an answer without the key exchange it selected makes no CHILD_SA, and is taken back', async () => {
  await using world = new World();
  const [carol, puppet] = await puppetry(world);
  const outcome = carol.initiate('second');
  const request = await requestTo(puppet);
  expect(request && find(request, 'KE')).toBeDefined();
  if (request === undefined) return;
  await answer(puppet, request, acceptance(request));
  expect(await world.during(outcome, 1000)).toMatchObject({ ok: false });
  expect(carol.children.map((child) => child.name)).toEqual(['net']);
  expect(carol.kernel.sas.size).toBe(2);
  expect(carol.established).toHaveLength(1);
});

test.each(['wrong method', 'unusable value'])(
  'SEC-35: a KE payload with a %s makes no CHILD_SA',
  async (how) => {
    await using world = new World();
    const [carol, puppet] = await puppetry(world);
    const outcome = carol.initiate('second');
    const request = await requestTo(puppet);
    if (request === undefined) throw new TypeError('no request');
    const ke: Payload = {
      kind: 'KE',
      method: how === 'wrong method' ? 19 : 31,
      data: new Uint8Array(how === 'wrong method' ? 64 : 32),
    };
    await answer(puppet, request, [...acceptance(request), ke]);
    expect(await world.during(outcome, 1000)).toMatchObject({ ok: false });
    expect(carol.children.map((child) => child.name)).toEqual(['net']);
    expect(carol.kernel.sas.size).toBe(2);
    expect(carol.established).toHaveLength(1);
    const taken = await requestTo(puppet);
    expect(carol.lines.some((line) => line.startsWith('sending DELETE for ESP CHILD_SA'))).toBe(
      true,
    );
    void taken;
  },
);

// puppet --> carol  { SA(x25519, ADDKE1 nobody knows) Nr KEr TSi TSr N(ADDITIONAL_KEY_EXCHANGE) }
test('SEC-03: additional key exchanges that we did not propose are refused, and end nothing else', async () => {
  await using world = new World();
  const [carol, puppet] = await puppetry(world);
  const outcome = carol.initiate('second');
  const request = await requestTo(puppet);
  if (request === undefined) throw new TypeError('no request');
  const strange = { type: 6, id: 999 };
  const payloads = acceptance(request).map((payload) =>
    payload.kind === 'SA'
      ? {
          ...payload,
          proposals: payload.proposals.map((one) => ({
            ...one,
            transforms: [...one.transforms, strange],
          })),
        }
      : payload,
  );
  const ke = simCrypto().keyExchange(31)?.initiate().publicValue ?? new Uint8Array();
  const link = notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, Uint8Array.of(1));
  await answer(puppet, request, [...payloads, { kind: 'KE', method: 31, data: ke }, link]);
  expect(await world.during(outcome, 1000)).toMatchObject({ ok: false });
  expect(carol.lines.join('\n')).not.toContain('internal error');
  expect(carol.established).toHaveLength(1);
  expect(carol.children.map((child) => child.name)).toEqual(['net']);
});

test('a kernel that has no SPI to give fails the CHILD_SA and not the IKE_SA', async () => {
  await using world = new World();
  const [carol] = await puppetry(world);
  carol.kernel.refuse((operation) => (operation === 'allocateSpi' ? 'ENOMEM' : undefined));
  const outcome = await world.during(carol.initiate('second'), 1000);
  carol.kernel.refuse(() => undefined);
  expect(outcome).toMatchObject({ ok: false });
  expect(JSON.stringify(outcome)).not.toContain('internal error');
  expect(carol.established).toHaveLength(1);
  expect(carol.children.map((child) => child.name)).toEqual(['net']);
});

test('a kernel that has no SPI to give the initiator says so', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  moon.kernel.refuse((operation) => (operation === 'allocateSpi' ? 'ENOMEM' : undefined));
  const outcome = await world.during(moon.initiate('net'), 1000);
  moon.kernel.refuse(() => undefined);
  expect(outcome).toMatchObject({ ok: false });
  expect(moon.lines.join('\n')).not.toContain('internal error');
  expect(moon.sas).toEqual([]);
  expect(moon.kernel.empty).toBe(true);
});

// puppet --> carol  INFORMATIONAL { D }; carol --> puppet  INFORMATIONAL { D }, then CREATE_CHILD_SA
test('close_action start sets up again in the same IKE_SA a CHILD_SA that the peer closed', async () => {
  await using world = new World();
  const [carol, puppet] = await puppetry(world, { carolChild: { closeAction: again } });
  const datagrams = await puppet.raw(
    puppet.encode(ExchangeType.INFORMATIONAL, [
      { kind: 'Delete', protocol: 3, spiSize: 4, spis: [Uint8Array.of(0xca, 0xfe, 0, 1)] },
    ]),
  );
  const messages = datagrams.map((octets) => puppet.decode(octets));
  expect(messages[0]).toMatchObject({ exchange: ExchangeType.INFORMATIONAL, isResponse: true });
  expect(messages[1]).toMatchObject({ exchange: ExchangeType.CREATE_CHILD_SA, isResponse: false });
  expect(carol.sas).toHaveLength(1);
});

test('close_action does nothing after our own terminate', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { child: { closeAction: again } });
  await world.during(moon.initiate('net'));
  await world.during(moon.terminate({ child: 'net' }));
  await world.pass(1000);
  expect(moon.lines.join('\n')).not.toContain('restarting CHILD_SA');
  expect([moon.sas.length, carol.sas.length]).toEqual([1, 1]);
});

test('asking a thousand times for what is under way already queues nothing', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { keyingTries: 0 } });
  world.network.intercept = () => undefined;
  const asked = Array.from({ length: 1000 }, () => moon.initiate('net'));
  await world.pass(1000);
  expect(moon.sas).toHaveLength(1);
  expect(moon.sas[0]?.tasksQueued.length).toBeLessThan(5);
  world.network.intercept = undefined;
  for (const outcome of asked) expect(await world.during(outcome)).toEqual({ ok: true });
  expect(moon.lines.join('\n')).not.toContain('due to existing duplicate');
});

test('an IKE_SA is not reused once its connection says something else', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  await world.during(moon.initiate('net'));
  const [config] = world.configs.get(moon) ?? [];
  const changed = (more: Partial<ConnectionConfig>): Promise<unknown> =>
    moon.load({ ...(config as ConnectionConfig), ...more });
  const children = new Map([...(config?.children ?? []), ['second', second()] as const]);
  await changed({ children });
  await world.during(moon.initiate('second'));
  expect(moon.sas).toHaveLength(1);
  await changed({ children, dpdDelay: 77 });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.sas).toHaveLength(2);
});

test('unloading a connection with several started children deletes their IKE_SA', async () => {
  await using world = new World();
  const started = { startAction: again };
  const proposals = parseProposals('esp', ['aes128gcm16'], simCrypto());
  const [carol, puppet] = await puppetry(
    world,
    { carolChild: started },
    second({ proposals, ...started }),
  );
  const outcome = carol.initiate('second');
  const request = await requestTo(puppet);
  if (request === undefined) throw new TypeError('no request');
  await answer(puppet, request, acceptance(request));
  expect(await world.during(outcome, 1000)).toEqual({ ok: true });
  expect(carol.children.map((child) => child.name)).toEqual(['net', 'second']);
  await carol.daemon.control.unloadConnection('gw');
  await world.pass(100);
  expect(carol.lines.some((line) => line.startsWith('sending DELETE for IKE_SA'))).toBe(true);
  expect(carol.sas.map((sa) => sa.state)).toEqual(['DELETING']);
});
