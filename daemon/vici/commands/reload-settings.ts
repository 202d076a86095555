import { outcomeTree } from '../answers.ts';
import type { Command } from '../command.ts';

/** Re-reads strongswan.conf and reconfigures the loggers. */
export const reloadSettings: Command = {
  name: 'reload-settings',
  run: async (_message, { services: { control } }) => outcomeTree(await control.reloadSettings()),
};
