import { expect, test } from 'vitest';
import type { IkeSa } from '../../../daemon/ike/ike-sa.ts';
import { notify } from '../../../daemon/ike/payloads.ts';
import type { Endpoint } from '../../../daemon/proto/endpoint.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { ip } from '../../support/selectors.ts';
import { ELSEWHERE, endsOf, flow, kernelEnds, tunnel } from '../moving.ts';
import { places } from '../pair.ts';
import { notifiesIn, type Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';
import { World } from '../world.ts';

const { INFORMATIONAL, CREATE_CHILD_SA } = ExchangeType;
const UPDATE = notify(NotifyType.UPDATE_SA_ADDRESSES);
const VICTIM: Endpoint = { address: ip('203.0.113.66'), port: 500 };

/** An authenticated peer with MOBIKE that keeps to no rule. */
async function insider(attack: Siege): Promise<Puppet> {
  const puppet = attack.puppet();
  await puppet.init();
  const answer = await puppet.auth((payloads) => [
    ...payloads,
    notify(NotifyType.MOBIKE_SUPPORTED),
  ]);
  expect(notifiesIn(answer)).toContain(NotifyType.MOBIKE_SUPPORTED);
  return puppet;
}

/** Sends a request of the insider's from wherever it likes, and tells which packets left for there. */
async function from(
  attack: Siege,
  puppet: Puppet,
  source: Endpoint,
  exchange: number,
  payloads: readonly Payload[],
): Promise<number> {
  let answers = 0;
  const count = (target: Endpoint): void => {
    if (target.address === source.address) answers++;
  };
  attack.world.network.onPacket(({ packet }) => count(packet.destination));
  const gateway = { address: ip(places.carol.address), port: 500 };
  attack.world.network.inject(source, gateway, puppet.encode(exchange, payloads));
  puppet.messageId += 1;
  await attack.world.pass(500);
  return answers;
}

function gatewaySa(attack: Siege): IkeSa {
  const [sa] = [...attack.gateway.daemon.manager.tables.byId.values()];
  if (sa === undefined) throw new TypeError('no IKE_SA');
  return sa;
}

test('SEC-38: forged, garbled and replayed messages from elsewhere move nothing', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const recorded: Uint8Array[] = [];
  world.network.onPacket(({ packet, fate }) => {
    if (packet.from === 'moon' && fate === 'delivered') recorded.push(Uint8Array.from(packet.data));
  });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  moon.readdress(places.moon.address, places.moon.inside);
  await world.pass(1000);
  const before = [endsOf(carol), kernelEnds(carol)];
  const gateway = { address: ip(places.carol.address), port: 4500 };
  expect(recorded.length).toBeGreaterThan(4);
  for (const data of recorded) {
    const spoofed = { address: VICTIM.address, port: 4500 };
    world.network.inject(spoofed, gateway, data);
    const garbled = Uint8Array.from(data);
    garbled[garbled.length - 1] = (garbled.at(-1) ?? 0) ^ 1;
    world.network.inject(spoofed, gateway, garbled);
    await world.pass(100);
  }
  expect([endsOf(carol), kernelEnds(carol)]).toEqual(before);
  expect(flow(moon, carol)).toEqual(['protected', 'protected']);
});

test('SEC-38: an insider that moves to a third party gets no traffic led there, and no new CHILD_SA', async () => {
  await using attack = await siege();
  const puppet = await insider(attack);
  const before = kernelEnds(attack.gateway).filter((ends) => ends.startsWith(places.carol.address));
  await from(attack, puppet, VICTIM, INFORMATIONAL, [UPDATE]);
  const sa = gatewaySa(attack);
  expect(sa.remote).toEqual(VICTIM);
  const sends = (): readonly string[] =>
    kernelEnds(attack.gateway).filter((ends) => ends.startsWith(places.carol.address));
  expect(sends()).toEqual(before);
  const children = sa.children.size;
  await from(attack, puppet, VICTIM, CREATE_CHILD_SA, [
    ...puppet.authPayloads().filter(({ kind }) => ['SA', 'TSi', 'TSr'].includes(kind)),
    { kind: 'Nonce', data: new Uint8Array(32).fill(7) },
  ]);
  expect(sa.children.size).toBe(children);
  // The check gets no answer there: the IKE_SA ends, and the traffic was never led there.
  const ended = attack.world.settle(() => sa.destroyed);
  expect(sends()).toEqual(before);
  await ended;
  await attack.expectAlive();
});

