import { expect, test } from 'vitest';
import { encodeSync, syncSupport } from '../../../daemon/ike/message-id-sync.ts';
import { findNotify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, NotifyPayload } from '../../../daemon/proto/payload.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const nonce = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);

/** A cluster whose member knows keys and guesses counters: carol's view of it after some exchanges both ways. */
async function cluster(
  world: World,
  announces = true,
): Promise<{ readonly carol: WorldHost; readonly member: Puppet }> {
  const [, carol] = await pair(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const member = new Puppet(world, '198.51.100.7', places.carol.address);
  await member.init();
  await member.auth((all) => (announces ? [...all, syncSupport()] : all));
  // three requests of the peer: carol expects 5 next
  for (let i = 0; i < 3; i++) await member.request(ExchangeType.INFORMATIONAL, []);
  expect(member.messageId).toBe(5);
  // two of carol's, ids 0 and 1: she sends 2 next
  for (let id = 0; id < 2; id++) {
    await ask(carol);
    await answer(member, id);
  }
  return { carol, member };
}

/** Carol asks something. */
async function ask(carol: WorldHost): Promise<void> {
  const [sa] = carol.daemon.manager.tables.byId.values();
  sa?.post(() => {
    sa.tasks.queue({
      names: ['IKE_DPD'],
      run: async function* () {
        yield { exchange: ExchangeType.INFORMATIONAL, payloads: [] };
      },
    });
    return sa.tasks.advance();
  });
}

async function answer(member: Puppet, messageId: number): Promise<void> {
  await member.raw(member.encode(ExchangeType.INFORMATIONAL, [], { messageId, isResponse: true }));
}

function sync(send: number, receive: number): NotifyPayload {
  return encodeSync({ nonce, send, receive });
}

async function send(member: Puppet, payload: NotifyPayload): Promise<Message | undefined> {
  const before = member.messageId;
  const message = await member.request(ExchangeType.INFORMATIONAL, [payload], { messageId: 0 });
  member.messageId = before;
  return message;
}

/** Nonce, send, receive of an answer. */
function told(message: Message | undefined): readonly (string | number)[] | undefined {
  const data = message && findNotify(message, NotifyType.IKEV2_MESSAGE_ID_SYNC)?.data;
  if (data === undefined) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return [toHex(data.subarray(0, 4)), view.getUint32(4), view.getUint32(8)];
}

/** A DPD each way works under these ids. */
async function expectAlive(
  carol: WorldHost,
  member: Puppet,
  theirs: number,
  ours: number,
): Promise<void> {
  member.messageId = theirs;
  expect((await member.request(ExchangeType.INFORMATIONAL, []))?.messageId).toBe(theirs);
  const [sa] = carol.daemon.manager.tables.byId.values();
  await ask(carol);
  await answer(member, ours);
  expect(sa?.engine.waiting).toBe(false);
  expect(carol.established).toHaveLength(1);
}

const SENDS = [5, 6, 1000];
const RECEIVES = [2, 3, 1000];
const COMBINATIONS = SENDS.flatMap((sends) =>
  RECEIVES.map((receives) => [sends, receives] as const),
);

test('both sides announce it in IKE_AUTH', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  expect(world.ladder().match(/IKE_AUTH .*N\(MSG_ID_SYN_SUP\)/g)).toHaveLength(2);
  for (const host of [moon, carol]) {
    expect([...host.daemon.manager.tables.byId.values()].map((sa) => sa.syncsMessageIds)).toEqual([
      true,
    ]);
  }
});

test.each(COMBINATIONS)(
  'MS-01 the peer sends %i next and expects %i: adopted, nonce echoed',
  async (sends, receives) => {
    await using world = new World();
    const { carol, member } = await cluster(world);
    expect(told(await send(member, sync(sends, receives)))).toEqual(['deadbeef', receives, sends]);
    await expectAlive(carol, member, sends, receives);
  },
);

