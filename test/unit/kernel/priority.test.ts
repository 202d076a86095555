import { expect, test } from 'vitest';
import { policyPriority } from '../../../daemon/kernel/priority.ts';
import { selectorShape } from '../../../daemon/kernel/selector-shape.ts';
import { ts } from '../../support/selectors.ts';

test.each([
  ['trap', ts('10.9.0.1', 6), ts('10.2.3.4', 6, 80), 366912],
  ['pass', ts('192.0.2.0/24'), ts('192.0.2.0/24'), 175423],
  ['drop', ts('192.0.2.0/24', 17), ts('198.51.100.0/28', 17, 5000, 6000), 573099],
  ['sa', ts('10.1.0.0/16'), ts('10.2.0.0/16'), 383615],
  ['sa', ts('0.0.0.0/0'), ts('0.0.0.0/0'), 399999],
] as const)(
  '%s policy has the priority that charon gives it',
  (kind, source, destination, expected) => {
    expect(policyPriority(kind, source, destination, false)).toBe(expected);
  },
);

test('an interface makes a policy stronger by 2, a trap is weaker than its SA by 1', () => {
  const [a, b] = [ts('10.1.0.0/16'), ts('10.2.0.0/16')];
  expect(policyPriority('sa', a, b, true)).toBe(policyPriority('sa', a, b, false) - 2);
  expect(policyPriority('trap', a, b, false)).toBe(policyPriority('sa', a, b, false) + 1);
});

test.each([
  [5000, 6000, 4096, 6143, 5],
  [80, 80, 80, 80, 16],
  [0, 65535, 0, 65535, 0],
  [1, 65535, 0, 65535, 0],
  [0, 0, 0, 0, 16],
  [32768, 65535, 32768, 65535, 1],
  [65535, 0, 0, 65535, 0],
])('ports %i-%i become the block %i-%i of %i bits', (start, end, from, to, bits) => {
  const shape = selectorShape({ ...ts('10.0.0.0/8', 6), startPort: start, endPort: end });
  expect(shape.portBits).toBe(bits);
  expect([shape.selector.startPort, shape.selector.endPort]).toEqual([from, to]);
});

test.each([
  ['10.1.0.0/16', '10.1.0.0', 16],
  ['10.0.0.1-10.0.0.2', '10.0.0.0', 30],
  ['10.0.0.4', '10.0.0.4', 32],
  ['0.0.0.0/0', '0.0.0.0', 0],
  ['127.255.255.255-128.0.0.0', '0.0.0.0', 0],
  ['2001:db8::/33', '2001:db8::', 33],
  ['2001:db8::1-2001:db8::2', '2001:db8::', 126],
])('%s lies in %s/%i', (text, network, prefix) => {
  const shape = selectorShape(ts(text));
  expect([shape.network, shape.prefix]).toEqual([network, prefix]);
  expect(shape.selector).toEqual(ts(`${network}/${prefix}`));
});
