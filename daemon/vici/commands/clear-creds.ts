import { SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Drops all credentials loaded over VICI. */
export const clearCreds: Command = {
  name: 'clear-creds',
  run: async (_message, { services: { keys, privateKeys }, log }) => {
    keys.clear();
    await privateKeys.clear('vici');
    log.log('cfg', 1, 'cleared all vici credentials');
    return SUCCESS;
  },
};
