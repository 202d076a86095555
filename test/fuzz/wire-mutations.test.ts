import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../daemon/util/bytes.ts';
import { parseHeader } from '../../daemon/wire/header.ts';
import { parseMessage } from '../../daemon/wire/message.ts';
import { captureDatagrams } from '../support/captures.ts';
import { datagramWith, payloadOctets, refusalOf } from '../support/wire.ts';
import { corpus, fuzzWire, LIMIT_PER_KILOBYTE } from '../support/wire-fuzz.ts';

const INPUTS_PER_SEED = 50_000;

describe('random and mutated messages end in a message or a DecodeError, in time', () => {
  const seeds = corpus(1, captureDatagrams());
  test.each([11, 12, 13, 14])('seed %i', { timeout: 120_000 }, (seed) => {
    const outcome = fuzzWire(seed, INPUTS_PER_SEED, seeds);
    expect(outcome.accepted + outcome.refused).toBe(INPUTS_PER_SEED);
    // Both ways out must be well trodden, or the inputs test nothing.
    expect(outcome.accepted).toBeGreaterThan(INPUTS_PER_SEED / 50);
    expect(outcome.refused).toBeGreaterThan(INPUTS_PER_SEED / 50);
    expect(outcome.slowest).toBeLessThan(LIMIT_PER_KILOBYTE);
  });
});

describe('SEC-82 the largest datagrams of one kind of element take time in proportion', () => {
  const fill = (unit: Uint8Array, octets: number): Uint8Array =>
    concatBytes(...new Array<Uint8Array>(Math.floor(octets / unit.length)).fill(unit));
  const spis = new Uint8Array(4 + 16_000 * 4);
  spis.set([3, 4, 16_000 >> 8, 16_000 & 0xff]);
  const attributes = fill(Uint8Array.of(0x80, 1, 0, 0), 64_000);
  const length = attributes.length + 8;
  const transform = concatBytes(
    Uint8Array.of(0, 0, length >> 8, length & 0xff, 1, 0, 0, 12),
    attributes,
  );
  const whole = transform.length + 8;
  const proposal = concatBytes(
    Uint8Array.of(0, 0, whole >> 8, whole & 0xff, 1, 1, 0, 1),
    transform,
  );
  const cases: readonly (readonly [string, number, Uint8Array])[] = [
    ['SPIs to delete', 42, spis],
    ['transform attributes', 33, proposal],
    [
      'configuration attributes',
      47,
      concatBytes(Uint8Array.of(1, 0, 0, 0), fill(Uint8Array.of(0, 1, 0, 0), 64_000)),
    ],
    [
      'proposals',
      33,
      fill(Uint8Array.of(2, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 0, 0, 20), 64_000),
    ],
    [
      'selectors',
      44,
      concatBytes(Uint8Array.of(255, 0, 0, 0), fill(Uint8Array.of(200, 0, 0, 4), 64_000)),
    ],
  ];
  test.each(cases)('%s', (_, type, body) => {
    const bytes = datagramWith(type, payloadOctets(body));
    const header = parseHeader(bytes);
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 15; i++) {
      const start = performance.now();
      try {
        parseMessage(bytes, header, undefined);
      } catch (error) {
        refusalOf(() => {
          throw error;
        });
      }
      fastest = Math.min(fastest, performance.now() - start);
    }
    expect(fastest).toBeLessThan((bytes.length / 1024) * LIMIT_PER_KILOBYTE);
  });
});
