import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExchangeType } from '../../daemon/proto/iana/exchange-types.ts';
import { isFragment, Reassembler } from '../../daemon/wire/fragments.ts';
import { parseHeader } from '../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../../daemon/wire/message.ts';
import { arbitraryMessage } from '../support/arbitrary-message.ts';
import { ToyProtection } from '../support/toy-protection.ts';

const runs = { seed: 20260101, numRuns: 3000 };
const sizes = fc.record({
  ivOctets: fc.constantFrom(0, 8, 16),
  icvOctets: fc.constantFrom(8, 12, 16),
  blockOctets: fc.constantFrom(1, 4, 8, 16),
});

test('decode(encode(m)) = m in the clear', () => {
  fc.assert(
    fc.property(arbitraryMessage, (message) => {
      const clear = { ...message, exchange: ExchangeType.IKE_SA_INIT };
      const bytes = encodeMessage(clear, undefined);
      const decoded = parseMessage(bytes, parseHeader(bytes), undefined);
      expect(decoded).toEqual(clear);
      expect(encodeMessage(decoded, undefined)).toEqual(bytes);
    }),
    runs,
  );
});

test('decode(encode(m)) = m inside SK, with any sizes of IV, ICV and block', () => {
  fc.assert(
    fc.property(arbitraryMessage, sizes, (message, chosen) => {
      const protection = new ToyProtection(chosen);
      const bytes = encodeMessage(message, protection);
      expect(parseMessage(bytes, parseHeader(bytes), protection)).toEqual(message);
    }),
    runs,
  );
});

test('decode(encode(m)) = m in fragments that arrive in any order', () => {
  const order = fc.integer({ min: 1, max: 0x7fffffff });
  const limit = fc.integer({ min: 120, max: 600 });
  fc.assert(
    fc.property(arbitraryMessage, sizes, order, limit, (message, chosen, seed, max) => {
      const protection = new ToyProtection(chosen);
      const datagrams = encodeFragmented(message, protection, max);
      for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(max);
      const shuffled = datagrams
        .map((datagram, i) => ({ datagram, key: ((i + 1) * seed) % 104_729 }))
        .sort((a, b) => a.key - b.key)
        .map(({ datagram }) => datagram);
      const reassembler = new Reassembler();
      const results = shuffled.map((datagram) => {
        const header = parseHeader(datagram);
        if (!isFragment(header, datagram)) return parseMessage(datagram, header, protection);
        return reassembler.add(datagram, header, protection);
      });
      expect(results.at(-1)).toEqual(message);
      expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
      expect(reassembler.octets).toBe(0);
    }),
    runs,
  );
});
