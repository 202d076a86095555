import { SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Drops all credentials loaded over VICI. */
export const clearCreds: Command = {
  name: 'clear-creds',
  run: (_message, { services: { keys }, log }) => {
    keys.clear();
    log.log('cfg', 1, 'cleared all vici credentials');
    return SUCCESS;
  },
};
