import { expect, test } from 'vitest';
import type { UrlOrigin } from '../../../../daemon/contracts/fetcher.ts';
import { type IpAddress, parseIp } from '../../../../daemon/proto/ip-address.ts';
import {
  type AddressPolicy,
  firstHop,
  redirected,
} from '../../../../daemon/runtime/fetch/address-rule.ts';

const addresses = {
  public: '192.0.2.1',
  private: '10.0.0.1',
  local: '127.0.0.1',
  none: '224.0.0.1',
};

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new TypeError(text);
  return address;
}

function allowed(rule: { allows: (address: IpAddress) => boolean }): string {
  return Object.entries(addresses)
    .filter(([, address]) => rule.allows(ip(address)))
    .map(([name]) => name)
    .join(' ');
}

const first: readonly (readonly [UrlOrigin, AddressPolicy, string])[] = [
  ['configured', 'public', 'public private local'],
  ['certificate', 'public', 'public'],
  ['certificate', 'private', 'public private'],
  ['certificate', 'any', 'public private local'],
  ['peer', 'private', 'public private'],
];

test.each(first)('URLs of origin %s with policy %s lead to: %s', (origin, policy, expected) => {
  expect(allowed(firstHop(origin, policy))).toBe(expected);
});

const hops: readonly (readonly [string, UrlOrigin, AddressPolicy, string])[] = [
  ['public', 'certificate', 'private', 'public'],
  ['public', 'configured', 'any', 'public'],
  ['private', 'certificate', 'private', 'public private'],
  ['private', 'configured', 'private', 'public private'],
  ['private', 'certificate', 'any', 'public private'],
  ['local', 'configured', 'private', 'public private local'],
  ['none', 'configured', 'any', 'public'],
];

test.each(hops)(
  'a redirect from a %s server, origin %s, policy %s, leads to: %s',
  (from, origin, policy, expected) => {
    const address = ip(addresses[from as keyof typeof addresses]);
    expect(allowed(redirected(address, origin, policy))).toBe(expected);
  },
);
