import { nonZero, rest, struct, u8 } from '../codec.ts';

/** Certificate payload body, RFC 7296 section 3.6. */
export const certBody = struct(
  ['encoding', nonZero(u8, 'certificate encoding')],
  ['data', rest(1)],
);
