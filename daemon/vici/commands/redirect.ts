import type { AddressSpec } from '../../config/connection-types.ts';
import { optional, value } from '../../config/tree.ts';
import { parseAddressSpec } from '../../config/values.ts';
import type { Identity } from '../../proto/identity.ts';
import { parseIdentity } from '../../proto/identity-text.ts';
import { parseRedirectTarget } from '../../proto/redirect-target.ts';
import { failure } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { intInput, textInput } from '../inputs.ts';

const KEYS = {
  gateway: 'text',
  ike: 'text',
  'ike-id': 'id',
  'peer-ip': 'text',
  'peer-id': 'text',
} as const;

/** Sends the peers of all IKE_SAs that match to another gateway, RFC 5685. */
export const redirect: Command = {
  name: 'redirect',
  run: async (message, { services: { control } }) => {
    const mistake = inputMistake(message, KEYS);
    if (mistake !== undefined) return failure(mistake);
    const { tree } = message;
    const target = textInput(tree, 'gateway');
    if (target === undefined) return failure('missing target gateway');
    const gateway = parseRedirectTarget(target);
    if (gateway === undefined) return failure('unsupported gateway identity');
    const [ike, ikeId] = [textInput(tree, 'ike'), intInput(tree, 'ike-id', 0)];
    const [ipText, idText] = [textInput(tree, 'peer-ip'), textInput(tree, 'peer-id')];
    const peerIp = ipText === undefined ? undefined : addresses(ipText);
    if (ipText !== undefined && peerIp === undefined) return failure('invalid peer IP selector');
    const peerId = idText === undefined ? undefined : identity(idText);
    if (idText !== undefined && peerId === undefined) {
      return failure('invalid peer identity selector');
    }
    if (ike === undefined && ikeId === 0 && peerIp === undefined && peerId === undefined) {
      return failure('missing redirect selector');
    }
    const outcome = await control.redirect({
      gateway,
      ...(ike === undefined ? {} : { ike }),
      ...(ikeId === 0 ? {} : { ikeId }),
      ...(peerIp === undefined ? {} : { peerIp }),
      ...(peerId === undefined ? {} : { peerId }),
    });
    return [
      value('success', outcome.ok ? 'yes' : 'no'),
      value('matches', outcome.matches),
      ...optional('errmsg', outcome.ok ? undefined : outcome.errmsg),
    ];
  },
};

function addresses(text: string): AddressSpec | undefined {
  try {
    const spec = parseAddressSpec(text);
    return spec.kind === 'name' ? undefined : spec;
  } catch {
    return undefined;
  }
}

function identity(text: string): Identity | undefined {
  try {
    return parseIdentity(text, { allowRegex: true });
  } catch {
    return undefined;
  }
}
