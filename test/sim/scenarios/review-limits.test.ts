import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { encodeFragmented } from '../../../daemon/wire/message.ts';
import { pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { World } from '../world.ts';

const long: Payload = { kind: 'Vendor', data: new Uint8Array(12_000).fill(1) };
const ability = notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED);

async function sendInPieces(
  puppet: Puppet,
  exchange: number,
  payloads: readonly Payload[],
): Promise<number> {
  if (puppet.outbound === undefined) throw new TypeError('no keys');
  const { spiI, spiR, messageId } = puppet;
  const addressing = { spiI, spiR, exchange, messageId, isResponse: false, fromInitiator: true };
  const datagrams = encodeFragmented({ ...addressing, payloads }, puppet.outbound, 1200);
  let answers = 0;
  for (const datagram of datagrams) answers += (await puppet.raw(datagram)).length;
  return answers;
}

test('whoever is not authenticated makes us collect no more than max_packet, whoever is 64 KiB', async () => {
  await using world = new World();
  const [, carol] = await pair(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const stranger = new Puppet(world, '198.51.100.8', places.carol.address);
  await stranger.init((payloads) => [...payloads, ability]);
  const greedy = [...stranger.authPayloads(), long];
  expect(await sendInPieces(stranger, ExchangeType.IKE_AUTH, greedy)).toBe(0);
  expect(carol.established).toEqual([]);
  expect(carol.lines.join('\n')).toContain('message of more than 10000 octets');

  const friend = new Puppet(world, '198.51.100.9', places.carol.address);
  await friend.init((payloads) => [...payloads, ability]);
  await friend.auth();
  expect(carol.established).toHaveLength(1);
  expect(await sendInPieces(friend, ExchangeType.INFORMATIONAL, [long])).toBe(1);
});
