import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { printIkeSpi } from '../../daemon/proto/ike-spi.ts';
import { toHex } from '../../daemon/util/hex.ts';
import { IntegrityError } from '../../daemon/wire/decode-error.ts';
import { describeMessage } from '../../daemon/wire/describe.ts';
import { type IkeHeader, parseHeader } from '../../daemon/wire/header.ts';
import { encodeMessage, isClearExchange, parseMessage } from '../../daemon/wire/message.ts';
import { checkMessage } from '../../daemon/wire/message-rules.ts';
import { readCaptureKeys } from '../support/capture-keys.ts';
import { type CapturedDatagram, readCapture } from '../support/pcap.ts';
import { ReplayProtection } from '../support/replay-protection.ts';
import { hasSharedData, sharedData } from '../support/shared-data.ts';

const FOLDER = 'ikev2-captures';
const CAPTURES = 8;

const present = hasSharedData(FOLDER);

describe.skipIf(!present)('captures with known keys (Wireshark test suite)', () => {
  // The body runs to collect the tests even where they are skipped.
  const entries = present ? readdirSync(sharedData(FOLDER)) : [];
  const files = entries.filter((name) => /\.pcap(ng)?$/.test(name));
  const table = present ? readFileSync(sharedData(`${FOLDER}/keys.csv`), 'utf8') : '';
  const keys = readCaptureKeys(table);

  function protectionFor(header: IkeHeader): ReplayProtection | undefined {
    if (isClearExchange(header.exchange)) return undefined;
    const line = keys.find((entry) => entry.spiI === printIkeSpi(header.spiI));
    if (line === undefined) throw new Error(`no keys for ${printIkeSpi(header.spiI)}`);
    return new ReplayProtection(line, header.fromInitiator);
  }

  function datagramsOf(name: string): CapturedDatagram[] {
    return readCapture(new Uint8Array(readFileSync(sharedData(`${FOLDER}/${name}`))));
  }

  test('are all there', () => {
    expect(files).toHaveLength(CAPTURES);
    expect(keys).toHaveLength(CAPTURES);
  });

  test.each(files)('%s decrypts, parses, satisfies the rules and re-encodes', (name) => {
    const datagrams = datagramsOf(name);
    expect(datagrams.length).toBeGreaterThanOrEqual(4);
    const seen = datagrams.map(({ payload }) => {
      const header = parseHeader(payload);
      const protection = protectionFor(header);
      const message = parseMessage(payload, header, protection);
      checkMessage(message);
      expect(toHex(encodeMessage(message, protection)), describeMessage(message)).toBe(
        toHex(payload),
      );
      return describeMessage(message);
    });
    expect(seen).toMatchSnapshot();
  });

  test.each(files)('%s: SEC-67 no single flipped bit survives the integrity check', (name) => {
    for (const { payload } of datagramsOf(name)) {
      const header = parseHeader(payload);
      const protection = protectionFor(header);
      const isKeyed = keys.some(
        (entry) => entry.spiI === printIkeSpi(header.spiI) && !entry.integrity.startsWith('ANY'),
      );
      if (protection === undefined || !isKeyed) continue;
      // From the body of SK on, every bit is covered and leads to nothing but the one silent error.
      for (let bit = 32 * 8; bit < payload.length * 8; bit++) {
        const broken = payload.slice();
        broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => parseMessage(broken, header, protection)).toThrow(IntegrityError);
      }
    }
  });
});
