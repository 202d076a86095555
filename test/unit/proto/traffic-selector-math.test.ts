import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../daemon/proto/ip-address.ts';
import type { TrafficSelector } from '../../../daemon/proto/traffic-selector.ts';
import {
  equalSelector,
  equalSelectors,
  intersect,
  isHost,
  isSubset,
  narrow,
  portMask,
  prefixLength,
  toSubnet,
} from '../../../daemon/proto/traffic-selector-math.ts';
import { parseSelector, printSelector } from '../../../daemon/proto/traffic-selector-text.ts';

function ts(text: string): TrafficSelector {
  const config = parseSelector(text);
  if (config.kind === 'dynamic') throw new Error('dynamic');
  return config.selector;
}

const list = (...texts: string[]): TrafficSelector[] => texts.map(ts);
const print = (selectors: readonly TrafficSelector[]): string[] => selectors.map(printSelector);

describe('intersect', () => {
  test.each([
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.0/16'],
    ['10.0.0.0-10.0.0.20', '10.0.0.10-10.0.0.30', '10.0.0.10..10.0.0.20'],
    ['0.0.0.0/0[tcp]', '10.0.0.0/8[/80]', '10.0.0.0/8[tcp/http]'],
    ['0.0.0.0/0[tcp/80-100]', '0.0.0.0/0[tcp/90-110]', '0.0.0.0/0[tcp/90-100]'],
    ['10.0.0.0/8', '11.0.0.0/8', undefined],
    ['10.0.0.0/8[tcp]', '10.0.0.0/8[udp]', undefined],
    ['10.0.0.0/8[tcp/80]', '10.0.0.0/8[tcp/81]', undefined],
    ['0.0.0.0/0', '::/0', undefined],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8', '10.0.0.0/8[tcp/OPAQUE]'],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/OPAQUE]'],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/80]', undefined],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/0-65534]', undefined],
  ])('%s and %s', (a, b, expected) => {
    for (const [left, right] of [
      [a, b],
      [b, a],
    ] as const) {
      const common = intersect(ts(left), ts(right));
      expect(common && printSelector(common)).toBe(expected);
    }
  });

  test('SEC-61: reversed addresses or ports take nothing', () => {
    const good = ts('10.0.0.0/8');
    const reversed = { ...good, startAddress: good.endAddress, endAddress: good.startAddress };
    expect(intersect(reversed, ts('0.0.0.0/0'))).toBeUndefined();
    expect(isSubset(reversed, good)).toBe(false);
    expect(intersect({ ...good, startPort: 9, endPort: 8 }, good)).toBeUndefined();
    expect(narrow([good], [reversed])).toEqual([]);
  });
});

describe('narrow, RFC 7296 section 2.9', () => {
  test.each([
    [['10.0.0.0/8'], ['0.0.0.0/0'], ['10.0.0.0/8']],
    [['0.0.0.0/0'], ['10.0.0.0/8'], ['10.0.0.0/8']],
    [['10.1.0.0/16', '10.2.0.0/16'], ['10.0.0.0/8'], ['10.1.0.0/16', '10.2.0.0/16']],
    [
      ['10.0.0.0/8'],
      ['10.2.0.0/16', '10.1.0.0/16', '192.0.2.0/24'],
      ['10.2.0.0/16', '10.1.0.0/16'],
    ],
    // The packet that asked, then the range it is from: the packet lies within the range.
    [['10.0.0.0/8'], ['10.0.0.5[udp/53]', '10.0.0.0/24'], ['10.0.0.0/24']],
    [
      ['10.0.0.0/8', '::/0'],
      ['::/0', '0.0.0.0/0'],
      ['10.0.0.0/8', '::/0'],
    ],
    [['10.0.0.0/8'], ['11.0.0.0/8'], []],
    [[], ['0.0.0.0/0'], []],
    [['0.0.0.0/0'], [], []],
    [['10.0.0.1'], ['10.0.0.1', '10.0.0.1', '10.0.0.0/8'], ['10.0.0.1/32']],
  ])('configured %j, proposed %j', (configured, proposed, expected) => {
    expect(print(narrow(list(...configured), list(...proposed)))).toEqual(expected);
  });

  test('SEC-65: is never wider than either side', () => {
    const address = fc.integer({ min: 0, max: 15 });
    const selector = fc
      .record({
        a: address,
        b: address,
        port: fc.constantFrom(0, 80),
        end: fc.constantFrom(79, 65535),
        protocol: fc.constantFrom(0, 6, 17),
      })
      .map(
        ({ a, b, port, end, protocol }): TrafficSelector => ({
          family: 4,
          protocol,
          startPort: port,
          endPort: Math.max(port, end),
          startAddress: Uint8Array.of(10, 0, 0, Math.min(a, b)),
          endAddress: Uint8Array.of(10, 0, 0, Math.max(a, b)),
        }),
      );
    const some = fc.array(selector, { maxLength: 5 });
    fc.assert(
      fc.property(some, some, (configured, proposed) => {
        const narrowed = narrow(configured, proposed);
        for (const one of narrowed) {
          expect(configured.some((outer) => isSubset(one, outer))).toBe(true);
          expect(proposed.some((outer) => isSubset(one, outer))).toBe(true);
          expect(narrowed.some((other) => other !== one && isSubset(one, other))).toBe(false);
        }
        // And nothing that both sides take is lost.
        for (const ours of configured)
          for (const theirs of proposed) {
            const common = intersect(ours, theirs);
            if (common !== undefined)
              expect(narrowed.some((one) => isSubset(common, one))).toBe(true);
          }
      }),
      { seed: 61, numRuns: 500 },
    );
  });

  test('a peer cannot make it work without end', () => {
    const ports = (from: number): TrafficSelector[] =>
      Array.from({ length: 255 }, (_, i) => ts(`0.0.0.0/0[tcp/${from + i}-${from + i + 255}]`));
    expect(narrow(ports(0), ports(100)).length).toBeLessThanOrEqual(255);
  });
});