test.each(COMBINATIONS)(
  'MS-02 %i and %i retransmitted: the same answer, octet by octet',
  async (sends, receives) => {
    await using world = new World();
    const { carol, member } = await cluster(world);
    const request = member.encode(ExchangeType.INFORMATIONAL, [sync(sends, receives)], {
      messageId: 0,
    });
    const first = await member.raw(request);
    expect(first).toHaveLength(1);
    expect(await member.raw(request)).toEqual(first);
    await expectAlive(carol, member, sends, receives);
  },
);

test.each(COMBINATIONS)(
  'MS-03 %i and %i replayed later: ignored, counters unchanged',
  async (sends, receives) => {
    await using world = new World();
    const { carol, member } = await cluster(world);
    const request = member.encode(ExchangeType.INFORMATIONAL, [sync(sends, receives)], {
      messageId: 0,
    });
    await member.raw(request);
    await expectAlive(carol, member, sends, receives);
    expect(await member.raw(request)).toEqual([]);
    await expectAlive(carol, member, sends + 1, receives + 1);
  },
);

test.each(COMBINATIONS)(
  'MS-04 %i and %i without the extension: ignored, counters unchanged',
  async (sends, receives) => {
    await using world = new World();
    const { carol, member } = await cluster(world, false);
    expect(await send(member, sync(sends, receives))).toBeUndefined();
    await expectAlive(carol, member, 5, 2);
  },
);

test.each([0, 1, 4])('MS-05 the peer would send %i, which we have seen: ignored', async (sends) => {
  await using world = new World();
  const { carol, member } = await cluster(world);
  expect(await send(member, sync(sends, 2))).toBeUndefined();
  await expectAlive(carol, member, 5, 2);
});

test.each([0, 1])(
  'MS-06 the peer expects %i, which we have used: corrected in the answer',
  async (receives) => {
    await using world = new World();
    const { carol, member } = await cluster(world);
    expect(told(await send(member, sync(5, receives)))).toEqual(['deadbeef', 2, 5]);
    await expectAlive(carol, member, 5, 2);
  },
);

test('MS-07 what is open is asked again, under an id that is new to both', async () => {
  await using world = new World();
  const { carol, member } = await cluster(world);
  const [sa] = carol.daemon.manager.tables.byId.values();
  await ask(carol);
  await world.pass(1000);
  expect(sa?.engine.waiting).toBe(true);
  const octets = await member.raw(
    member.encode(ExchangeType.INFORMATIONAL, [sync(9, 2)], { messageId: 0 }),
  );
  const messages = octets.map((one) => member.decode(one));
  expect(told(messages.find((one) => one?.isResponse))).toEqual(['deadbeef', 3, 9]);
  expect(messages.filter((one) => one?.isResponse === false).map((one) => one?.messageId)).toEqual([
    3,
  ]);
  await answer(member, 2);
  expect(sa?.engine.waiting).toBe(true);
  await answer(member, 3);
  expect(sa?.engine.waiting).toBe(false);
  await expectAlive(carol, member, 9, 4);
});

test.each([
  ['too short', new Uint8Array(11)],
  ['too long', new Uint8Array(13)],
  [
    'counters that are nearly used up',
    Uint8Array.from([1, 2, 3, 4, 255, 255, 255, 255, 255, 255, 255, 255]),
  ],
])('rejects data that is %s', async (_name, data) => {
  await using world = new World();
  const { carol, member } = await cluster(world);
  expect(await send(member, { ...sync(0, 0), data })).toBeUndefined();
  await expectAlive(carol, member, 5, 2);
});

test('rejects a sync that is not authentic', async () => {
  await using world = new World();
  const { carol, member } = await cluster(world);
  const forged = member.encode(ExchangeType.INFORMATIONAL, [sync(50, 50)], { messageId: 0 });
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  expect(await member.raw(forged)).toEqual([]);
  await expectAlive(carol, member, 5, 2);
});
