import type { IkeSpi } from '../proto/ike-spi.ts';

/** SPIi | SPIr as 16 octets in network order, the form in which keys and hashes take them in. */
export function spiPairOctets(spiI: IkeSpi, spiR: IkeSpi): Uint8Array {
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  view.setBigUint64(0, spiI);
  view.setBigUint64(8, spiR);
  return octets;
}
