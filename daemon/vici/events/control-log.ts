import { type Tree, value } from '../../config/tree.ts';
import type { ProgressSink } from '../../control/control.ts';
import type { CommandContext } from '../command.ts';
import { ikeKeys } from './log.ts';

/** Passes records of a waiting initiate or terminate on to the client that asked, up to a level. */
export function controlLog(context: CommandContext, level: number): ProgressSink {
  return (record) => {
    if (record.level > level) return;
    const tree: Tree = [
      value('group', record.group.toUpperCase()),
      value('level', record.level),
      ...ikeKeys(record),
      value('msg', record.message),
    ];
    context.event('control-log', tree, true);
  };
}
