import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMigrate } from '../../../native/xfrm-migrate.ts';
import { encodePolicy, encodePolicyId } from '../../../native/xfrm-policy.ts';
import { encodeAllocSpi, encodeSa, encodeSaId } from '../../../native/xfrm-sa.ts';
import { reference } from '../../support/native-reference.ts';
import {
  arbitraryAllocSpi,
  arbitraryMigrate,
  arbitraryPolicy,
  arbitraryPolicyId,
  arbitrarySa,
  arbitrarySaId,
} from '../../support/xfrm-arbitrary.ts';

// Two encoders that share nothing but the kernel header agree octet for octet on random input.
const runs = { seed: 20261, numRuns: 2000 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function agree<T>(
  what: string,
  arbitrary: fc.Arbitrary<T>,
  ours: (value: T) => Uint8Array,
  theirs: (value: T) => Uint8Array,
): void {
  test(`${what}: the same octets from both encoders`, () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(hex(ours(value))).toBe(hex(theirs(value)));
      }),
      runs,
    );
  });
}

for (const kind of ['new', 'update'] as const) {
  agree(
    `SA ${kind}`,
    arbitrarySa,
    (sa) => encodeSa(kind, sa),
    (sa) => reference.encodeSa(kind, sa),
  );
  agree(
    `policy ${kind}`,
    arbitraryPolicy,
    (policy) => encodePolicy(kind, policy),
    (policy) => reference.encodePolicy(kind, policy),
  );
}
for (const kind of ['delete', 'get'] as const) {
  agree(
    `SA ${kind}`,
    arbitrarySaId,
    (id) => encodeSaId(kind, id),
    (id) => reference.encodeSaId(kind, id),
  );
  agree(
    `policy ${kind}`,
    arbitraryPolicyId,
    (id) => encodePolicyId(kind, id),
    (id) => reference.encodePolicyId(kind, id),
  );
}
agree('ALLOCSPI', arbitraryAllocSpi, encodeAllocSpi, reference.encodeAllocSpi);
agree('MIGRATE', arbitraryMigrate, encodeMigrate, reference.encodeMigrate);

test('rejects_addresses_of_two_families', () => {
  const v4 = Uint8Array.of(192, 0, 2, 1);
  const v6 = new Uint8Array(16);
  const sa = { spi: 1, protocol: 50, mode: 1, reqid: 1, replayWindow: 0, esn: false, flags: 0 };
  expect(() => encodeSa('new', { ...sa, src: v4, dst: v6 })).toThrow(RangeError);
  expect(() => encodeSa('new', { ...sa, src: v4, dst: new Uint8Array(5) })).toThrow(RangeError);
});

test('rejects_a_replay_window_beyond_the_kernels_maximum and names too long', () => {
  const v4 = Uint8Array.of(192, 0, 2, 1);
  const sa = { src: v4, dst: v4, spi: 1, protocol: 50, mode: 1, reqid: 1, esn: false, flags: 0 };
  expect(() => encodeSa('new', { ...sa, replayWindow: 131073 })).toThrow(RangeError);
  const crypt = { name: 'x'.repeat(64), key: new Uint8Array() };
  expect(() => encodeSa('new', { ...sa, replayWindow: 0, crypt })).toThrow(RangeError);
});
