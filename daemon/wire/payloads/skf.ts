import { nonZero, struct, u16 } from '../codec.ts';
import type { Reader } from '../reader.ts';

/** Octets that an SKF payload header has beyond the generic one. */
export const FRAGMENT_FIELDS_OCTETS = 4;

/** Most fragments of one message; a number of ours that keeps reassembly bounded. */
export const MAX_FRAGMENTS = 255;

/** Fragment Number and Total Fragments, both counted from 1; RFC 7383 section 2.5. */
export const fragmentFields = struct(
  ['number', nonZero(u16, 'fragment number')],
  ['total', nonZero(u16, 'total of fragments')],
);

/** Number and total of a fragment, with 1 <= number <= total <= {@link MAX_FRAGMENTS}. */
export interface FragmentFields {
  readonly number: number;
  readonly total: number;
}

/** Reads and checks the fields of a fragment. */
export function readFragmentFields(reader: Reader): FragmentFields {
  const { number, total } = fragmentFields.read(reader);
  if (number > total) throw reader.error(`fragment ${number} of ${total}`);
  if (total > MAX_FRAGMENTS) throw reader.error(`${total} fragments`);
  return { number, total };
}
