import { expect, test } from 'vitest';
import { InterfaceFilter } from '../../../daemon/network/interface-filter.ts';
import { LocalAddresses } from '../../../daemon/network/local-addresses.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { ip } from '../../support/selectors.ts';

const outside = ip('192.0.2.1');
const other = ip('192.0.2.2');

test('addresses of interfaces that are down are told from those that peers can reach', async () => {
  const kernel = new FakeKernel(new SeededRandom(1), [outside, other]);
  const filter = new InterfaceFilter(kernel, () => ({ interfaces_use: [], interfaces_ignore: [] }));
  const addresses = new LocalAddresses(kernel, filter, () => false);
  const state = async () => {
    await addresses.refresh();
    return {
      all: addresses.all.map(({ address }) => address),
      idle: [outside, other, ip('203.0.113.9')].filter((address) => addresses.isIdle(address)),
    };
  };
  expect(await state()).toEqual({ all: [outside, other], idle: [] });
  kernel.linkDown(outside);
  expect(await state()).toEqual({ all: [other], idle: [outside] });
  // It is on an interface that is up as well.
  kernel.idleAddresses = () => Promise.resolve([outside, other]);
  expect(await state()).toEqual({ all: [other], idle: [outside] });
});