test('SEC-38: what is sent to a third party because of an update is bounded', async () => {
  await using attack = await siege();
  const puppet = await insider(attack);
  let there = 0;
  attack.world.network.onPacket(({ packet }) => {
    if (packet.destination.address === VICTIM.address) there++;
  });
  await from(attack, puppet, VICTIM, INFORMATIONAL, [UPDATE]);
  await attack.world.pass(600_000);
  // One answer, one check and its retransmissions.
  expect(there).toBeLessThanOrEqual(7);
  expect(there).toBeGreaterThan(0);
  await attack.expectAlive();
});

test('SEC-38: a peer that does not return COOKIE2 loses the IKE_SA, RFC 4555 section 3.7', async () => {
  for (const answer of [[], [notify(NotifyType.COOKIE2, new Uint8Array(16).fill(9))]]) {
    await using attack = await siege();
    const puppet = await insider(attack);
    const moved = { address: ip('198.51.100.200'), port: 500 };
    await from(attack, puppet, moved, INFORMATIONAL, [UPDATE]);
    const sa = gatewaySa(attack);
    expect(sa.mobike?.unproven).toBe(true);
    const gateway = { address: ip(places.carol.address), port: 500 };
    const reply = puppet.encode(INFORMATIONAL, answer, { isResponse: true, messageId: 0 });
    attack.world.network.inject(moved, gateway, reply);
    await attack.world.pass(100);
    expect(sa.destroyed).toBe(true);
    expect(attack.gateway.lines).toContain('COOKIE2 mismatch, closing IKE_SA');
    await attack.expectAlive();
  }
});

test('SEC-38: addresses at which nobody can be are refused with UNACCEPTABLE_ADDRESSES', async () => {
  for (const address of ['224.0.0.1', '255.255.255.255', '127.0.0.1', '0.0.0.0']) {
    await using attack = await siege();
    const puppet = await insider(attack);
    const before = gatewaySa(attack).remote;
    await from(attack, puppet, { address: ip(address), port: 500 }, INFORMATIONAL, [UPDATE]);
    expect(gatewaySa(attack).remote).toEqual(before);
    expect(attack.gateway.lines).toContain(`peer cannot move to ${address}`);
    await attack.expectAlive();
  }
});

test('SEC-38: a NAT that the peer forbids is reported and nothing is changed, RFC 4555 section 3.9', async () => {
  await using attack = await siege();
  const puppet = await insider(attack);
  const ends = new Uint8Array(12).fill(1);
  const before = gatewaySa(attack).remote;
  const answer = await puppet.request(INFORMATIONAL, [
    UPDATE,
    notify(NotifyType.NO_NATS_ALLOWED, ends),
  ]);
  expect(notifiesIn(answer)).toEqual([NotifyType.UNEXPECTED_NAT_DETECTED]);
  expect(gatewaySa(attack).remote).toEqual(before);
  await attack.expectAlive();
});

test('SEC-38: of a flood of addresses a handful is kept, and none of it that no host can have', async () => {
  await using attack = await siege();
  const puppet = await insider(attack);
  const address = (text: string): Payload =>
    notify(NotifyType.ADDITIONAL_IP4_ADDRESS, Uint8Array.from(text.split('.').map(Number)));
  for (let round = 0; round < 200; round++) {
    const list = Array.from({ length: 18 }, (_, i) => address(`10.${round}.0.${i}`));
    await puppet.request(INFORMATIONAL, [address('127.0.0.1'), ...list]);
  }
  const { mobike } = gatewaySa(attack);
  expect(mobike?.peerAddresses).toHaveLength(8);
  expect(mobike?.peerAddresses).not.toContain('127.0.0.1');
  await attack.expectAlive();
});

test('SEC-38: without MOBIKE an update is answered and changes nothing', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init();
  await puppet.auth();
  const before = gatewaySa(attack).remote;
  const answer = await puppet.request(INFORMATIONAL, [UPDATE]);
  expect(notifiesIn(answer)).toEqual([]);
  await from(attack, puppet, VICTIM, INFORMATIONAL, [UPDATE]);
  expect(gatewaySa(attack).remote).toEqual(before);
  await attack.expectAlive();
});
