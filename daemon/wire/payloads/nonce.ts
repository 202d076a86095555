import { rest, struct } from '../codec.ts';

/** Nonce payload body: 16 to 256 octets, RFC 7296 section 3.9. */
export const nonceBody = struct(['data', rest(16, 256)]);
