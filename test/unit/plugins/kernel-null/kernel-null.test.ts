import { describe, expect, test } from 'vitest';
import { NullIpsec, NullNet } from '../../../../plugins/kernel-null/kernel-null.ts';
import { kernelCompliance } from '../../../support/compliance/kernel.ts';
import { ip } from '../../../support/selectors.ts';

describe('kernel-null keeps the contract KernelIpsec', () => {
  kernelCompliance({ create: async () => new NullIpsec(), keeps: false });
});

test('calls are counted', () => {
  const kernel = new NullIpsec();
  const address = ip('192.0.2.1');
  kernel.allocateSpi(address, address, 50, 1, 256, 512);
  kernel.addSa();
  kernel.addSa();
  kernel.deleteSa();
  kernel.addPolicy();
  expect(kernel.counts).toEqual({
    spis: 1,
    sasAdded: 2,
    sasDeleted: 1,
    policiesAdded: 1,
    policiesDeleted: 0,
  });
});

test('rejects_an_empty_range_of_spis', () => {
  const address = ip('192.0.2.1');
  expect(() => new NullIpsec().allocateSpi(address, address, 50, 1, 9, 8)).toThrow(
    expect.objectContaining({ code: 'KERNEL' }),
  );
});

test('every address is reached from loopback, or from the source asked for', async () => {
  const net = new NullNet();
  expect(await net.route(ip('192.0.2.1'))).toEqual({ source: '127.0.0.1', interfaceName: 'lo' });
  expect(await net.route(ip('2001:db8::1'))).toMatchObject({ source: '::1' });
  expect(await net.route(ip('192.0.2.1'), ip('192.0.2.7'))).toMatchObject({ source: '192.0.2.7' });
  expect(await net.addresses()).toHaveLength(2);
});
