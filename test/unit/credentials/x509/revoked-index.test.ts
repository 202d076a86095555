import { expect, test } from 'vitest';
import { decoding, problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { RevokedIndex } from '../../../../daemon/credentials/x509/revoked-index.ts';
import { concatBytes } from '../../../../daemon/util/bytes.ts';
import { der } from '../../../support/build-x509.ts';
import { seeded } from '../../../support/mutate.ts';

const date = der.time('250101000000Z');

/** Entries one behind the other, and where each begins. */
function entriesOf(serials: readonly Uint8Array[]): { octets: Uint8Array; at: number[] } {
  const entries = serials.map((serial) => der.seq(der.int(...serial), date));
  const at: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    at.push(offset);
    offset += entry.length;
  }
  return { octets: concatBytes(...entries), at };
}

test('finds each entry of a list that grows far beyond what was expected, by issuer too', () => {
  const below = seeded(1);
  const serials = Array.from({ length: 3_000 }, (_, i) =>
    Uint8Array.of(
      1 + below(127),
      ...Array.from({ length: below(18) }, () => below(256)),
      i >> 8,
      i,
    ),
  );
  const { octets, at } = entriesOf(serials);
  const index = new RevokedIndex(octets, 1);
  serials.forEach((_serial, i) => {
    index.add(at[i] ?? 0, i % 3, false, 'crl');
  });
  expect(index.size).toBe(3_000);
  serials.forEach((serial, i) => {
    expect(index.find(i % 3, serial)).toBe(at[i]);
    expect(index.find((i + 1) % 3, serial)).toBeUndefined();
  });
});

test('entries of more than 127 octets are found behind their longer header', () => {
  const long = der.seq(der.int(7), date, der.octets(new Uint8Array(300)));
  const { octets } = entriesOf([Uint8Array.of(5)]);
  const index = new RevokedIndex(concatBytes(octets, long), 2);
  index.add(octets.length, 0, false, 'crl');
  expect(index.find(0, Uint8Array.of(7))).toBe(octets.length);
});

test('SEC-82 serial numbers made to collide are refused instead of searched for ever', () => {
  // The same function as in the index, so that the test can choose serial numbers for one slot.
  const hash = (serial: Uint8Array): number => {
    let value = 0x811c9dc5;
    for (const octet of serial) value = Math.imul(value ^ octet, 0x01000193);
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
    return (value ^ (value >>> 13)) >>> 0;
  };
  const serials: Uint8Array[] = [];
  for (let i = 0; serials.length < 1_100; i++) {
    const serial = Uint8Array.of(1, i >> 16, i >> 8, i);
    if ((hash(serial) & 0xfff) === 0) serials.push(serial);
  }
  const { octets, at } = entriesOf(serials);
  const index = new RevokedIndex(octets, 2_048);
  const result = decoding('crl', () => {
    for (const offset of at) index.add(offset, 0, false, 'crl');
  });
  expect(result.ok ? '' : problemText(result.problem)).toBe(
    'crl: serial numbers chosen to collide',
  );
  // What is there is still found, and what is not there ends too.
  expect(index.find(0, serials[5] ?? new Uint8Array())).toBe(at[5]);
  expect(index.find(0, serials[1_099] ?? new Uint8Array())).toBeUndefined();
});
