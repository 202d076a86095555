import fc from 'fast-check';
import type { Identity } from '../../daemon/proto/identity.ts';
import type { IkeSpi } from '../../daemon/proto/ike-spi.ts';
import type { Message, Payload } from '../../daemon/proto/payload.ts';
import type { Proposal, Transform } from '../../daemon/proto/proposal.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';
import { compareBytes, concatBytes } from '../../daemon/util/bytes.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u8FromOne = fc.integer({ min: 1, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });

const attribute = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0x8000, max: 0xffff }), octets(2))
    .filter(([type]) => type !== 0x800e)
    .map(([type, value]) => concatBytes(Uint8Array.of(type >> 8, type & 0xff), value)),
  fc
    .tuple(fc.integer({ min: 0, max: 0x7fff }), octets(0, 20))
    .map(([type, value]) =>
      concatBytes(Uint8Array.of(type >> 8, type & 0xff, 0, value.length), value),
    ),
);

const transform: fc.Arbitrary<Transform> = fc.record(
  {
    type: u8,
    id: u16,
    keyLength: u16,
    otherAttributes: fc
      .array(attribute, { minLength: 1, maxLength: 3 })
      .map((all) => concatBytes(...all)),
  },
  { requiredKeys: ['type', 'id'] },
) as fc.Arbitrary<Transform>;

function spiFor(protocol: number): fc.Arbitrary<Uint8Array> {
  if (protocol === 1) return fc.oneof(octets(0), octets(8));
  return protocol === 2 || protocol === 3 ? octets(4) : octets(0, 255);
}

const proposal: fc.Arbitrary<Proposal> = fc
  .oneof(fc.integer({ min: 1, max: 3 }), u8FromOne)
  .chain((protocol) =>
    fc.record({
      number: u8,
      protocol: fc.constant(protocol),
      spi: spiFor(protocol),
      transforms: fc.array(transform, { minLength: 1, maxLength: 8 }),
    }),
  );

const selector: fc.Arbitrary<TrafficSelector> = fc
  .constantFrom<4 | 6>(4, 6)
  .chain((family) => {
    const address = octets(family === 4 ? 4 : 16);
    return fc.tuple(fc.constant(family), u8, u16, u16, fc.boolean(), address, address);
  })
  .map(([family, protocol, portA, portB, isOpaque, a, b]) => ({
    family,
    protocol,
    startPort: isOpaque ? 0xffff : Math.min(portA, portB),
    endPort: isOpaque ? 0 : Math.max(portA, portB),
    startAddress: compareBytes(a, b) <= 0 ? a : b,
    endAddress: compareBytes(a, b) <= 0 ? b : a,
  }));

const identity: fc.Arbitrary<Identity> = fc.oneof(
  fc.record({ type: u8FromOne.filter((type) => type !== 13), data: octets(1, 64) }),
  fc.constant({ type: 13, data: new Uint8Array() }),
);

// Types whose data the RFC leaves open: any length must survive.
const freeNotify = u16.filter(
  (type) =>
    ![1, 17, 16385, 16387, 16388, 16389, 16390, 16393, 16397, 16398, 16401, 16403, 16431].includes(
      type,
    ),
);

const eapPacket = octets(0, 60).chain((data) =>
  fc
    .tuple(u8, u8)
    .map(([code, id]) => concatBytes(Uint8Array.of(code, id, 0, data.length + 4), data)),
);

const deletion: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant<Payload>({ kind: 'Delete', protocol: 1, spiSize: 0, spis: [] }),
  fc
    .tuple(fc.constantFrom(2, 3), fc.array(octets(4), { maxLength: 10 }))
    .map(([protocol, spis]): Payload => ({ kind: 'Delete', protocol, spiSize: 4, spis })),
  fc
    .tuple(fc.integer({ min: 4, max: 255 }), fc.array(octets(7), { maxLength: 4 }))
    .map(([protocol, spis]): Payload => ({ kind: 'Delete', protocol, spiSize: 7, spis })),
);

/** Any payload that the codec can write, except critical unknown ones, which it refuses to read. */
export const arbitraryPayload: fc.Arbitrary<Payload> = fc.oneof(
  fc.record({
    kind: fc.constant('SA' as const),
    proposals: fc.array(proposal, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('KE' as const),
    method: fc.integer({ min: 1, max: 0xffff }),
    data: octets(1, 300),
  }),
  fc.record({ kind: fc.constantFrom('IDi' as const, 'IDr' as const), identity }),
  fc.record({ kind: fc.constant('CERT' as const), encoding: u8FromOne, data: octets(1, 500) }),
  fc.record({
    kind: fc.constant('CERTREQ' as const),
    encoding: u8FromOne,
    authorities: octets(0, 100),
  }),
  fc.record({ kind: fc.constant('AUTH' as const), method: u8FromOne, data: octets(1, 100) }),
  fc.record({ kind: fc.constant('Nonce' as const), data: octets(16, 256) }),
  fc.record({
    kind: fc.constant('Notify' as const),
    protocol: u8,
    spi: octets(0, 20),
    type: freeNotify,
    data: octets(0, 100),
  }),
  fc.record({
    kind: fc.constant('Notify' as const),
    protocol: fc.constant(0),
    spi: octets(0),
    type: fc.constantFrom(16388, 16389),
    data: octets(20),
  }),
  deletion,
  fc.record({ kind: fc.constant('Vendor' as const), data: octets(0, 60) }),
  fc.record({
    kind: fc.constantFrom('TSi' as const, 'TSr' as const),
    selectors: fc.array(selector, { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    kind: fc.constant('CP' as const),
    type: u8FromOne,
    attributes: fc.array(
      fc.record({ type: fc.integer({ min: 0, max: 0x7fff }), value: octets(0, 40) }),
      { maxLength: 10 },
    ),
  }),
  fc.record({ kind: fc.constant('EAP' as const), data: eapPacket }),
  fc.record({
    kind: fc.constant('Unknown' as const),
    type: fc.oneof(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 54, max: 255 })),
    critical: fc.constant(false),
    data: octets(0, 60),
  }),
);

const spi = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) as fc.Arbitrary<IkeSpi>;

/** A message of any exchange and content: legal octets, whether or not the exchange makes sense. */
export const arbitraryMessage: fc.Arbitrary<Message> = fc.record({
  spiI: spi.map((value) => (value === 0n ? (1n as IkeSpi) : value)),
  spiR: spi,
  exchange: u8,
  isResponse: fc.boolean(),
  fromInitiator: fc.boolean(),
  messageId: fc.integer({ min: 0, max: 0xffffffff }),
  payloads: fc.array(arbitraryPayload, { maxLength: 8 }),
});
