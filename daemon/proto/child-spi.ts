import type { Brand } from '../util/brand.ts';

/** ESP or AH SPI, 32 bits unsigned. Values below 256 are reserved (RFC 4303 section 2.1). */
export type ChildSpi = Brand<number, 'ChildSpi'>;

/** Four octets in network order, as carried by SA, DELETE and REKEY_SA. */
export function childSpiBytes(spi: ChildSpi): Uint8Array {
  return Uint8Array.of(spi >>> 24, (spi >>> 16) & 0xff, (spi >>> 8) & 0xff, spi & 0xff);
}

/** The SPI of four octets, or `undefined` for any other length. */
export function childSpiFrom(bytes: Uint8Array): ChildSpi | undefined {
  if (bytes.length !== 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) as ChildSpi;
}
