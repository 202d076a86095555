import { expect, test } from 'vitest';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import { VirtualIps } from '../../../daemon/kernel/virtual-ips.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { ip } from '../../support/selectors.ts';

const [local, remote, vip] = [ip('192.0.2.1'), ip('192.0.2.2'), ip('10.3.0.1')];

function host() {
  const net = new FakeKernel(new SeededRandom(1), [local, ip('10.1.0.1')]);
  const journal = new MemoryJournal();
  const logger = new MemoryLog();
  const settings = { install: true, interfaceName: '' };
  const build = () => new VirtualIps({ net, journal, logger, settings: () => settings });
  return { net, journal, logger, settings, build, ips: build() };
}

test('an address is there as long as anybody uses it, and in the journal', async () => {
  const { net, journal, ips } = host();
  const [first, second] = [
    await ips.acquire(vip, local, remote),
    await ips.acquire(vip, local, remote),
  ];
  expect([first.interfaceName, second.interfaceName]).toEqual(['eth0', 'eth0']);
  expect(net.calls).toEqual(['addAddress 10.3.0.1 eth0']);
  expect(journal.recorded()).toEqual(['address 10.3.0.1 eth0']);
  expect(ips.has(vip)).toBe(true);
  await first.release();
  expect(net.virtualIps.size).toBe(1);
  await second.release();
  expect(net.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
  expect(ips.has(vip)).toBe(false);
});

test('the second user gets it where it is, whatever the options say by then', async () => {
  const { net, settings, ips } = host();
  await ips.acquire(vip, local, remote);
  settings.interfaceName = 'dummy0';
  const again = await ips.acquire(vip, local, remote);
  expect(again.interfaceName).toBe('eth0');
  const other = await ips.acquire(ip('10.3.0.2'), local, remote);
  expect(other.interfaceName).toBe('dummy0');
  await ips.close();
  expect(net.empty).toBe(true);
});

test('an address that the host has anyway is used and never removed', async () => {
  const { net, journal, ips } = host();
  const own = await ips.acquire(ip('10.1.0.1'), local, remote);
  await own.release();
  expect(net.calls).toEqual([]);
  expect(journal.recorded()).toEqual([]);
  expect(ips.has(ip('10.1.0.1'))).toBe(false);
});

test('refused: nothing is left; with install_virtual_ip = no nothing is done', async () => {
  const { net, journal, settings, ips } = host();
  net.refuse((operation) => (operation === 'addAddress' ? 'EPERM' : undefined));
  await expect(ips.acquire(vip, local, remote)).rejects.toMatchObject({ errnoName: 'EPERM' });
  expect(journal.recorded()).toEqual([]);
  settings.install = false;
  net.refuse(() => undefined);
  await (await ips.acquire(vip, local, remote)).release();
  expect(net.calls).toEqual([]);
});

test('one that cannot be removed stays in the journal for the successor', async () => {
  const { net, journal, logger, ips, build } = host();
  const used = await ips.acquire(vip, local, remote);
  net.refuse((operation) => (operation === 'deleteAddress' ? 'EPERM' : undefined));
  await used.release();
  expect(logger.lines[0]).toContain('changing virtual IPs failed');
  expect(journal.recorded()).toEqual(['address 10.3.0.1 eth0']);
  net.refuse(() => undefined);
  const successor = build();
  successor.start();
  await successor.settle();
  expect(successor.has(vip)).toBe(true);
  await successor.dropLeftovers();
  expect(successor.has(vip)).toBe(false);
  expect(net.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});

test('a successor keeps what goes on, brings back what is gone meanwhile, and removes the rest', async () => {
  const { net, journal, logger, settings, ips } = host();
  const all = [vip, ip('10.3.0.2'), ip('10.3.0.3')];
  for (const address of all) await ips.acquire(address, local, remote);
  await net.deleteAddress(ip('10.3.0.2'), 'eth0');
  const successor = new VirtualIps({ net, journal, logger, settings: () => settings });
  successor.start();
  const [first, second] = [successor.keep(vip), successor.keep(ip('10.3.0.2'))];
  const twice = successor.keep(vip);
  await successor.settle();
  await successor.dropLeftovers();
  expect([...net.virtualIps.keys()]).toEqual([vip, '10.3.0.2']);
  expect(journal.recorded()).toEqual(['address 10.3.0.1 eth0', 'address 10.3.0.2 eth0']);
  expect(successor.has(ip('10.3.0.3'))).toBe(false);
  await first.release();
  expect(net.virtualIps.has(vip)).toBe(true);
  await twice.release();
  await second.release();
  expect(net.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
  // One that was never put there is nothing to keep.
  await successor.keep(ip('10.3.0.9')).release();
});

test('one that went with its interface comes back, the others are left alone', async () => {
  const { net, logger, ips } = host();
  const other = ip('10.3.0.2');
  const first = await ips.acquire(vip, local, remote);
  await ips.acquire(other, local, remote);
  net.calls.length = 0;
  await ips.restore();
  expect(net.calls).toEqual([]);
  net.virtualIps.delete(vip);
  net.refuse((operation) => (operation === 'addAddress' ? 'EPERM' : undefined));
  await ips.restore();
  expect(logger.lines.at(-1)).toContain('changing virtual IPs failed');
  net.refuse(() => undefined);
  await ips.restore();
  expect([...net.virtualIps.keys()].sort()).toEqual([vip, other]);
  net.virtualIps.delete(vip);
  net.refuse((operation) => (operation === 'deleteAddress' ? 'EADDRNOTAVAIL' : undefined));
  await first.release();
  net.refuse(() => undefined);
  await ips.close();
  expect(net.empty).toBe(true);
});

test('records that are damaged are no addresses', async () => {
  const { net, journal, ips } = host();
  for (const record of ['address', 'address 10.3.0.1', 'address nonsense eth0', 'address 1 2 3']) {
    journal.add(record);
  }
  ips.start();
  await ips.settle();
  await ips.dropLeftovers();
  expect(net.calls).toEqual([]);
});

test('an address of a killed predecessor that is assigned again stays, one that is gone is forgotten', async () => {
  const { net, journal, ips, build } = host();
  await ips.acquire(vip, local, remote);
  journal.add('address 10.3.0.9 eth0');
  const successor = build();
  successor.start();
  await successor.settle();
  expect(net.virtualIps.has(vip)).toBe(true);
  const used = await successor.acquire(vip, local, remote);
  await successor.dropLeftovers();
  expect([...net.virtualIps.keys()]).toEqual([vip]);
  await used.release();
  expect(net.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});
