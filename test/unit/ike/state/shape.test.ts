import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  childConfig as childShape,
  connectionConfig as connectionShape,
} from '../../../../daemon/ike/state/config-shapes.ts';
import { identity, proposal, selector } from '../../../../daemon/ike/state/proto-shapes.ts';
import { savedChild } from '../../../../daemon/ike/state/saved-child.ts';
import { savedIke } from '../../../../daemon/ike/state/saved-ike.ts';
import { readKeys, writeKeys } from '../../../../daemon/ike/state/saved-keys.ts';
import { savedTasks } from '../../../../daemon/ike/state/saved-task.ts';
import { savedWindow } from '../../../../daemon/ike/state/saved-window.ts';
import {
  bool,
  list,
  octets,
  oneOf,
  optional,
  type Plain,
  record,
  type Shape,
  ShapeError,
  since,
  text,
  u32,
  u64,
} from '../../../../daemon/ike/state/shape.ts';
import type { ChildSpi } from '../../../../daemon/proto/child-spi.ts';
import { parseIdentity } from '../../../../daemon/proto/identity-text.ts';
import type { IkeSpi } from '../../../../daemon/proto/ike-spi.ts';
import { Secret } from '../../../../daemon/util/secret.ts';
import { childSaSpec } from '../../../support/child-sa-specs.ts';
import {
  authRound,
  childConfig,
  connectionConfig,
  hostSpec,
} from '../../../support/connections.ts';
import { ip, ts } from '../../../support/selectors.ts';

/** Through text and back, as a file would. */
function roundTrip<T>(shape: Shape<T>, value: T): T {
  return shape.read(JSON.parse(JSON.stringify(shape.write(value))), 'value');
}

interface Sample {
  readonly name: string;
  readonly data: Uint8Array;
  readonly big: bigint;
  readonly small: number;
  readonly kind: 'a' | 'b';
  readonly more?: readonly boolean[];
}

const sample: Shape<Sample> = record<Sample>({
  name: text,
  data: octets,
  big: u64,
  small: u32,
  kind: oneOf('a', 'b'),
  more: optional(list(bool)),
});

const anySample: fc.Arbitrary<Sample> = fc.record(
  {
    name: fc.string(),
    data: fc.uint8Array(),
    big: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    small: fc.integer({ min: 0, max: 0xffff_ffff }),
    kind: fc.constantFrom('a', 'b'),
    more: fc.array(fc.boolean()),
  },
  { requiredKeys: ['name', 'data', 'big', 'small', 'kind'] },
);

test('what is written is read', () => {
  fc.assert(
    fc.property(anySample, (value) => {
      expect(roundTrip(sample, value)).toEqual(value);
    }),
  );
});

test('anything else is refused with an error that names the place', () => {
  const good = sample.write({
    name: 'n',
    data: Uint8Array.of(1),
    big: 7n,
    small: 3,
    kind: 'a',
  }) as Record<string, Plain>;
  expect(() => sample.read({ ...good, extra: 1 }, 'it')).toThrow(
    'it.extra: no such field expected',
  );
  for (const [field, wrong] of [
    ['name', 5],
    ['data', 'abc'],
    ['data', 'zz'],
    ['big', '18446744073709551616'],
    ['big', -1],
    ['small', 0x1_0000_0000],
    ['small', -1],
    ['small', 1.5],
    ['kind', 'c'],
    ['kind', null],
    ['more', {}],
    ['more', [1]],
  ] as const) {
    expect(() => sample.read({ ...good, [field]: wrong }, 'it'), `${field} ${wrong}`).toThrow(
      ShapeError,
    );
  }
  for (const field of ['name', 'data', 'big', 'small', 'kind']) {
    const { [field]: _, ...rest } = good;
    expect(() => sample.read(rest, 'it'), field).toThrow(`it.${field}`);
  }
});

test('whatever JSON says, nothing but ShapeError comes out', () => {
  const shapes: readonly Shape<unknown>[] = [
    sample,
    savedIke,
    savedChild,
    savedTasks,
    savedWindow,
  ] as never;
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...shapes), (value, shape) => {
      try {
        shape.read(value as Plain, 'it');
      } catch (error) {
        expect(error).toBeInstanceOf(ShapeError);
      }
    }),
    { numRuns: 500 },
  );
});

test('a field that came later has a value in older records', () => {
  interface Grown {
    readonly old: number;
    readonly added: string;
  }
  const grown = record<Grown>({ old: u32, added: since(text, 'none') });
  expect(grown.read({ old: 1 }, 'it')).toEqual({ old: 1, added: 'none' });
  expect(roundTrip(grown, { old: 1, added: 'some' })).toEqual({ old: 1, added: 'some' });
});

