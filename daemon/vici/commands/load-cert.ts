import { findValue } from '../../config/tree.ts';
import { failure, SUCCESS } from '../answers.ts';
import { certificateFlag, certificateKind, LOADABLE } from '../certificate-kind.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Adds the certificates, CRLs, attribute certificates, OCSP responses or raw public keys of a file: all of them or none. */
export const loadCert: Command = {
  name: 'load-cert',
  run: ({ tree }, { services: { credentials }, log }) => {
    const typeText = textInput(tree, 'type');
    if (typeText === undefined) return failure(`certificate type missing: allowed are ${LOADABLE}`);
    const flagText = textInput(tree, 'flag') ?? 'NONE';
    const flag = certificateFlag(flagText);
    if (flag === undefined) {
      return failure(
        `invalid certificate flag '${flagText}': allowed are NONE, CA, AA, OCSP and ANY`,
      );
    }
    const kind = certificateKind(typeText);
    if (kind === undefined || kind.type === 'ANY')
      return failure(`invalid certificate type '${typeText}': allowed are ${LOADABLE}`);
    const data = findValue(tree, 'data');
    if (data === undefined || data.length === 0) return failure('certificate data missing');
    const sentence = `parsing ${kind.name} certificate failed`;
    if (kind.type === 'other')
      return failure(`${sentence}: this daemon does not use them, allowed are ${LOADABLE}`);
    const outcome = credentials.load(
      kind.type,
      kind.flag ?? (flag === 'ANY' ? 'NONE' : flag),
      data,
    );
    if (!outcome.ok) {
      const failed =
        outcome.reason === 'not-a-ca'
          ? 'ca certificate lacks CA basic constraint, rejected'
          : sentence;
      return failure(`${failed}: ${outcome.explanation}`);
    }
    for (const loaded of outcome.loaded) log.log('cfg', 1, loaded);
    return SUCCESS;
  },
};
