import { describe, expect, test } from 'vitest';
import { ipBytes } from '../../../../daemon/proto/ip-address.ts';
import { AddressFlag, type InterfaceAddress } from '../../../../native/index.ts';
import { bestRoute } from '../../../../plugins/kernel-netlink/route-choice.ts';
import { lastingOrNot } from '../../../../plugins/kernel-netlink/source-choice.ts';
import { ip } from '../../../support/selectors.ts';

const TEMPORARY = 1;

function address(text: string, flags: number, more: Partial<InterfaceAddress> = {}) {
  const octets = ipBytes(ip(text));
  return { address: octets, prefix: 64, ifindex: 2, scope: 0, flags, ...more };
}

describe('prefer_temporary_addrs', () => {
  const lasting = address('2001:db8::1', AddressFlag.PERMANENT);
  const temporary = address('2001:db8::abcd', TEMPORARY);

  test('chooses the temporary address of the same prefix, without it the lasting one', () => {
    const all = [lasting, temporary];
    for (const chosen of all) {
      expect(lastingOrNot(all, chosen.address, true)).toEqual(temporary.address);
      expect(lastingOrNot(all, chosen.address, false)).toEqual(lasting.address);
    }
  });

  test.each([
    ['is about to go', address('2001:db8::abcd', TEMPORARY | AddressFlag.DEPRECATED)],
    ['is not usable yet', address('2001:db8::abcd', TEMPORARY | AddressFlag.TENTATIVE)],
    ['belongs to another interface', address('2001:db8::abcd', TEMPORARY, { ifindex: 3 })],
    ['is of another network', address('2001:db8:1::abcd', TEMPORARY)],
    ['is of another family', address('192.0.2.1', TEMPORARY, { prefix: 64 })],
  ])('leaves an address alone that %s', (_, other) => {
    expect(lastingOrNot([lasting, other], lasting.address, true)).toEqual(lasting.address);
  });

  test('an address that nobody has stays what the kernel chose', () => {
    const chosen = ipBytes(ip('2001:db8::77'));
    expect(lastingOrNot([lasting], chosen, true)).toEqual(chosen);
  });
});

test('ignore_routing_tables: the best route of the tables that count', () => {
  const route = (table: number, prefix: number, gateway: string) => ({
    family: 4 as const,
    type: 1,
    dst: ipBytes(ip('198.51.100.0')),
    prefix,
    table,
    protocol: 4,
    scope: 0,
    gateway: ipBytes(ip(gateway)),
  });
  const routes = [route(254, 16, '192.0.2.1'), route(99, 24, '192.0.2.99')];
  const to = ipBytes(ip('198.51.100.7'));
  expect(bestRoute(routes, to, new Set())?.table).toBe(99);
  expect(bestRoute(routes, to, new Set([99]))?.table).toBe(254);
});
