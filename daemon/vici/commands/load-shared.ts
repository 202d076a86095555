import { findList, findValue, type Tree } from '../../config/tree.ts';
import type { Identity } from '../../proto/identity.ts';
import { parseIdentity } from '../../proto/identity-text.ts';
import { latin1 } from '../../util/bytes.ts';
import { errorText } from '../../util/error.ts';
import { Secret } from '../../util/secret.ts';
import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';
import type { SharedKeyType } from '../services.ts';

/** Shorter secrets can be guessed off line by whoever provokes one authentication (CVE-2018-5389). */
const WEAK_BELOW = 16;

const TYPES: ReadonlyMap<string, SharedKeyType> = new Map([
  ['ike', 'ike'],
  ['eap', 'eap'],
  ['xauth', 'eap'],
  ['ntlm', 'ntlm'],
  ['ppk', 'ppk'],
]);

/** Adds a shared secret, or replaces the one with the same id. */
export const loadShared: Command = {
  name: 'load-shared',
  run: ({ tree }, { services: { keys }, log }) => {
    const id = textInput(tree, 'id');
    const typeText = textInput(tree, 'type');
    if (typeText === undefined) return failure('shared key type missing');
    const type = TYPES.get(typeText.toLowerCase());
    if (type === undefined) {
      return failure(
        `invalid shared key type: ${typeText}: allowed are ${[...TYPES.keys()].join(', ')}`,
      );
    }
    const data = findValue(tree, 'data');
    if (data === undefined || data.length === 0) return failure('shared key data missing');
    let owners: readonly Identity[];
    try {
      owners = parseOwners(tree);
    } catch (error) {
      return failure(`parsing shared key owners failed: ${errorText(error)}`);
    }
    const name = id === undefined ? 'without id' : `'${id}'`;
    if (type === 'ike' && data.length < WEAK_BELOW) {
      log.log(
        'cfg',
        0,
        `IKE shared key ${name} is shorter than ${WEAK_BELOW} octets and can be guessed: use a random one of 32`,
      );
    }
    keys.load({
      ...(id === undefined ? {} : { id }),
      type,
      data: new Secret(data.slice()),
      owners,
    });
    data.fill(0);
    log.log('cfg', 1, `loaded ${type.toUpperCase()} shared key ${name}`);
    return SUCCESS;
  },
};

function parseOwners(tree: Tree): readonly Identity[] {
  const texts = findList(tree, 'owners')?.map(latin1) ?? [];
  return (texts.length === 0 ? ['%any'] : texts).map((text) =>
    parseIdentity(text, { allowRegex: true, path: 'owners' }),
  );
}
