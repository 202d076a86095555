import { nonZero, reserved, rest, struct, u16 } from '../codec.ts';

/** Key Exchange payload body, RFC 7296 section 3.4. Method 0 (NONE) has no public value to carry. */
export const keBody = struct(
  ['method', nonZero(u16, 'key exchange method')],
  ['_reserved', reserved(2)],
  ['data', rest(1)],
);
