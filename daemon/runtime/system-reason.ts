import { getSystemErrorMessage } from 'node:util';
import { errorText } from '../util/error.ts';

/** What the system says of a failure: in words rather than as a code, where it has words. */
export function systemReason(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return getSystemErrorMessage(error.errno) ?? error.message;
  }
  return errorText(error);
}
