import { describe, expect, test } from 'vitest';
import type { EspKeyEntry } from '../../../daemon/contracts/key-log.ts';
import { printIkeSpi } from '../../../daemon/proto/ike-spi.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { describeMessage } from '../../../daemon/wire/describe.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { isClearExchange, parseMessage } from '../../../daemon/wire/message.ts';
import { espLine, ikeLine } from '../../../plugins/save-keys/tables.ts';
import { readCaptureKeys } from '../../support/capture-keys.ts';
import { ReplayProtection } from '../../support/replay-protection.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';

/** All messages on the wire of a tunnel that is set up, rekeyed and closed, and what moon wrote down. */
async function watched(ike: string, esp: string) {
  await using world = new World();
  const messages: Uint8Array[] = [];
  let table = '';
  const entries: EspKeyEntry[] = [];
  world.network.onPacket(({ packet: { data, destination } }) => {
    const message = destination.port === 500 ? data : data.subarray(4);
    if (message.length >= 28) messages.push(message.slice());
  });
  const [moon, carol] = await pair(world, { ike, esp });
  moon.keyLog = {
    ike: (entry) => {
      table += ikeLine(entry) ?? '';
    },
    esp: (entry) => {
      const { encryption, integrity } = entry;
      entries.push({
        ...entry,
        encryption: { ...encryption, key: encryption.key.slice() },
        integrity: integrity && { ...integrity, key: integrity.key.slice() },
      });
    },
    close: () => Promise.resolve(),
  };
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const kernel = [...moon.kernel.sas.values()].map(({ id, sa }) => ({ id, sa }));
  void moon.daemon.control.rekey({ ike: 'gw', reauth: false });
  await world.pass(3000);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  return { messages, table, entries, kernel };
}

describe.each([
  ['aes256gcm16-prfsha256-x25519', 'aes256gcm16'],
  ['aes256-sha256-x25519', 'aes256-sha256'],
])('%s', (ike, esp) => {
  test('every message of an IKE_SA and of its successor is read with what was saved', async () => {
    const { messages, table } = await watched(ike, esp);
    const keys = readCaptureKeys(table);
    expect(keys).toHaveLength(2);
    const seen = messages.flatMap((octets) => {
      const header = parseHeader(octets);
      if (isClearExchange(header.exchange)) return [];
      const line = keys.find(({ spiI }) => spiI === printIkeSpi(header.spiI));
      if (line === undefined) throw new Error('a message without keys');
      // Throws unless the integrity check is passed.
      const message = parseMessage(
        octets,
        header,
        new ReplayProtection(line, header.fromInitiator),
      );
      return [describeMessage(message)];
    });
    expect(seen).toHaveLength(8);
    expect(seen.join('\n')).toMatch(
      /IKE_AUTH request 1 .*IDi[\s\S]*CREATE_CHILD_SA[\s\S]*INFORMATIONAL/,
    );
  });

  test('the lines of ESP have the keys and ends that the kernel got', async () => {
    const { entries, kernel } = await watched(ike, esp);
    expect(entries).toHaveLength(2);
    for (const { id, sa } of kernel) {
      const entry = entries.find(({ spi }) => spi === id.spi);
      const encryption = toHex(sa?.encryption?.key ?? new Uint8Array());
      const integrity = toHex(sa?.integrity?.key ?? new Uint8Array());
      const [cipher, mac] =
        integrity === ''
          ? ['AES-GCM with 16 octet ICV [RFC4106]', '"NULL",""']
          : ['AES-CBC [RFC3602]', `"HMAC-SHA-256-128 [RFC4868]","0x${integrity}"`];
      expect(entry && espLine(entry)).toBe(
        `"IPv4","${id.source}","${id.destination}","0x${id.spi.toString(16)}","${cipher}","0x${encryption}",${mac}\n`,
      );
    }
  });
});
