import type { IkeSpi } from '../proto/ike-spi.ts';
import { putUint64 } from '../util/uint64.ts';

/** SPIi | SPIr as 16 octets in network order, the form in which keys and hashes take them in. */
export function spiPairOctets(spiI: IkeSpi, spiR: IkeSpi): Uint8Array {
  const octets = new Uint8Array(16);
  putUint64(octets, 0, spiI);
  putUint64(octets, 8, spiR);
  return octets;
}
