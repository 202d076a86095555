import type { Crypto } from '../contracts/crypto.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { ipBytes } from '../proto/ip-address.ts';
import { putUint64 } from '../util/uint64.ts';

/** Data of NAT_DETECTION_SOURCE_IP and _DESTINATION_IP: SHA-1 of SPIs, address and port, RFC 7296 section 2.23. */
export function natDetectionHash(
  crypto: Crypto,
  spiI: IkeSpi,
  spiR: IkeSpi,
  endpoint: Endpoint,
): Uint8Array {
  const address = ipBytes(endpoint.address);
  const octets = new Uint8Array(16 + address.length + 2);
  putUint64(octets, 0, spiI);
  putUint64(octets, 8, spiR);
  octets.set(address, 16);
  octets[16 + address.length] = endpoint.port >>> 8;
  octets[17 + address.length] = endpoint.port;
  return crypto.hash('sha1', octets);
}
