import { failure } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Refuses private keys on PKCS#11 tokens: there is no binding that could be shipped. */
export const loadToken: Command = {
  name: 'load-token',
  run: ({ tree }) => {
    if (textInput(tree, 'handle') === undefined) return failure('keyid missing');
    return failure(
      'loading private key from token failed: this daemon has no PKCS#11 support, load the key itself with load-key',
    );
  },
};
