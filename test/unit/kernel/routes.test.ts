import { expect, test } from 'vitest';
import type { KernelNet } from '../../../daemon/contracts/kernel.ts';
import { childRoutes } from '../../../daemon/kernel/routes.ts';
import { NullNet } from '../../../plugins/kernel-null/kernel-null.ts';
import { childSaSpec } from '../../support/child-sa-specs.ts';
import { ip, ts } from '../../support/selectors.ts';

/** A host with virtual IPs of both families, which reaches its peer through a router. */
class Roadwarrior extends NullNet implements KernelNet {
  override async route() {
    return { source: ip('192.0.2.1'), interfaceName: 'eth0', gateway: ip('192.0.2.254') };
  }

  override async xfrmInterface(ifId: number) {
    return ifId === 42 ? 'ipsec42' : undefined;
  }

  override async addresses() {
    return ['192.0.2.1', '10.3.0.1', 'fd03::1'].map((text) => ({
      address: ip(text),
      prefix: 24,
      interfaceName: 'eth0',
    }));
  }
}

test('inside of another family than outside: no next hop of the wrong one, the virtual IP as source', async () => {
  const spec = childSaSpec({
    localTs: [ts('10.3.0.1/32'), ts('fd03::1/128')],
    remoteTs: [ts('10.2.0.0/16'), ts('fd02::/64')],
  });
  expect(await childRoutes(spec, new Roadwarrior(), 220)).toEqual([
    {
      destination: '10.2.0.0',
      prefix: 16,
      table: 220,
      type: 'unicast',
      gateway: '192.0.2.254',
      interfaceName: 'eth0',
      source: '10.3.0.1',
    },
    {
      destination: 'fd02::',
      prefix: 64,
      table: 220,
      type: 'unicast',
      interfaceName: 'eth0',
      source: 'fd03::1',
    },
  ]);
});

test('with an interface id there is a route only if asked for, into the interface that has it', async () => {
  const through = (ifIdOut: number, asked: boolean) =>
    childRoutes(
      childSaSpec({ localTs: [ts('10.3.0.1/32')], remoteTs: [ts('10.2.0.0/16')], ifIdOut }),
      new Roadwarrior(),
      220,
      asked,
    );
  expect(await through(42, false)).toEqual([]);
  expect(await through(43, true)).toEqual([]);
  expect(await through(42, true)).toEqual([
    {
      destination: '10.2.0.0',
      prefix: 16,
      table: 220,
      type: 'unicast',
      interfaceName: 'ipsec42',
      source: '10.3.0.1',
    },
  ]);
});
