import type { Crypto } from '../contracts/crypto.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { ipBytes } from '../proto/ip-address.ts';
import { spiPairOctets } from './spi-octets.ts';

/** Data of NAT_DETECTION_SOURCE_IP and _DESTINATION_IP: SHA-1 of SPIs, address and port, RFC 7296 section 2.23. */
export function natDetectionHash(
  crypto: Crypto,
  spiI: IkeSpi,
  spiR: IkeSpi,
  endpoint: Endpoint,
): Uint8Array {
  const port = Uint8Array.of(endpoint.port >>> 8, endpoint.port & 0xff);
  return crypto.hash('sha1', spiPairOctets(spiI, spiR), ipBytes(endpoint.address), port);
}
