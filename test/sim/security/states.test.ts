import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import type { Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';

/** Rounds of SEC-14; by hand with many more. */
const { SIM_SIEGE_ROUNDS } = process.env;

const states = ['additional', 'connecting', 'established', 'deleting', 'destroyed'] as const;
type State = (typeof states)[number];

const HYBRID = 'aes128gcm16-prfsha256-x25519-ke1_mlkem768';

const exchanges = [0, 1, 2, 5, 33, 34, 35, 36, 37, 38, 39, 43, 44, 45, 240, 255];

/** The only requests of an original initiator that a responder answers. Everything else is dropped. */
const answered: Readonly<Record<State, readonly number[]>> = {
  // An additional key exchange was agreed, and is still to come.
  additional: [ExchangeType.IKE_INTERMEDIATE],
  connecting: [ExchangeType.IKE_AUTH],
  established: [
    ExchangeType.CREATE_CHILD_SA,
    ExchangeType.INFORMATIONAL,
    ExchangeType.IKE_FOLLOWUP_KE,
  ],
  deleting: [
    ExchangeType.CREATE_CHILD_SA,
    ExchangeType.INFORMATIONAL,
    ExchangeType.IKE_FOLLOWUP_KE,
  ],
  destroyed: [],
};

/** An attacker whose IKE_SA at the gateway is in a state. */
async function inState(attack: Siege, state: State): Promise<Puppet> {
  const puppet = attack.puppet();
  if (state === 'additional') {
    puppet.ike = HYBRID;
    await puppet.init((payloads) => [
      ...payloads,
      notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED),
    ]);
    return puppet;
  }
  await puppet.init();
  if (state === 'connecting') return puppet;
  await puppet.auth();
  if (state === 'established') return puppet;
  const closing = attack.gateway.terminate({ ike: 'gw' }, state === 'destroyed');
  if (state === 'destroyed') await attack.world.during(closing);
  else await attack.world.pass(100);
  return puppet;
}

for (const state of states) {
  test(`SEC-20: every exchange, as request and as response, in state ${state}`, async () => {
    await using attack = await siege({ ike: `${HYBRID}-ke1_none` });
    const { world, gateway } = attack;
    for (const exchange of exchanges) {
      for (const isResponse of [false, true]) {
        for (const fromInitiator of [true, false]) {
          const puppet = await inState(attack, state);
          const before = gateway.sas.map((sa) => sa.state);
          const octets = puppet.encode(exchange, [], { isResponse, fromInitiator });
          const answers = await puppet.raw(octets);
          const replies = answers.filter((answer) => ((answer[19] ?? 0) & 0x20) !== 0);
          const allowed =
            !isResponse && fromInitiator && answered[state].includes(exchange) ? 1 : 0;
          const cell = `${exchange} ${isResponse ? 'response' : 'request'} ${fromInitiator}`;
          expect(replies.length, cell).toBe(allowed);
          if (state === 'connecting' || state === 'additional')
            expect(gateway.established, cell).toEqual([]);
          else if (state !== 'deleting')
            expect(
              gateway.sas.map((sa) => sa.state),
              cell,
            ).toEqual(before);
          if (state !== 'deleting') {
            expect(gateway.children.length, cell).toBe(state === 'established' ? 1 : 0);
          }
          for (const sa of gateway.sas)
            await world.during(gateway.terminate({ ike: sa.name }, true));
          await world.settle(() => gateway.sas.length === 0);
        }
      }
    }
    await attack.expectAlive();
  });
}

test('SEC-20: an unestablished IKE_SA cannot be rekeyed into an established one', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init();
  const payloads: readonly Payload[] = [
    { kind: 'SA', proposals: [] },
    { kind: 'Nonce', data: new Uint8Array(32).fill(1) },
    { kind: 'KE', method: 31, data: new Uint8Array(32).fill(9) },
  ];
  expect(await puppet.request(ExchangeType.CREATE_CHILD_SA, payloads)).toBeUndefined();
  expect(attack.gateway.established).toEqual([]);
  await attack.expectAlive();
});

