import { list } from '../../config/tree.ts';
import type { Command } from '../command.ts';

/** Ids of the private keys that VICI clients loaded. */
export const getKeys: Command = {
  name: 'get-keys',
  run: (_message, { services: { privateKeys } }) => {
    const ours = privateKeys
      .list()
      .filter(({ origins }) => origins.includes('vici') || origins.includes('token'));
    return [
      list(
        'keys',
        ours.map(({ publicKey }) => publicKey.keyId),
      ),
    ];
  },
};
