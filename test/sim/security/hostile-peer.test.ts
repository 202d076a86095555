import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { find, notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, Payload } from '../../../daemon/proto/payload.ts';
import type { TrafficSelector } from '../../../daemon/proto/traffic-selector.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { ts } from '../../support/selectors.ts';
import type { PairSetup } from '../pair.ts';
import { notifiesIn, type Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';
import { simCrypto } from '../world.ts';

/** Everything here comes from a peer that has proven who it is, and then breaks the rules. */
async function established(setup: PairSetup = {}): Promise<{ attack: Siege; peer: Puppet }> {
  const attack = await siege(setup);
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  expect(attack.gateway.children).toHaveLength(1);
  return { attack, peer };
}

const spiOf = (n: number): Uint8Array => Uint8Array.of(0xca, 0xfe, n >> 8, n & 0xff);

/** A request for a CHILD_SA as an honest initiator would make it. */
function childRequest(
  n: number,
  own: readonly TrafficSelector[] = [ts('10.1.0.0/16')],
  esp = 'aes128gcm16',
): readonly Payload[] {
  const proposals = parseProposals('esp', [esp], simCrypto());
  return [
    { kind: 'SA', proposals: proposals.map((one) => ({ ...one, number: 1, spi: spiOf(n) })) },
    { kind: 'Nonce', data: new Uint8Array(32).fill(n & 0xff) },
    { kind: 'TSi', selectors: own },
    { kind: 'TSr', selectors: [ts('10.2.0.0/16')] },
  ];
}

function rekeySa(protocol: number, spi: Uint8Array): Payload {
  return { kind: 'Notify', protocol, spi, type: NotifyType.REKEY_SA, data: new Uint8Array(0) };
}

function deletes(...spis: readonly Uint8Array[]): Payload {
  return { kind: 'Delete', protocol: 3, spiSize: 4, spis };
}

const informational = (
  peer: Puppet,
  ...payloads: readonly Payload[]
): Promise<Message | undefined> => peer.request(ExchangeType.INFORMATIONAL, payloads);
const create = (peer: Puppet, payloads: readonly Payload[]): Promise<Message | undefined> =>
  peer.request(ExchangeType.CREATE_CHILD_SA, payloads);

test.each([
  ['an SPI nobody has', 3, spiOf(999)],
  ['SPI 0', 3, new Uint8Array(4)],
  ['AH where there is ESP', 2, spiOf(1)],
  ['protocol 0', 0, new Uint8Array(0)],
])('SEC-63 EX-18 rekeys what does not exist: %s', async (_name, protocol, spi) => {
  const { attack, peer } = await established();
  await using _ = attack;
  const answer = await create(peer, [rekeySa(protocol, spi), ...childRequest(7)]);
  const [type] = notifiesIn(answer);
  expect([NotifyType.CHILD_SA_NOT_FOUND, NotifyType.INVALID_SYNTAX]).toContain(type);
  if (protocol === 3) {
    const refusal = answer?.payloads.find((payload) => payload.kind === 'Notify');
    expect(refusal).toMatchObject({ type: NotifyType.CHILD_SA_NOT_FOUND, protocol, spi });
  }
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-63 EX-05 rekeys one CHILD_SA twice before it deletes it: never two replacements', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  expect(notifiesIn(await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(7)]))).toEqual([]);
  const second = await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(8)]);
  expect(notifiesIn(second)).toEqual([NotifyType.TEMPORARY_FAILURE]);
  await informational(peer, deletes(spiOf(1)));
  await attack.world.pass(10_000);
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-60 deletes twice: the second answer names nothing, and nothing else goes', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  await create(peer, childRequest(2, [ts('10.1.2.0/24')]));
  expect(attack.gateway.children).toHaveLength(2);
  const first = await informational(peer, deletes(spiOf(1)));
  expect(first?.payloads.map(({ kind }) => kind)).toEqual(['Delete']);
  const second = await informational(peer, deletes(spiOf(1)));
  expect(second?.payloads).toEqual([]);
  // the same one several times in one message, and several payloads
  const third = await informational(peer, deletes(spiOf(2), spiOf(2)), deletes(spiOf(2)));
  const named = third?.payloads.flatMap((payload) =>
    payload.kind === 'Delete' ? payload.spis : [],
  );
  expect(named).toHaveLength(1);
  expect(attack.gateway.children).toHaveLength(0);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-60 as many SPIs in a DELETE as fit cost nothing', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const answer = await informational(
    peer,
    deletes(...Array.from({ length: 300 }, (_one, i) => spiOf(i + 2))),
  );
  expect(answer?.payloads).toEqual([]);
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-64 floods CHILD_SAs: 64 by default, then NO_ADDITIONAL_SAS, and others notice nothing', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const refused: number[] = [];
  for (let n = 2; n <= 100; n++) {
    const answer = await create(peer, childRequest(n, [ts(`10.1.${n}.0/24`)]));
    refused.push(...notifiesIn(answer));
  }
  expect(attack.gateway.children).toHaveLength(64);
  expect(refused).toEqual(Array.from({ length: 36 }, () => NotifyType.NO_ADDITIONAL_SAS));
  expect(await attack.world.during(attack.client.initiate('net'))).toEqual({ ok: true });
  // room again once something goes
  await informational(peer, deletes(spiOf(2)));
  expect(notifiesIn(await create(peer, childRequest(200, [ts('10.1.200.0/24')])))).toEqual([]);
  await attack.world.during(attack.client.terminate({ ike: 'gw' }));
  await attack.expectAlive();
});

