import { describe, expect, test } from 'vitest';
import { InterfaceFilter } from '../../../daemon/network/interface-filter.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { ip } from '../../support/selectors.ts';

const [outside, inside, stranger] = [ip('192.0.2.1'), ip('10.1.0.1'), ip('203.0.113.9')];

async function filter(used: readonly string[], ignored: readonly string[]) {
  const kernel = new FakeKernel(new SeededRandom(1), [outside, inside]);
  const names = new Map((await kernel.addresses()).map((one) => [one.address, one.interfaceName]));
  const name = (text: string) => (text === 'outside' ? names.get(outside) : text) ?? text;
  const settings = { interfaces_use: used.map(name), interfaces_ignore: ignored.map(name) };
  const built = new InterfaceFilter(kernel, () => settings);
  await built.refresh();
  return { built, same: names.get(outside) === names.get(inside) };
}

describe('interfaces_use and interfaces_ignore', () => {
  test('without them every address is served', async () => {
    const { built } = await filter([], []);
    expect([outside, inside, stranger].map((address) => built.allows(address))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('a used interface is served, others and unknown addresses are not', async () => {
    const { built, same } = await filter(['outside'], []);
    expect(built.allows(outside)).toBe(true);
    expect(built.allows(inside)).toBe(same);
    expect(built.allows(stranger)).toBe(false);
    expect((await filter(['none0'], [])).built.allows(outside)).toBe(false);
  });

  test('an ignored interface is not served, all others are', async () => {
    const { built } = await filter([], ['outside']);
    expect(built.allows(outside)).toBe(false);
    expect(built.allows(stranger)).toBe(true);
  });

  test('interfaces_use goes before interfaces_ignore', async () => {
    expect((await filter(['outside'], ['outside'])).built.allows(outside)).toBe(true);
  });
});