test('SEC-37: INITIAL_CONTACT of somebody not authenticated closes nothing', async () => {
  await using attack = await siege();
  const { world, client, gateway } = attack;
  await world.during(client.initiate('net'));
  const contact = notify(NotifyType.INITIAL_CONTACT);
  const liar = attack.puppet();
  await liar.init();
  liar.secret = 'a wrong guess';
  await liar.auth((payloads) => [...payloads, contact]);
  expect(gateway.established).toHaveLength(1);
  const unprotected = attack.puppet();
  await unprotected.init((payloads) => [...payloads, contact]);
  expect(gateway.established).toHaveLength(1);
  expect(gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-37: INITIAL_CONTACT closes only IKE_SAs of the same two identities', async () => {
  await using attack = await siege({ carolConnection: { remote: [] } });
  const { world, client, gateway } = attack;
  const [config] = world.configs.get(gateway) ?? [];
  const round = (world.configs.get(client) ?? [])[0]?.local[0];
  if (config === undefined || round === undefined) throw new TypeError('no configuration');
  const { id: _anybody, ...open } = round;
  await gateway.load({ ...config, remote: [open] });
  expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  const mallory = attack.puppet();
  mallory.identity = { type: 2, data: utf8('mallory.example.org') };
  await mallory.init();
  await mallory.auth((payloads) => [...payloads, notify(NotifyType.INITIAL_CONTACT)]);
  expect(gateway.established).toHaveLength(2);
  const twin = attack.puppet();
  await twin.init();
  await twin.auth((payloads) => [...payloads, notify(NotifyType.INITIAL_CONTACT)]);
  await world.pass(1000);
  expect(gateway.established.map((sa) => sa.remoteId).sort()).toEqual([
    'mallory.example.org',
    'moon.example.org',
  ]);
});

test('SEC-14: negotiations that fail at any step leave nothing', async () => {
  await using attack = await siege({}, { printOnFailure: false });
  const { world, gateway } = attack;
  const steps: readonly ((puppet: Puppet) => Promise<unknown>)[] = [
    (puppet) => puppet.init(() => []),
    (puppet) => puppet.init((payloads) => payloads.filter(({ kind }) => kind !== 'Nonce')),
    (puppet) =>
      puppet.init((payloads) =>
        payloads.map((one) => (one.kind === 'KE' ? { ...one, method: 14 } : one)),
      ),
    (puppet) =>
      puppet.init((payloads) =>
        payloads.map((one) => (one.kind === 'KE' ? { ...one, data: new Uint8Array(32) } : one)),
      ),
    (puppet) =>
      puppet.init((payloads) =>
        payloads.map((one) => (one.kind === 'SA' ? { ...one, proposals: [] } : one)),
      ),
    (puppet) => puppet.init(),
    async (puppet) => {
      await puppet.init();
      await puppet.raw(new Uint8Array(100).fill(7));
    },
    async (puppet) => {
      await puppet.init();
      await puppet.auth(() => []);
    },
    async (puppet) => {
      await puppet.init();
      puppet.secret = 'wrong';
      await puppet.auth();
    },
    async (puppet) => {
      await puppet.init();
      await puppet.auth((payloads) => payloads.filter(({ kind }) => kind !== 'TSr'));
      await puppet.request(ExchangeType.INFORMATIONAL, [
        { kind: 'Delete', protocol: 1, spiSize: 0, spis: [] },
      ]);
    },
    async (puppet) => {
      await puppet.init();
      await puppet.auth();
      await puppet.request(ExchangeType.INFORMATIONAL, [
        { kind: 'Delete', protocol: 1, spiSize: 0, spis: [] },
      ]);
    },
  ];
  const rounds = Number(SIM_SIEGE_ROUNDS ?? 20);
  for (let round = 0; round < rounds; round++) {
    for (const step of steps) {
      const puppet = attack.puppet();
      puppet.spiI = BigInt(round * 1000 + world.random.below(2 ** 31) + 1) as IkeSpi;
      await step(puppet);
    }
  }
  await world.settle(() => gateway.sas.length === 0);
  const { tables, guard } = gateway.daemon.manager;
  expect(tables.byId.size + tables.bySpi.size + guard.halfOpen).toBe(0);
  expect(gateway.kernel.empty).toBe(true);
  await attack.expectAlive();
});
