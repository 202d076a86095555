import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NetlinkDecodeError } from '../../../native/errors.ts';
import { HEADER_OCTETS, parseAck, parseMessages } from '../../../native/nlmsg.ts';
import { decodeRouteEvent } from '../../../native/rtnetlink-event.ts';
import { decodeAddress, decodeLink } from '../../../native/rtnetlink-link.ts';
import { decodeRoute, decodeRule } from '../../../native/rtnetlink-route.ts';
import { UNLIMITED } from '../../../native/xfrm-common.ts';
import { decodeXfrmEvent } from '../../../native/xfrm-event.ts';
import { decodeMigrate, encodeMigrate } from '../../../native/xfrm-migrate.ts';
import { decodePolicy, encodePolicy } from '../../../native/xfrm-policy.ts';
import { decodeSa, encodeSa } from '../../../native/xfrm-sa.ts';
import { arbitraryMigrate, arbitraryPolicy, arbitrarySa } from '../../support/xfrm-arbitrary.ts';

const runs = { seed: 20262, numRuns: 500 };
const bodyOf = (message: Uint8Array): Uint8Array => message.subarray(HEADER_OCTETS);

test('an SA is read as it was written', () => {
  fc.assert(
    fc.property(arbitrarySa, (sa) => {
      // Where the counters start is written only: they are read as they are.
      const { startUse: _, ...rest } = sa;
      const expected = { lifetime: UNLIMITED, ...rest };
      expect(decodeSa(bodyOf(encodeSa('new', sa)))).toMatchObject(expected);
    }),
    runs,
  );
});

test('how often the kernel tells of another port is read as it was written', () => {
  const [sa] = fc.sample(arbitrarySa, { seed: runs.seed, numRuns: 1 });
  if (sa === undefined) throw new TypeError('no SA');
  const read = decodeSa(bodyOf(encodeSa('new', { ...sa, mappingPauseSeconds: 600 })));
  expect(read.mappingPauseSeconds).toBe(600);
  expect(decodeSa(bodyOf(encodeSa('new', sa)))).not.toHaveProperty('mappingPauseSeconds');
});

test('a policy is read as it was written', () => {
  fc.assert(
    fc.property(arbitraryPolicy, (policy) => {
      const expected = { lifetime: UNLIMITED, index: 0, ...policy };
      expect(decodePolicy(bodyOf(encodePolicy('update', policy)))).toMatchObject(expected);
    }),
    runs,
  );
});

test('a migration is read as it was written', () => {
  fc.assert(
    fc.property(arbitraryMigrate, (migrate) => {
      const { policy } = migrate;
      const expected = { ...migrate, policy: { index: 0, ...policy } };
      expect(decodeMigrate(bodyOf(encodeMigrate(migrate)))).toEqual(expected);
    }),
    runs,
  );
});

/** Everything that reads octets from the kernel. */
const decoders: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['decodeSa', decodeSa],
  ['decodePolicy', decodePolicy],
  ['decodeMigrate', decodeMigrate],
  ['decodeAddress', decodeAddress],
  ['decodeLink', decodeLink],
  ['decodeRoute', decodeRoute],
  ['decodeRule', decodeRule],
  ['parseMessages', parseMessages],
  ['parseAck', (body) => parseAck({ type: 2, flags: 0x200, seq: 1, body })],
];
/** Their output is an event even for nonsense. */
const eventTypes = Array.from({ length: 32 }, (_, i) => 0x10 + i);

function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(NetlinkDecodeError);
  }
}

function survivesEvents(bytes: Uint8Array): void {
  for (const type of eventTypes) {
    const message = { type, flags: 0, seq: 0, body: bytes };
    expect(decodeXfrmEvent(message)).toHaveProperty('kind');
    expect(decodeRouteEvent(message)).toHaveProperty('kind');
  }
}

test.each(decoders)(
  'SEC-88 %s: random octets end in a value or NetlinkDecodeError',
  (_, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survives(decode, bytes)),
      { seed: 88, numRuns: 3000 },
    );
  },
);

test('SEC-88 truncated and mutated messages end in a value or NetlinkDecodeError', () => {
  const bodies = fc.oneof(
    arbitrarySa.map((sa) => bodyOf(encodeSa('new', sa))),
    arbitraryPolicy.map((policy) => bodyOf(encodePolicy('new', policy))),
    arbitraryMigrate.map((migrate) => bodyOf(encodeMigrate(migrate))),
  );
  const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.nat(), mutation, (body, cut, changes) => {
      const mutated = body.slice(0, cut % 3 === 0 ? cut % (body.length + 1) : body.length);
      for (const [at, octet] of changes) {
        if (mutated.length > 0) mutated[at % mutated.length] = octet;
      }
      for (const [, decode] of decoders) survives(decode, mutated);
      survivesEvents(mutated);
    }),
    { seed: 88, numRuns: 1000 },
  );
}, 60_000);

test('SEC-88 random octets become events, never exceptions', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survivesEvents(bytes)),
    { seed: 88, numRuns: 500 },
  );
}, 60_000);
