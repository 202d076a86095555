import { rest, struct } from '../codec.ts';

/** Vendor ID payload body, RFC 7296 section 3.12. */
export const vendorBody = struct(['data', rest()]);