describe('values of the daemon', () => {
  test('selectors, proposals and identities', () => {
    for (const one of ['10.0.0.0/8', '10.0.0.1/32', 'fd00::/8']) {
      expect(roundTrip(selector, ts(one))).toEqual(ts(one));
    }
    const offer = {
      number: 1,
      protocol: 3,
      spi: Uint8Array.of(1, 2, 3, 4),
      transforms: [
        { type: 1, id: 20, keyLength: 128 },
        { type: 5, id: 0 },
      ],
    };
    expect(roundTrip(proposal, offer)).toEqual(offer);
    for (const id of ['moon.example.org', '192.0.2.1', 'C=CH, O=x', '*.example.org', '^a.*b$']) {
      const parsed = parseIdentity(id, { allowRegex: true });
      expect(roundTrip(identity, parsed)).toEqual(parsed);
    }
  });

  test('connections and children with everything set', () => {
    const child = childConfig('net', {
      localTs: [{ kind: 'fixed', selector: ts('10.1.0.0/16') }],
      remoteTs: [{ kind: 'dynamic', upper: { protocol: 6, startPort: 1, endPort: 2 } }],
      updown: '/bin/true',
      interface: 'eth0',
      label: 'x',
      replayWindow: 64,
      tfcPadding: 'mtu',
      markIn: { kind: 'value', value: 1, mask: 2 },
      markOut: { kind: 'unique-dir', mask: 3 },
      setMarkIn: { kind: 'same', mask: 4 },
      ifIdIn: { kind: 'unique' },
    });
    expect(roundTrip(childShape, child)).toEqual(child);
    const connection = connectionConfig('gw', {
      localAddrs: [hostSpec('192.0.2.1'), { kind: 'name', text: 'a.example' }],
      remoteAddrs: [{ kind: 'subnet', text: '10.0.0.0/8', address: ip('10.0.0.0'), prefix: 8 }],
      vips: [ip('0.0.0.0')],
      local: [authRound({ id: parseIdentity('moon.example.org', { allowRegex: false }) })],
      children: new Map([['net', child]]),
    });
    expect(roundTrip(connectionShape, connection)).toEqual(connection);
  });

  test('a CHILD_SA in the middle of a rekeying', () => {
    const { encryption: _, ...spec } = childSaSpec({
      encap: { localPort: 4500, remotePort: 1234 },
      markIn: { value: 1, mask: 0xffff_ffff },
    });
    const child = {
      ike: 1,
      uniqueId: 2,
      config: 'net',
      ownConfig: false,
      proposal: { number: 1, protocol: 3, spi: Uint8Array.of(1, 2, 3, 4), transforms: [] },
      spec,
      state: 'REKEYED' as const,
      sends: true,
      installedAt: 123.5,
      links: {
        outbound: 'REGISTERED' as const,
        up: true,
        expired: false,
        deletedByPeer: false,
        lowestNonce: Uint8Array.of(9),
        replacement: 3,
      },
    };
    expect(roundTrip(savedChild, child)).toEqual(child);
  });

  test('windows and tasks', () => {
    const window = {
      nextRequest: 5,
      expected: 7,
      outstanding: { messageId: 4, exchange: 37, datagrams: [Uint8Array.of(1, 2)] },
      answered: { messageId: 6, fingerprint: '\u0000\u00ff"', datagrams: [] },
    };
    expect(roundTrip(savedWindow, window)).toEqual(window);
    const create = {
      ni: Uint8Array.of(1),
      method: 31,
      uniqueId: 4,
      reserved: [{ protocol: 3, spi: 0xc000_0001 as ChildSpi }],
      ownSpi: 0xffff_ffff_ffff_fffen as IkeSpi,
    };
    const tasks = {
      active: { kind: 'child-rekey', child: 2, create } as const,
      waiting: [
        { task: { kind: 'ike-dpd' } as const },
        { task: { kind: 'other' } as const, notBefore: 5.5 },
      ],
    };
    expect(roundTrip(savedTasks, tasks)).toEqual(tasks);
  });
});

test('keys come back as they were, and only all of them', () => {
  const key = (length: number, fill: number) => new Secret(new Uint8Array(length).fill(fill));
  const keys = {
    skD: key(32, 1),
    skAi: key(0, 0),
    skAr: key(0, 0),
    skEi: key(20, 2),
    skEr: key(20, 3),
  };
  const written = writeKeys(keys);
  const read = readKeys(written);
  expect(read.skD.bytes).toEqual(keys.skD.bytes);
  expect(read.skEr.bytes).toEqual(keys.skEr.bytes);
  written.fill(0xff);
  expect(read.skEi.bytes).toEqual(new Uint8Array(20).fill(2));
  const good = writeKeys(keys);
  for (let size = 0; size < good.length; size++) {
    expect(() => readKeys(good.subarray(0, size))).toThrow(ShapeError);
  }
  expect(() => readKeys(Uint8Array.of(...good, 0))).toThrow(ShapeError);
});
