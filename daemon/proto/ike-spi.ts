import type { Brand } from '../util/brand.ts';

/** IKE SPI, 8 octets in network order, RFC 7296 section 3.1. Zero means "not known yet". */
export type IkeSpi = Brand<bigint, 'IkeSpi'>;

export const NO_SPI = 0n as IkeSpi;

/** Sixteen lower-case hexadecimal digits. */
export function printIkeSpi(spi: IkeSpi): string {
  return spi.toString(16).padStart(16, '0');
}
