import { expect, test } from 'vitest';
import { type AddressReach, reachOf } from '../../../daemon/proto/address-reach.ts';
import { parseIp } from '../../../daemon/proto/ip-address.ts';

const cases: readonly (readonly [address: string, reach: AddressReach])[] = [
  ['0.0.0.0', 'none'],
  ['0.1.2.3', 'none'],
  ['8.8.8.8', 'public'],
  ['10.255.255.255', 'private'],
  ['11.0.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.64.0.1', 'private'],
  ['100.127.255.255', 'private'],
  // What tells machines in clouds about themselves: Alibaba, Azure, Amazon and Google over IPv6.
  ['100.100.100.200', 'local'],
  ['100.100.100.201', 'private'],
  ['168.63.129.16', 'local'],
  ['168.63.129.17', 'public'],
  ['fd00:ec2::254', 'local'],
  ['fd00:ec2::255', 'private'],
  ['fd20:ce::254', 'local'],
  ['100.128.0.0', 'public'],
  ['127.0.0.1', 'local'],
  ['127.255.255.255', 'local'],
  ['169.254.169.254', 'local'],
  ['172.15.255.255', 'public'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.168.1.1', 'private'],
  ['192.169.0.0', 'public'],
  ['198.19.0.1', 'private'],
  ['224.0.0.1', 'none'],
  ['255.255.255.255', 'none'],
  ['::', 'none'],
  ['::1', 'local'],
  ['::127.0.0.1', 'none'],
  ['2001:db8::1', 'public'],
  ['fe80::1', 'local'],
  ['febf::1', 'local'],
  ['fec0::1', 'private'],
  ['fc00::1', 'private'],
  ['fdff::1', 'private'],
  ['fe00::1', 'public'],
  ['ff02::1', 'none'],
  ['::ffff:127.0.0.1', 'local'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::127.0.0.1', 'local'],
  ['64:ff9b::10.1.2.3', 'private'],
  ['2002:7f00:1::', 'local'],
  ['2002:808:808::1', 'public'],
];

test.each(cases)('%s reaches: %s', (text, reach) => {
  const address = parseIp(text);
  expect(address && reachOf(address)).toBe(reach);
});
