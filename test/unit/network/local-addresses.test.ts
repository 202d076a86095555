import { expect, test } from 'vitest';
import { InterfaceFilter } from '../../../daemon/network/interface-filter.ts';
import { LocalAddresses } from '../../../daemon/network/local-addresses.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { ip } from '../../support/selectors.ts';

const outside = ip('192.0.2.1');
const linkLocal = ip('fe80::1');

async function addressesOf(kernel: FakeKernel, ignored: readonly string[] = []) {
  const settings = { interfaces_use: [], interfaces_ignore: ignored };
  const filter = new InterfaceFilter(kernel, () => settings);
  const addresses = new LocalAddresses(kernel, filter, () => false);
  await filter.refresh();
  await addresses.refresh();
  return addresses;
}

test('an address that no peer is told is here all the same', async () => {
  const kernel = new FakeKernel(new SeededRandom(1), [outside, linkLocal]);
  const all = await addressesOf(kernel);
  expect(all.all.map(({ address }) => address)).toEqual([outside]);
  expect([outside, linkLocal].map((address) => all.has(address))).toEqual([true, true]);
  const ignored = await addressesOf(kernel, ['eth0']);
  expect(ignored.all).toEqual([]);
  expect(ignored.has(outside)).toBe(true);
});

test('loopback addresses are always here, strangers and those of an interface that is down are not', async () => {
  const kernel = new FakeKernel(new SeededRandom(1), [outside]);
  const addresses = await addressesOf(kernel);
  for (const text of ['127.0.0.1', '127.9.0.1', '::1'])
    expect(addresses.has(ip(text)), text).toBe(true);
  expect(addresses.has(ip('203.0.113.9'))).toBe(false);
  kernel.linkDown(outside);
  await addresses.refresh();
  expect(addresses.has(outside)).toBe(false);
});
