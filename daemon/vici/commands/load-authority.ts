import { parseAuthority } from '../../config/authority.ts';
import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Adds or replaces authorities. All sections are checked before the first is loaded. */
export const loadAuthority: Command = {
  name: 'load-authority',
  run: ({ tree, broken }, { services: { credentials }, log }) => {
    if (broken) return failure('parsing request failed');
    const authorities = tree.flatMap((entry) =>
      entry.kind === 'section' ? [parseAuthority(entry.name, entry.entries)] : [],
    );
    const outcome = credentials.loadAuthorities(authorities);
    if (!outcome.ok)
      return failure(`invalid value for: cacert, authority discarded: ${outcome.explanation}`);
    for (const { name } of authorities) log.log('cfg', 1, `added vici authority ${name}`);
    return SUCCESS;
  },
};
