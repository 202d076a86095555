import { expect, test } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeCookieResponse } from '../../../daemon/wire/init-peek.ts';
import { parseMessage } from '../../../daemon/wire/message.ts';
import { pair } from '../pair.ts';
import type { SimPacket } from '../sim-network.ts';
import { World } from '../world.ts';

/** What stands in the COOKIE of each IKE_SA_INIT request of moon, in hexadecimal; `none` without one. */
type Cookies = string[];

/**
 * Something between the two asks for these cookies, one after the other, before it lets a request through; `undefined` lets
 * one through without asking.
 */
function askFor(world: World, asked: readonly (number | undefined)[]): Cookies {
  const seen: Cookies = [];
  world.network.intercept = (packet: SimPacket) => {
    const header = parseHeader(packet.data.subarray(packet.destination.port === 4500 ? 4 : 0));
    if (header.exchange !== ExchangeType.IKE_SA_INIT || header.isResponse) return packet;
    const message = parseMessage(packet.data, header, undefined);
    const cookie = message?.payloads.find(
      (payload) => payload.kind === 'Notify' && payload.type === NotifyType.COOKIE,
    );
    seen.push(cookie?.kind === 'Notify' ? toHex(cookie.data) : 'none');
    const next = asked[seen.length - 1];
    if (next === undefined) return packet;
    const { source, destination, from, to } = packet;
    const data = encodeCookieResponse(packet.data, new Uint8Array(8).fill(next));
    return { ...packet, from: to, to: from, source: destination, destination: source, data };
  };
  return seen;
}

test('EX-04 COOKIE, INVALID_KE_PAYLOAD, COOKIE again: the cookie is kept as long as it is accepted', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonIke: 'aes128gcm16-prfsha256-x25519-ecp256',
    carolIke: 'aes128gcm16-prfsha256-ecp256',
  });
  const seen = askFor(world, [1, undefined, 2, undefined]);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const [first, second] = ['01'.repeat(8), '02'.repeat(8)];
  expect(seen).toEqual(['none', first, first, second]);
});

test('EX-04 the rounds are bounded: who asks for ever gets nothing', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  const seen = askFor(
    world,
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({ ok: false, errmsg: expect.stringContaining('COOKIE') });
  expect(seen.length).toBe(6);
  expect(moon.sas).toEqual([]);
});