test.each([
  ['everything', [ts('0.0.0.0/0')], [ts('10.1.0.0/16')]],
  ['a wider network', [ts('10.0.0.0/8')], [ts('10.1.0.0/16')]],
  ['its own and another', [ts('10.1.0.0/16'), ts('10.9.0.0/16')], [ts('10.1.0.0/16')]],
])('SEC-65 widens its selectors to %s: narrowed to the policy', async (_name, asked, given) => {
  const attack = await siege();
  await using _ = attack;
  const peer = attack.puppet();
  await peer.init();
  const answer = await peer.request(ExchangeType.IKE_AUTH, peer.authPayloads(asked));
  expect(answer && find(answer, 'TSi')?.selectors).toEqual(given);
  expect(attack.gateway.children[0]?.remoteTs).toEqual(given);
  await attack.expectAlive();
});

test("SEC-65 takes a network that is somebody else's: TS_UNACCEPTABLE", async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const answer = await create(peer, childRequest(9, [ts('10.9.0.0/16')]));
  expect(notifiesIn(answer)).toEqual([NotifyType.TS_UNACCEPTABLE]);
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-65 EX-09 widens its selectors in a rekeying: it gets what the old CHILD_SA had', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(7, [ts('0.0.0.0/0')])]);
  await informational(peer, deletes(spiOf(1)));
  await attack.world.pass(10_000);
  for (const child of attack.gateway.children) expect(child.remoteTs).toEqual([ts('10.1.0.0/16')]);
  await attack.expectAlive();
});

test('EX-09 narrows its selectors in a rekeying: it gets no more than it asks for', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const narrow = ts('10.1.7.0/24');
  const answer = await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(7, [narrow])]);
  expect(answer && find(answer, 'TSi')).toMatchObject({ selectors: [narrow] });
  await informational(peer, deletes(spiOf(1)));
  await attack.world.pass(10_000);
  expect(attack.gateway.children.map((child) => child.remoteTs)).toEqual([[narrow]]);
  await attack.expectAlive();
});

test.each([0, 1, 3, 4, 1000, 0x7fff_ffff, 0xffff_ffff])(
  'SEC-68 sends message id %i where 2 is due: dropped, and 2 still works',
  async (messageId) => {
    const { attack, peer } = await established();
    await using _ = attack;
    const octets = peer.encode(ExchangeType.INFORMATIONAL, [deletes(spiOf(1))], { messageId });
    expect(await peer.raw(octets)).toEqual([]);
    expect(attack.gateway.children).toHaveLength(1);
    expect((await informational(peer))?.messageId).toBe(2);
    await attack.expectAlive();
  },
);

