import { nonZero, reserved, rest, struct, u8 } from '../codec.ts';

/** Authentication payload body, RFC 7296 section 3.8. */
export const authBody = struct(
  ['method', nonZero(u8, 'authentication method')],
  ['_reserved', reserved(3)],
  ['data', rest(1)],
);
