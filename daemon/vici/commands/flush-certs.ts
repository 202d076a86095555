import { failure, SUCCESS } from '../answers.ts';
import { certificateKind } from '../certificate-kind.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Empties the cache of what was fetched or received. */
export const flushCerts: Command = {
  name: 'flush-certs',
  run: ({ tree }, { services: { credentials } }) => {
    const text = textInput(tree, 'type') ?? 'ANY';
    const kind = certificateKind(text);
    if (kind === undefined) return failure(`invalid certificate type '${text}'`);
    if (kind.type === 'ANY') credentials.flush();
    else if (kind.type !== 'other') credentials.flush(kind.type);
    return SUCCESS;
  },
};
