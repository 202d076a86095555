import { expect, test } from 'vitest';
import { childPolicies } from '../../../daemon/kernel/child-policies.ts';
import { inboundSa, outboundSa } from '../../../daemon/kernel/sa-pair.ts';
import { childSaSpec } from '../../support/child-sa-specs.ts';
import { ts } from '../../support/selectors.ts';

const mark = (value: number) => ({ value, mask: 0xffffffff });

test('a tunnel has policies in, fwd and out with templates by reqid', () => {
  const { inbound, outbound } = childPolicies(childSaSpec());
  expect(inbound.map((policy) => policy.direction)).toEqual(['in', 'fwd']);
  expect(outbound.map((policy) => policy.direction)).toEqual(['out']);
  for (const policy of inbound) {
    expect(policy.source).toEqual(ts('10.2.0.0/16'));
    expect(policy.destination).toEqual(ts('10.1.0.0/16'));
    expect(policy.templates).toEqual([
      {
        source: '192.0.2.2',
        destination: '192.0.2.1',
        spi: 0,
        protocol: 50,
        mode: 'tunnel',
        reqid: 1,
        optional: false,
      },
    ]);
  }
  expect(outbound[0]?.templates[0]).toMatchObject({ source: '192.0.2.1', spi: 0xc0000002 });
  expect(outbound[0]?.priority).toBe(383615);
});

test('transport mode forwards nothing and its SAs carry the selector', () => {
  const spec = childSaSpec({
    mode: 'transport',
    localTs: [ts('192.0.2.1', 17)],
    remoteTs: [ts('192.0.2.2', 17, 1701)],
  });
  const { inbound, outbound } = childPolicies({ ...spec, policiesFwdOut: true });
  expect(inbound.map((policy) => policy.direction)).toEqual(['in']);
  expect(outbound.map((policy) => policy.direction)).toEqual(['out']);
  expect(inboundSa(spec).selector).toEqual({
    source: spec.remoteTs[0],
    destination: spec.localTs[0],
  });
  expect(outboundSa(spec).selector).toEqual({
    source: spec.localTs[0],
    destination: spec.remoteTs[0],
  });
  expect(inboundSa(childSaSpec()).selector).toBeUndefined();
});

test('several selectors on an SA of transport mode leave it to the policies', () => {
  const spec = childSaSpec({
    mode: 'transport',
    remoteTs: [ts('192.0.2.2', 6, 1), ts('192.0.2.2', 6, 2)],
  });
  expect(inboundSa(spec).selector).toBeUndefined();
});

test('policies_fwd_out adds an optional outbound fwd policy', () => {
  const { outbound } = childPolicies(childSaSpec({ policiesFwdOut: true }));
  expect(outbound.map((policy) => policy.direction)).toEqual(['fwd', 'out']);
  expect(outbound[0]?.source).toEqual(ts('10.1.0.0/16'));
  expect(outbound[0]?.templates[0]).toMatchObject({ optional: true, spi: 0 });
});

test('policies=no installs none', () => {
  expect(childPolicies(childSaSpec({ policies: false }))).toEqual({ inbound: [], outbound: [] });
});

test('every pair of one family and of compatible protocols gets its policies', () => {
  const { outbound } = childPolicies(
    childSaSpec({
      localTs: [ts('10.1.0.0/16'), ts('2001:db8:1::/48'), ts('10.3.0.0/16', 17)],
      remoteTs: [ts('10.2.0.0/16', 6, 80), ts('2001:db8:2::/48')],
    }),
  );
  expect(outbound.map(({ source, destination }) => [source, destination])).toEqual([
    [ts('10.1.0.0/16', 6), ts('10.2.0.0/16', 6, 80)],
    [ts('2001:db8:1::/48'), ts('2001:db8:2::/48')],
  ]);
});

test('ranges that widen to one subnet give one policy', () => {
  const { outbound } = childPolicies(
    childSaSpec({ remoteTs: [ts('10.2.0.0-10.2.0.5'), ts('10.2.0.1-10.2.0.7')] }),
  );
  expect(outbound).toHaveLength(1);
});

test('marks and interface ids go where they belong', () => {
  const spec = childSaSpec({
    markIn: mark(1),
    markOut: mark(2),
    ifIdIn: 3,
    ifIdOut: 4,
    setMarkIn: mark(5),
    setMarkOut: mark(6),
  });
  const { inbound, outbound } = childPolicies(spec);
  expect(inbound[0]).toMatchObject({ mark: mark(1), ifId: 3 });
  expect(outbound[0]).toMatchObject({ mark: mark(2), ifId: 4 });
  expect(inboundSa(spec)).toMatchObject({ ifId: 3, setMark: mark(5) });
  expect(inboundSa(spec).mark).toBeUndefined();
  expect(inboundSa({ ...spec, markInSa: true }).mark).toEqual(mark(1));
  expect(outboundSa(spec)).toMatchObject({ mark: mark(2), ifId: 4, setMark: mark(6) });
});

test('SAs carry keys, ports and windows of their own direction', () => {
  const spec = childSaSpec({ encap: { localPort: 4500, remotePort: 61000 }, tfcPadding: 1400 });
  const [inbound, outbound] = [inboundSa(spec), outboundSa(spec)];
  expect(inbound).toMatchObject({ source: '192.0.2.2', spi: 0xc0000001, replayWindow: 32 });
  expect(inbound.encap).toEqual({ sourcePort: 61000, destinationPort: 4500 });
  expect(inbound.encryption?.key[0]).toBe(1);
  expect(inbound.tfcPadding).toBeUndefined();
  expect(outbound).toMatchObject({
    source: '192.0.2.1',
    spi: 0xc0000002,
    replayWindow: 0,
    tfcPadding: 1400,
  });
  expect(outbound.encap).toEqual({ sourcePort: 4500, destinationPort: 61000 });
  expect(outbound.encryption?.key[0]).toBe(2);
  expect(outboundSa({ ...spec, esn: true }).replayWindow).toBe(32);
  expect(outboundSa({ ...spec, esn: true, replayWindow: 0 }).replayWindow).toBe(1);
});

test('a configured priority replaces the computed one, an interface restricts', () => {
  const { outbound } = childPolicies(childSaSpec({ priority: 42, interface: 'eth1' }));
  expect(outbound[0]).toMatchObject({ priority: 42, interfaceName: 'eth1' });
});
