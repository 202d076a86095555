import { errorText, IkedError } from '../../util/error.ts';

/** Why octets were not what they should be: where, and what was found. For logs and `errmsg`; nothing secret. */
export interface DecodeProblem {
  /** Path of the field, like `certificate.validity.notBefore`. */
  readonly field: string;
  /** What was found there and what was expected. */
  readonly found: string;
}

/** A decoded value, or what was wrong with it. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: DecodeProblem };

/** Thrown inside the decoders of this folder only; {@link decoding} turns it into a {@link DecodeProblem}. */
export class X509Error extends IkedError {
  readonly field: string;
  readonly found: string;

  constructor(field: string, found: string) {
    super('X509', `${field}: ${found}`);
    this.field = field;
    this.found = found;
  }
}

/** Runs a decoder; whatever it or the library throws comes out as a problem, never as an exception. */
export function decoding<T>(field: string, decode: () => T): Decoded<T> {
  try {
    return { ok: true, value: decode() };
  } catch (error) {
    if (error instanceof X509Error)
      return { ok: false, problem: { field: error.field, found: error.found } };
    return { ok: false, problem: { field, found: `cannot be decoded: ${errorText(error)}` } };
  }
}

/** One sentence of a problem. */
export function problemText(problem: DecodeProblem): string {
  return `${problem.field}: ${problem.found}`;
}