/** The gateway asks for a sign of life; the request. */
async function asked(attack: Siege, peer: Puppet): Promise<Message> {
  const [sa] = attack.gateway.daemon.manager.tables.byId.values();
  const seen: Uint8Array[] = [];
  attack.world.network.onPacket(({ packet }) => {
    if (packet.from === 'carol' && packet.to.startsWith('puppet'))
      seen.push(Uint8Array.from(packet.data));
  });
  sa?.post(() => {
    sa.tasks.queue({
      names: ['IKE_DPD'],
      run: async function* () {
        yield { exchange: ExchangeType.INFORMATIONAL, payloads: [] };
      },
    });
    return sa.tasks.advance();
  });
  await attack.world.pass(100);
  const [octets] = seen;
  const request = octets === undefined ? undefined : peer.decode(octets);
  if (request === undefined) throw new TypeError('the gateway asked nothing');
  return request;
}

test('EX-12 answers late: three retransmissions later the answer still counts, once', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const [sa] = attack.gateway.daemon.manager.tables.byId.values();
  const { messageId } = await asked(attack, peer);
  await attack.world.pass(30_000);
  expect(sa?.engine.waiting).toBe(true);
  const answer = peer.encode(ExchangeType.INFORMATIONAL, [], { messageId, isResponse: true });
  await peer.raw(answer);
  expect(sa?.engine.waiting).toBe(false);
  // and twice
  expect(await peer.raw(answer)).toEqual([]);
  expect(await peer.raw(answer)).toEqual([]);
  expect(attack.gateway.established).toHaveLength(1);
  expect((await asked(attack, peer)).messageId).toBe(messageId + 1);
  await peer.raw(
    peer.encode(ExchangeType.INFORMATIONAL, [], { messageId: messageId + 1, isResponse: true }),
  );
  await attack.expectAlive();
});

test.each([
  ['to a request never sent', { messageId: 9 }, ExchangeType.INFORMATIONAL],
  ['of another exchange', {}, ExchangeType.CREATE_CHILD_SA],
  ['with the flag of the gateway', { fromInitiator: false }, ExchangeType.INFORMATIONAL],
])('EX-12 answers %s: dropped, the question stays open', async (_name, wrong, exchange) => {
  const { attack, peer } = await established();
  await using _ = attack;
  const [sa] = attack.gateway.daemon.manager.tables.byId.values();
  const { messageId } = await asked(attack, peer);
  const payloads = [deletes(spiOf(1))];
  await peer.raw(peer.encode(exchange, payloads, { messageId, isResponse: true, ...wrong }));
  expect(sa?.engine.waiting).toBe(true);
  expect(attack.gateway.children).toHaveLength(1);
  await peer.raw(peer.encode(ExchangeType.INFORMATIONAL, [], { messageId, isResponse: true }));
  expect(sa?.engine.waiting).toBe(false);
  await attack.expectAlive();
});

test('an unknown critical payload is answered by its type, and the IKE_SA lives', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const body = Uint8Array.of(0, 0, 0, 0);
  const answer = await informational(peer, {
    kind: 'Unknown',
    type: 200,
    critical: true,
    data: body,
  });
  expect(notifiesIn(answer)).toEqual([NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD]);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

// Quirks of peers in the field.

test('several DELETEs in one INFORMATIONAL, that of the IKE_SA last: one answer, all of them go', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  await create(peer, childRequest(2, [ts('10.1.2.0/24')]));
  const answers = await peer.raw(
    peer.encode(ExchangeType.INFORMATIONAL, [
      deletes(spiOf(1)),
      deletes(spiOf(2)),
      { kind: 'Delete', protocol: 1, spiSize: 0, spis: [] },
    ]),
  );
  expect(answers).toHaveLength(1);
  await attack.world.pass(1000);
  expect(attack.gateway.sas).toEqual([]);
  expect(attack.gateway.kernel.empty).toBe(true);
  await attack.expectAlive();
});

test('status notifies that nobody asked for are ignored in every exchange', async () => {
  const attack = await siege();
  await using _ = attack;
  const odd = [
    NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED,
    NotifyType.USE_PPK,
    NotifyType.TICKET_ACK,
    NotifyType.CLONE_IKE_SA_SUPPORTED,
    16_384 + 999,
    40_999,
  ].map((type) => notify(type, Uint8Array.of(1, 2, 3)));
  const peer = attack.puppet();
  await peer.init((payloads) => [...payloads, ...odd]);
  await peer.auth((payloads) => [...payloads, ...odd]);
  expect(attack.gateway.children).toHaveLength(1);
  expect((await informational(peer, ...odd))?.payloads).toEqual([]);
  expect(attack.gateway.established).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-35 rekeys without the key exchange that PFS demands: refused, the old CHILD_SA stays', async () => {
  const { attack, peer } = await established({ carolChild: pfs('aes128gcm16-x25519') });
  await using _ = attack;
  const answer = await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(7)]);
  expect(notifiesIn(answer)).toEqual([NotifyType.NO_PROPOSAL_CHOSEN]);
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('a gateway whose proposals make PFS optional takes a rekeying without it', async () => {
  const { attack, peer } = await established({
    carolChild: pfs('aes128gcm16-x25519', 'aes128gcm16'),
  });
  await using _ = attack;
  const answer = await create(peer, [rekeySa(3, spiOf(1)), ...childRequest(7)]);
  expect(notifiesIn(answer)).toEqual([]);
  await attack.expectAlive();
});

