import { familyOf } from '../proto/ip-address.ts';
import { IKE_HEADER_OCTETS } from '../wire/header.ts';
import type { IkeSa } from './ike-sa.ts';

const UDP_HEADER_OCTETS = 8;
const MIN_FRAGMENT_OCTETS = IKE_HEADER_OCTETS + 128;

/** Room in octets for an IKE message within `fragment_size`, which counts the whole IP datagram (RFC 7383 section 2.5.1). */
export function maxIkeOctets(sa: IkeSa): number {
  const options = sa.env.options();
  const v4 = familyOf(sa.remote.address) === 4;
  const configured = v4
    ? (options.fragment_size_v4 ?? options.fragment_size)
    : (options.fragment_size_v6 ?? options.fragment_size);
  const datagram = configured > 0 ? configured : v4 ? 576 : 1280;
  const marker = sa.local.port === sa.env.ikePort ? 0 : 4;
  return Math.max(datagram - (v4 ? 20 : 40) - UDP_HEADER_OCTETS - marker, MIN_FRAGMENT_OCTETS);
}
