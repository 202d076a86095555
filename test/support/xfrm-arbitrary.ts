import fc from 'fast-check';
import type {
  Encap,
  Iptfs,
  LifetimeLimits,
  Mark,
  Migrate,
  Offload,
  Policy,
  PolicyId,
  ReplayState,
  Sa,
  SaId,
  Selector,
} from '../../native/types.ts';
import type { AllocSpi } from '../../native/xfrm-sa.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const bytes = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const name = fc.stringMatching(/^[a-z0-9(),]{1,63}$/);
const optional: { requiredKeys: [] } = { requiredKeys: [] };

/** Octets of an address of a family: 4 or 16 of them. */
const addressOf = (octets: 4 | 16): fc.Arbitrary<Uint8Array> => bytes(octets, octets);
const family = fc.constantFrom<4 | 16>(4, 16);

const mark: fc.Arbitrary<Mark> = fc.record({ value: u32, mask: u32 });
const limits: fc.Arbitrary<LifetimeLimits> = fc.record({
  softBytes: u64,
  hardBytes: u64,
  softPackets: u64,
  hardPackets: u64,
  softAddSeconds: u64,
  hardAddSeconds: u64,
  softUseSeconds: u64,
  hardUseSeconds: u64,
});
const offload: fc.Arbitrary<Offload> = fc.record({
  ifindex: fc.integer({ min: 0, max: 0x7fff_ffff }),
  flags: u8,
});

// At least one number: what says nothing is not sent.
const iptfs: fc.Arbitrary<Iptfs> = fc
  .tuple(
    fc.record({ maxQueueOctets: u32 }),
    fc.record(
      {
        dropTimeMicros: u32,
        reorderWindow: u16,
        initDelayMicros: u32,
        packetOctets: u32,
        dontFragment: fc.constant(true),
      },
      optional,
    ),
  )
  .map(([must, may]) => ({ ...must, ...may }));

function encap(octets: 4 | 16): fc.Arbitrary<Encap> {
  const ports = { type: u16, srcPort: u16, dstPort: u16 };
  const original = bytes(octets, octets).filter((one) => one.some((octet) => octet !== 0));
  return fc.oneof(fc.record(ports), fc.record({ ...ports, originalAddress: original }));
}

function selectorOf(octets: 4 | 16): fc.Arbitrary<Selector> {
  return fc.record({
    src: addressOf(octets),
    dst: addressOf(octets),
    srcPrefix: fc.integer({ min: 0, max: octets * 8 }),
    dstPrefix: fc.integer({ min: 0, max: octets * 8 }),
    srcPort: u16,
    srcPortMask: u16,
    dstPort: u16,
    dstPortMask: u16,
    protocol: u8,
    ifindex: fc.integer({ min: 0, max: 0x7fff_ffff }),
    user: u32,
  });
}

const look = fc.record({ mark, ifId: u32 }, optional);