function pfs(...proposals: readonly string[]): NonNullable<PairSetup['carolChild']> {
  return { proposals: parseProposals('esp', proposals, simCrypto()) };
}

test('rekeys with a group of its own, not that of the first exchange, as Windows does', async () => {
  const { attack, peer } = await established({
    carolChild: pfs('aes128gcm16-x25519-modp2048', 'aes128gcm16'),
  });
  await using _ = attack;
  const [method, group] = [simCrypto().keyExchange(14), 'aes128gcm16-modp2048'];
  if (method === undefined) throw new TypeError('no MODP');
  using exchange = method.initiate();
  const key: Payload = { kind: 'KE', method: 14, data: exchange.publicValue };
  const request = childRequest(7, [ts('10.1.0.0/16')], group);
  const answer = await create(peer, [rekeySa(3, spiOf(1)), ...request, key]);
  expect(notifiesIn(answer)).toEqual([]);
  expect(answer && find(answer, 'KE')?.method).toBe(14);
  await attack.expectAlive();
});

test('offers what nobody wants any more: refused, and the log says what both sides have', async () => {
  await using attack = await siege();
  const peer = attack.puppet();
  // 3DES, HMAC-SHA1, MODP 1024.
  const transforms = [
    { type: 1, id: 3 },
    { type: 2, id: 2 },
    { type: 3, id: 2 },
    { type: 4, id: 2 },
  ];
  const answer = await peer.init((payloads) =>
    payloads.map((payload) =>
      payload.kind === 'SA'
        ? { kind: 'SA', proposals: [{ protocol: 1, number: 1, spi: new Uint8Array(), transforms }] }
        : payload,
    ),
  );
  expect(notifiesIn(answer)).toEqual([NotifyType.NO_PROPOSAL_CHOSEN]);
  const lines = attack.gateway.lines.join('\n');
  expect(lines).toMatch(/received proposals:.*3DES_CBC.*MODP_1024/);
  expect(lines).toMatch(/configured proposals:.*AES_GCM_16_128.*CURVE_25519/);
  await attack.expectAlive();
});

test('the answer has the number of the proposal in this very message', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const [sa, ...others] = childRequest(3, [ts('10.1.3.0/24')]);
  if (sa?.kind !== 'SA') throw new TypeError('no SA payload');
  const [good] = sa.proposals;
  const [bad] = parseProposals('esp', ['aes256ctr-sha512'], simCrypto());
  if (good === undefined || bad === undefined) throw new TypeError('no proposals');
  const spi = concatBytes(spiOf(3));
  const proposals = [
    { ...bad, number: 1, spi },
    { ...good, number: 2 },
  ];
  const answer = await create(peer, [{ kind: 'SA', proposals }, ...others]);
  expect(answer && find(answer, 'SA')?.proposals.map(({ number }) => number)).toEqual([2]);
  await attack.expectAlive();
});

test('nobody but the peer hears of it: an honest client keeps its tunnel through all of that', async () => {
  const attack = await siege();
  await using _ = attack;
  expect(await attack.world.during(attack.client.initiate('net'))).toEqual({ ok: true });
  const spis = attack.client.children.map(({ installed }) => installed?.spiIn);
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  for (let i = 0; i < 20; i++) {
    await create(peer, [rekeySa(3, spiOf(i + 50)), ...childRequest(i + 50)]);
    await informational(peer, deletes(spiOf(i)));
  }
  expect(attack.client.children.map(({ installed }) => installed?.spiIn)).toEqual(spis);
  await attack.world.during(attack.client.terminate({ ike: 'gw' }));
  await attack.expectAlive();
});
