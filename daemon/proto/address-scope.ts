import { familyOf, type IpAddress, isUnspecified } from './ip-address.ts';

/**
 * Whether a host can be reached under an address from elsewhere: not unspecified, loopback, link-local, multicast or
 * broadcast. Private addresses count, since the elsewhere may be the same site.
 */
export function isRoutable(address: IpAddress): boolean {
  if (isUnspecified(address)) return false;
  if (familyOf(address) === 6) {
    // Addresses that stand for IPv4 ones belong on no wire.
    return address !== '::1' && !LOCAL_V6.test(address) && !address.startsWith('::ffff:');
  }
  const first = Number.parseInt(address, 10);
  return first !== 0 && first !== 127 && first < 224 && !address.startsWith('169.254.');
}

/** fe80::/10, fec0::/10 and ff00::/8. */
const LOCAL_V6 = /^f(?:e[89a-f][0-9a-f]|f[0-9a-f]{2}):/;
