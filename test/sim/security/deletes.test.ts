import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { encodeFragmented } from '../../../daemon/wire/message.ts';
import type { Puppet } from '../puppet.ts';
import { siege } from '../siege.ts';

const MANY = 10_000;

/** Sends a request of any length in fragments, and returns the answers. */
async function send(peer: Puppet, payloads: readonly Payload[]): Promise<readonly Uint8Array[]> {
  const { spiI, spiR, messageId, outbound } = peer;
  if (outbound === undefined) throw new TypeError('no keys');
  const exchange = ExchangeType.INFORMATIONAL;
  const addressing = { spiI, spiR, exchange, messageId, isResponse: false, fromInitiator: true };
  const answers: Uint8Array[] = [];
  for (const datagram of encodeFragmented({ ...addressing, payloads }, outbound, 1200)) {
    answers.push(...(await peer.raw(datagram)));
  }
  return answers;
}

test('SEC-60 a DELETE with ten thousand SPIs costs a handful of lines, and closes what it names', async () => {
  const attack = await siege();
  await using _ = attack;
  const peer = attack.puppet();
  await peer.init((payloads) => [
    ...payloads,
    notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED, new Uint8Array()),
  ]);
  await peer.auth();
  const { gateway } = attack;
  const own = gateway.children[0]?.installed?.spiOut ?? 0;
  const octets = (spi: number): Uint8Array => Uint8Array.of(spi >>> 24, spi >> 16, spi >> 8, spi);
  const spis = Array.from({ length: MANY }, (_one, n) => octets(0x1000_0000 + n));
  spis[MANY - 1] = octets(own);
  const before = gateway.lines.length;
  const answers = await send(peer, [{ kind: 'Delete', protocol: 3, spiSize: 4, spis }]);
  expect(answers).toHaveLength(1);
  expect(gateway.children).toEqual([]);
  expect(gateway.established).toHaveLength(1);
  const lines = gateway.lines.slice(before).filter((line) => line.includes('DELETE for'));
  expect(lines).toEqual([
    ...[0, 1, 2, 3].map((n) => `received DELETE for unknown ESP CHILD_SA with SPI 1000000${n}`),
    expect.stringMatching(/^received DELETE for ESP CHILD_SA with SPI [0-9a-f]{8}$/),
    `received DELETE for ${MANY - 5} further unknown CHILD_SAs`,
  ]);
  await attack.expectAlive();
});
