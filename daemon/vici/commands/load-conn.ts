import { parseConnection } from '../../config/connection.ts';
import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Adds, updates or replaces connections. All sections are checked before the first is loaded. */
export const loadConn: Command = {
  name: 'load-conn',
  run: async ({ tree, broken }, { services, log }) => {
    if (broken) return failure('parsing request failed');
    const { crypto, credentialReader: credentials } = services;
    const parsed = tree.flatMap((entry) =>
      entry.kind === 'section'
        ? [parseConnection(entry.name, entry.entries, { crypto, credentials })]
        : [],
    );
    for (const { config, warnings } of parsed) {
      for (const warning of warnings) log.log('cfg', 1, `connection '${config.name}': ${warning}`);
      const outcome = await services.control.loadConnection(config);
      const level = outcome === 'unchanged' ? 2 : 1;
      log.log('cfg', level, `${outcome} vici connection: ${config.name}`);
    }
    return SUCCESS;
  },
};
