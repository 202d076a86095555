import { parseAuthority } from '../../config/authority.ts';
import type { Tree, TreeEntry } from '../../config/tree.ts';
import type { LogLevel } from '../../contracts/logger.ts';
import { failure, SUCCESS } from '../answers.ts';
import { itemTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { boolInput } from '../inputs.ts';

/**
 * Adds or replaces authorities. All sections are checked before the first is loaded. With `report = yes`, which is ours, the
 * answer tells what changed.
 */
export const loadAuthority: Command = {
  name: 'load-authority',
  run: ({ tree, broken }, { services: { credentials }, log }) => {
    if (broken) return failure('parsing request failed');
    const authorities = tree.flatMap((entry) =>
      entry.kind === 'section' ? [parseAuthority(entry.name, entry.entries)] : [],
    );
    const report: TreeEntry[] = [];
    const lines: (readonly [level: LogLevel, line: string])[] = [];
    for (const authority of authorities) {
      const { name } = authority;
      const change = credentials.compareAuthority(authority);
      if (!change.ok) return refusedAuthority(change.explanation);
      lines.push([change.outcome === 'unchanged' ? 2 : 1, `added vici authority ${name}`]);
      if (change.keys.length > 0)
        lines.push([1, `authority '${name}': changed ${change.keys.join(', ')}`]);
      report.push(itemTree(name, change));
    }
    const outcome = credentials.loadAuthorities(authorities);
    if (!outcome.ok) return refusedAuthority(outcome.explanation);
    for (const [level, line] of lines) log.log('cfg', level, line);
    return boolInput(tree, 'report') ? [...SUCCESS, reportTree(report)] : SUCCESS;
  },
};

/** The answer for a certificate that cannot be one of a CA. */
export function refusedAuthority(explanation: string): Tree {
  return failure(`invalid value for: cacert, authority discarded: ${explanation}`);
}
