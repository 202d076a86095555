import { nonZero, rest, struct, u8 } from '../codec.ts';

/** Certificate Request payload body, RFC 7296 section 3.7; the authorities may be empty. */
export const certreqBody = struct(
  ['encoding', nonZero(u8, 'certificate encoding')],
  ['authorities', rest()],
);
