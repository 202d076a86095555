import { InternalError } from '../../daemon/util/error.ts';
import { fromHex, toHex } from '../../daemon/util/hex.ts';
import { LibcryptoMethod, LibcryptoStatus } from '../../native/libcrypto.ts';
import type { Calls } from './calls.ts';

// The first vector of RFC 7748 section 5.2.
const SCALAR = 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4';
const POINT = 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c';
const ANSWER = 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552';

/**
 * Throws {@link InternalError} if the library does not know X25519. The registry tests a key exchange when it is first used, which is too late
 * to take another provider, and everything else before.
 */
export function checkKeyExchange({ addon, octets }: Calls): void {
  const { number, privateOctets, publicOctets, secretOctets } = LibcryptoMethod.X25519;
  octets.set(fromHex(SCALAR) ?? []);
  const published = addon.publish(number);
  octets.set(fromHex(POINT) ?? [], privateOctets + publicOctets);
  const derived = addon.derive(number);
  const right =
    published === LibcryptoStatus.DONE &&
    derived === LibcryptoStatus.DONE &&
    toHex(octets.subarray(0, secretOctets)) === ANSWER;
  if (!right) throw new InternalError('self test of X25519 of crypto-libcrypto failed');
}
