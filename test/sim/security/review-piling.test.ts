import { expect, test } from 'vitest';
import { find } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message } from '../../../daemon/proto/payload.ts';
import type { TrafficSelector } from '../../../daemon/proto/traffic-selector.ts';
import { ts } from '../../support/selectors.ts';
import { pair } from '../pair.ts';
import { notifiesIn } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';
import { World } from '../world.ts';

const ROUNDS = 40;

// SEC-14: what a peer leaves to us is bounded, also where it has proven who it is
test('a peer that rekeys the IKE_SA again and again and deletes nothing has a few of them at most', async () => {
  await using attack = await siege();
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  for (let round = 0; round < ROUNDS; round++) {
    const answer = await peer.rekeyIke();
    expect(answer?.payloads.map(({ kind }) => kind)).toContain('SA');
    expect(await peer.request(ExchangeType.INFORMATIONAL, [])).toBeDefined();
  }
  expect(attack.gateway.established).toHaveLength(1);
  expect(attack.gateway.children).toHaveLength(1);
  expect(attack.gateway.daemon.manager.size).toBeLessThanOrEqual(3);
  await attack.expectAlive();
});

/** Every second host of a network, so that none is part of another. */
const hosts = (net: string, count: number): readonly TrafficSelector[] =>
  Array.from({ length: count }, (_, i) => ts(`${net}.${(2 * i) >> 8}.${(2 * i) & 0xff}/32`));

/** IKE_AUTH with as many selectors on either side. */
async function inPieces(attack: Siege, count: number): Promise<Message | undefined> {
  attack.world.network.link = { ...attack.world.network.link, mtu: 65_535 };
  const peer = attack.puppet();
  await peer.init();
  return peer.auth((payloads) =>
    payloads.map((payload) => {
      if (payload.kind === 'TSi') return { ...payload, selectors: hosts('10.1', count) };
      if (payload.kind === 'TSr') return { ...payload, selectors: hosts('10.2', count) };
      return payload;
    }),
  );
}

// SEC-64: each pair of selectors is three policies of the kernel
test('a CHILD_SA in pieces as small as the peer likes is refused, the IKE_SA lives', async () => {
  await using attack = await siege();
  const answer = await inPieces(attack, 255);
  expect(answer && find(answer, 'AUTH')).toBeDefined();
  expect(notifiesIn(answer)).toContain(NotifyType.TS_UNACCEPTABLE);
  expect(attack.gateway.kernel.policies.size).toBe(0);
  await attack.expectAlive();
});

test('one in as many pieces as networks have is not', async () => {
  await using attack = await siege();
  const answer = await inPieces(attack, 20);
  expect(notifiesIn(answer)).not.toContain(NotifyType.TS_UNACCEPTABLE);
  expect(attack.gateway.kernel.policies.size).toBe(3 * 400);
  await attack.expectAlive();
});

test('nor is what the configuration itself has', async () => {
  const fixed = (net: string) =>
    hosts(net, 40).map((selector) => ({ kind: 'fixed', selector }) as const);
  const carolChild = { localTs: fixed('10.2'), remoteTs: fixed('10.1') };
  await using attack = await siege({ carolChild });
  await inPieces(attack, 40);
  expect(attack.gateway.kernel.policies.size).toBe(3 * 1600);
});

test('a gateway that answers with as many pieces gets no CHILD_SA', async () => {
  await using world = new World();
  world.network.link = { ...world.network.link, mtu: 65_535 };
  const fixed = (net: string) =>
    hosts(net, 40).map((selector) => ({ kind: 'fixed', selector }) as const);
  const [moon, carol] = await pair(world, {
    carolChild: { localTs: fixed('10.2'), remoteTs: fixed('10.1') },
  });
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  await world.pass(2000);
  expect(moon.kernel.policies.size).toBe(0);
  expect([moon.established.length, carol.children.length]).toEqual([1, 0]);
});
