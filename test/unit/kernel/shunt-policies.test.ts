import { expect, test } from 'vitest';
import { shuntPolicies } from '../../../daemon/kernel/shunt-policies.ts';
import { ts } from '../../support/selectors.ts';

test.each([
  ['pass', [undefined, undefined]],
  ['drop', ['eth1', 'eth1']],
] as const)(
  'mode = %s with an interface: the outbound policy is bound to it, inbound ones of pass are not',
  (kind, expected) => {
    const { inbound, outbound } = shuntPolicies({
      kind,
      localTs: [ts('10.1.0.0/24')],
      remoteTs: [ts('10.2.0.0/24')],
      ifIdIn: 0,
      ifIdOut: 0,
      priority: 0,
      interface: 'eth1',
    });
    expect(outbound.map(({ interfaceName }) => interfaceName)).toEqual(['eth1']);
    expect(inbound.map(({ direction }) => direction)).toEqual(['in', 'fwd']);
    expect(inbound.map(({ interfaceName }) => interfaceName)).toEqual(expected);
  },
);
