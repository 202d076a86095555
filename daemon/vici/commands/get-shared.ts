import { list } from '../../config/tree.ts';
import type { Command } from '../command.ts';

/** Ids of the loaded shared secrets; never anything else of them. */
export const getShared: Command = {
  name: 'get-shared',
  run: (_message, { services: { keys } }) => [list('keys', keys.ids())],
};