test('equalSelector and equalSelectors', () => {
  expect(equalSelector(ts('10.0.0.0/24'), ts('10.0.0.0-10.0.0.255'))).toBe(true);
  expect(equalSelector(ts('10.0.0.0/24'), ts('10.0.0.0/24[tcp]'))).toBe(false);
  expect(equalSelector(ts('0.0.0.0/0'), ts('::/0'))).toBe(false);
  expect(equalSelectors(list('10.0.0.1', '10.0.0.2'), list('10.0.0.2', '10.0.0.1'))).toBe(true);
  expect(equalSelectors(list('10.0.0.1', '10.0.0.1'), list('10.0.0.2', '10.0.0.1'))).toBe(false);
  expect(equalSelectors(list('10.0.0.1'), [])).toBe(false);
});

test('isHost', () => {
  const [host] = ['10.0.0.1', '10.0.0.2'].map((text) => parseIp(text));
  expect(isHost(ts('10.0.0.1'))).toBe(true);
  expect(isHost(ts('10.0.0.1[tcp/80]'), host)).toBe(true);
  expect(isHost(ts('10.0.0.2'), host)).toBe(false);
  expect(isHost(ts('10.0.0.0/31'))).toBe(false);
  expect(isHost(ts('::a00:1'), host)).toBe(false);
});

test.each([
  ['10.0.0.0/8', 8, true],
  ['10.0.0.1', 32, true],
  ['0.0.0.0/0', 0, true],
  ['10.0.0.1-10.0.0.9', 28, false],
  ['10.0.0.1-10.0.0.2', 30, false],
  ['10.0.0.0-10.0.0.254', 24, false],
  ['127.255.255.255-128.0.0.0', 0, false],
  ['2001:db8::/33', 33, true],
  ['::1', 128, true],
])('%s: prefix %i, a network: %s', (text, prefix, exact) => {
  expect(prefixLength(ts(text))).toBe(prefix);
  const subnet = toSubnet(ts(text));
  expect([subnet.prefix, subnet.exact]).toEqual([prefix, exact]);
  const outer = ts(
    `${printSelector({ ...ts(text), endAddress: ts(text).startAddress }).split('/')[0]}/${prefix}`,
  );
  expect(subnet.address).toEqual(outer.startAddress);
  expect(isSubset(ts(text), outer)).toBe(true);
});

test.each([
  ['tcp/5000-6000', 4096, 0xf800, 5],
  ['tcp/80', 80, 0xffff, 16],
  ['tcp', 0, 0, 0],
  ['tcp/0', 0, 0xffff, 16],
  ['tcp/1024-2047', 1024, 0xfc00, 6],
  ['tcp/80-81', 80, 0xfffe, 15],
  ['tcp/1-65535', 0, 0, 0],
  ['tcp/opaque', 0, 0xffff, 16],
])('ports %s are %i with mask %i of %i bits', (upper, port, mask, bits) => {
  expect(portMask(ts(`10.0.0.1[${upper}]`))).toEqual({ port, mask, bits });
});