/** SAs of any shape, sensible or not: an encoder does not judge. */
export const arbitrarySa: fc.Arbitrary<Sa> = family.chain((octets) => {
  const must = fc.record({
    src: addressOf(octets),
    dst: addressOf(octets),
    spi: u32,
    protocol: u8,
    mode: u8,
    reqid: u32,
    replayWindow: fc.integer({ min: 0, max: 4096 }),
    esn: fc.boolean(),
    flags: fc.integer({ min: 0, max: 127 }),
    seq: u32,
  });
  const may = fc.record(
    {
      selector: selectorOf(octets),
      lifetime: limits,
      extraFlags: u32,
      crypt: fc.record({ name, key: bytes(0, 64) }),
      auth: fc.oneof(
        fc.record({ name, key: bytes(0, 64) }),
        fc.record({ name, key: bytes(0, 64), truncateBits: u32 }),
      ),
      aead: fc.record({ name, key: bytes(0, 64), icvBits: u32 }),
      comp: fc.record({ name, key: bytes(0, 8) }),
      encap: encap(octets),
      setMark: mark,
      offload,
      tfcPad: u32,
      direction: fc.constantFrom<'in' | 'out'>('in', 'out'),
      natKeepaliveSeconds: u32,
      cpu: u32,
      iptfs,
      startUse: fc.record({ bytes: u64, packets: u64, addTime: u64, useTime: u64 }),
    },
    optional,
  );
  const numbers = { oseq: u32, oseqHigh: u32, seq: u32, seqHigh: u32 };
  const bitmap = fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: 1, maxLength: 4 });
  const counters = fc.option(fc.oneof(fc.record(numbers), fc.record({ ...numbers, bitmap })), {
    nil: undefined,
  });
  return fc.tuple(must, may, look, counters).map(([a, b, c, replay]) => {
    const big = a.esn || a.replayWindow > 32;
    // Without the ESN structure there are no high halves, and one word of bitmap.
    const words = big ? Math.ceil(a.replayWindow / 32) : 1;
    const given = replay !== undefined && 'bitmap' in replay ? replay.bitmap : [];
    const bitmap =
      given.length > 0 && words > 0
        ? { bitmap: Array.from({ length: words }, (_, i) => given[i % given.length] ?? 0) }
        : {};
    const high = big ? {} : { oseqHigh: 0, seqHigh: 0 };
    const kept = replay && { ...without(replay), ...high, ...bitmap };
    return { ...a, ...b, ...c, ...(kept && { replay: kept }) };
  });
});

function without(replay: ReplayState): ReplayState {
  const { bitmap: _, ...numbers } = replay;
  return numbers;
}

export const arbitrarySaId: fc.Arbitrary<SaId> = family.chain((octets) =>
  fc
    .tuple(
      fc.record({ dst: addressOf(octets), spi: u32, protocol: u8 }),
      fc.record({ src: addressOf(octets) }, optional),
      look,
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
);

export const arbitraryAllocSpi: fc.Arbitrary<AllocSpi> = family.chain((octets) =>
  fc
    .tuple(
      fc.record({
        src: addressOf(octets),
        dst: addressOf(octets),
        protocol: u8,
        mode: u8,
        reqid: u32,
        min: u32,
        max: u32,
      }),
      fc.record({ seq: u32, direction: fc.constant('in' as const) }, optional),
      look,
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
);

export const arbitraryPolicyId: fc.Arbitrary<PolicyId> = family.chain((octets) =>
  fc
    .tuple(
      fc.record({
        selector: selectorOf(octets),
        direction: fc.constantFrom<PolicyId['direction']>('in', 'out', 'fwd'),
      }),
      fc.record({ index: u32 }, optional),
      look,
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
);

const template = family.chain((octets) =>
  fc.record({
    src: addressOf(octets),
    dst: addressOf(octets),
    spi: u32,
    protocol: u8,
    mode: u8,
    reqid: u32,
    optional: fc.boolean(),
    share: u8,
  }),
);

export const arbitraryPolicy: fc.Arbitrary<Policy> = fc
  .tuple(
    arbitraryPolicyId,
    fc.record({
      action: fc.constantFrom<Policy['action']>('allow', 'block'),
      priority: u32,
      flags: u8,
      share: u8,
      templates: fc.array(template, { maxLength: 6 }),
    }),
    fc.record({ lifetime: limits, type: u8, offload }, optional),
  )
  .map(([a, b, c]) => ({ ...a, ...b, ...c }));

const step = fc.tuple(family, family).chain(([before, after]) =>
  fc.record({
    oldSrc: addressOf(before),
    oldDst: addressOf(before),
    newSrc: addressOf(after),
    newDst: addressOf(after),
    protocol: u8,
    mode: u8,
    reqid: u32,
  }),
);

export const arbitraryMigrate: fc.Arbitrary<Migrate> = fc
  .tuple(arbitraryPolicyId, fc.array(step, { maxLength: 6 }), family)
  .chain(([policy, steps, km]) => {
    const inner = policy.selector.dst.length === 4 ? 4 : 16;
    return fc
      .record(
        {
          kmAddress: fc.record({ local: addressOf(km), remote: addressOf(km) }),
          encap: encap(inner),
          offload,
        },
        optional,
      )
      .map((may) => ({ policy, steps, ...may }));
  });
