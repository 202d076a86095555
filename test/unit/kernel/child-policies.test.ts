import { expect, test } from 'vitest';
import { childPolicies } from '../../../daemon/kernel/child-policies.ts';
import { inboundSa, inboundSas, outboundSa, outboundSas } from '../../../daemon/kernel/sa-pair.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
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
  const hosts = { source: ts('192.0.2.2'), destination: ts('192.0.2.1') };
  expect(inboundSa(spec).selector).toEqual(hosts);
  expect(outboundSa(spec).selector).toEqual({
    source: hosts.destination,
    destination: hosts.source,
  });
  expect(inboundSa({ ...spec, portsInSelector: true }).selector).toEqual({
    source: spec.remoteTs[0],
    destination: spec.localTs[0],
  });
  expect(inboundSa(childSaSpec()).selector).toBeUndefined();
});

test('several selectors of one host on an SA of transport mode leave protocols and ports to the policies', () => {
  const spec = childSaSpec({
    mode: 'transport',
    localTs: [ts('192.0.2.1')],
    remoteTs: [ts('192.0.2.2', 6, 1), ts('192.0.2.2', 6, 2)],
    portsInSelector: true,
  });
  expect(outboundSa(spec).selector?.destination).toEqual(ts('192.0.2.2'));
  const several = { ...spec, remoteTs: [ts('192.0.2.2'), ts('192.0.2.3')] };
  expect(inboundSa(several).selector).toBeUndefined();
});

test('SAs of BEET mode carry the inner addresses, which the packets do not', () => {
  const spec = childSaSpec({
    mode: 'beet',
    localTs: [ts('10.1.0.1', 6)],
    remoteTs: [ts('10.2.0.1', 6, 80)],
  });
  const selector = { source: ts('10.1.0.1'), destination: ts('10.2.0.1') };
  expect(outboundSa(spec)).toMatchObject({ mode: 'beet', selector });
  expect(childPolicies(spec).inbound.map(({ direction }) => direction)).toEqual(['in', 'fwd']);
});

test('with IPComp a packet passes two SAs, of which the compressing one makes the tunnel', () => {
  const ipcomp = { cpiIn: 0x1001 as ChildSpi, cpiOut: 0x2002 as ChildSpi };
  const spec = childSaSpec({ ipcomp, markOut: mark(2), ifIdIn: 3 });
  const [esp, comp] = outboundSas(spec);
  expect(esp).toMatchObject({ protocol: 50, mode: 'transport', spi: 0xc0000002, mark: mark(2) });
  expect(comp).toMatchObject({ protocol: 108, mode: 'tunnel', spi: 0x2002, mark: mark(2) });
  expect(comp).toMatchObject({ lifetime: { hardSeconds: 0 }, copyDf: false });
  expect(comp).not.toHaveProperty('encryption');
  expect(inboundSas(spec)[1]).toMatchObject({ spi: 0x1001, direction: 'in', ifId: 3 });
  const { inbound, outbound } = childPolicies(spec);
  const ends = { source: '192.0.2.1', destination: '192.0.2.2' };
  const any = { source: '0.0.0.0', destination: '0.0.0.0' };
  expect(outbound[0]?.templates).toEqual([
    { ...ends, protocol: 108, mode: 'tunnel', spi: 0x2002, reqid: 1, optional: false },
    { ...any, protocol: 50, mode: 'transport', spi: 0xc0000002, reqid: 1, optional: false },
  ]);
  expect(inbound[0]?.templates).toMatchObject([
    { protocol: 108, mode: 'tunnel', spi: 0, optional: true },
    { protocol: 50, mode: 'transport', spi: 0, optional: false },
  ]);
  const transport = { ...spec, mode: 'transport' as const };
  expect(outboundSas(transport).map((sa) => sa.mode)).toEqual(['transport', 'transport']);
});

test('ICMP errors, packet offload and SAs per CPU are told to the policies too', () => {
  const { inbound, outbound } = childPolicies(
    childSaSpec({ icmp: true, hwOffload: 'packet', perCpu: { cpu: 3 } }),
  );
  expect(outbound[0]).toMatchObject({ icmp: true, perCpu: true, offloadTo: '192.0.2.1' });
  // Any SA of the reqid may send: each CPU finds its own.
  expect(outbound[0]?.templates[0]?.spi).toBe(0);
  expect(inbound[0]).toMatchObject({ offloadTo: '192.0.2.1' });
  expect(inbound[0]).not.toHaveProperty('perCpu');
  const spec = childSaSpec({ icmp: true, perCpu: { cpu: 3 } });
  expect(inboundSa(spec)).toMatchObject({ icmp: true, cpu: 3 });
  expect(outboundSa(spec)).not.toHaveProperty('icmp');
});

test('policies_fwd_out adds a weaker outbound fwd policy that demands nothing', () => {
  const { outbound } = childPolicies(childSaSpec({ policiesFwdOut: true }));
  expect(outbound.map((policy) => policy.direction)).toEqual(['fwd', 'out']);
  expect(outbound[0]?.source).toEqual(ts('10.1.0.0/16'));
  expect(outbound[0]).toMatchObject({ templates: [], priority: 383616 });
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
});

test('a configured priority replaces the computed one, an interface restricts', () => {
  const { inbound, outbound } = childPolicies(childSaSpec({ interface: 'eth1' }));
  expect(outbound[0]).toMatchObject({ priority: 383613, interfaceName: 'eth1' });
  expect(inbound[0]).toMatchObject({ priority: 383615 });
  expect(inbound[0]).not.toHaveProperty('interfaceName');
  const fixed = childPolicies(childSaSpec({ priority: 42, policiesFwdOut: true }));
  expect([...fixed.inbound, ...fixed.outbound].map(({ priority }) => priority)).toEqual([
    42, 42, 42, 42,
  ]);
});
