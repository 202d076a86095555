import { SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Drops all credentials loaded over VICI, and what was fetched. CA certificates of authorities stay. */
export const clearCreds: Command = {
  name: 'clear-creds',
  run: async (_message, { services: { credentials, keys, privateKeys }, log }) => {
    credentials.clear();
    keys.clear();
    await privateKeys.clear('vici');
    log.log('cfg', 1, 'cleared all vici credentials');
    return SUCCESS;
  },
};
