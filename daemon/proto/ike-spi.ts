import type { Brand } from '../util/brand.ts';
import { putUint64, uint64At } from '../util/uint64.ts';

/** IKE SPI, 8 octets in network order, RFC 7296 section 3.1. Zero means "not known yet". */
export type IkeSpi = Brand<bigint, 'IkeSpi'>;

export const NO_SPI = 0n as IkeSpi;

/** Eight octets in network order, as carried by the SA payload of a rekeying. */
export function ikeSpiBytes(spi: IkeSpi): Uint8Array {
  const octets = new Uint8Array(8);
  putUint64(octets, 0, spi);
  return octets;
}

/** The SPI of eight octets, or `undefined` for any other length. */
export function ikeSpiFrom(octets: Uint8Array): IkeSpi | undefined {
  return octets.length === 8 ? (uint64At(octets, 0) as IkeSpi) : undefined;
}

/** Sixteen lower-case hexadecimal digits. */
export function printIkeSpi(spi: IkeSpi): string {
  return spi.toString(16).padStart(16, '0');
}
