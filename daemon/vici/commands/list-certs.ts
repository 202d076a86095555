import { parseIdentity } from '../../proto/identity-text.ts';
import { failure } from '../answers.ts';
import { certificateFlag, certificateKind } from '../certificate-kind.ts';
import type { Command } from '../command.ts';
import { listCertTree } from '../events/list-cert.ts';
import { textInput } from '../inputs.ts';

const WITH_REGEX = { allowRegex: true, path: 'subject' };

/** One `list-cert` event per credential, then an empty answer. A type or flag that does not exist matches nothing. */
export const listCerts: Command = {
  name: 'list-certs',
  run: async ({ tree }, context) => {
    const kind = certificateKind(textInput(tree, 'type') ?? 'ANY');
    if (kind === undefined || kind.type === 'other') return [];
    // The flag is one of X.509 certificates, and is looked at only if they alone are asked for.
    const flag = kind.flag ?? certificateFlag(textInput(tree, 'flag') ?? 'ANY');
    if (kind.type === 'X509' && flag === undefined) return [];
    const text = textInput(tree, 'subject');
    const subject = text === undefined ? undefined : parseIdentity(text, WITH_REGEX);
    // Every certificate there is would be held against it.
    if (subject?.pattern !== undefined && context.readOnly)
      return failure('regular expressions are not allowed here: this socket is for listing only');
    const { credentials } = context.services;
    const found = credentials.list({
      ...(kind.type === 'ANY' ? {} : { type: kind.type }),
      ...(kind.type === 'X509' && flag !== undefined && flag !== 'ANY' ? { flag } : {}),
      ...(subject === undefined ? {} : { subject }),
    });
    for (const view of found) {
      if (context.signal.aborted) break;
      context.event('list-cert', listCertTree(view));
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
