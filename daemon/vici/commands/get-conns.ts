import { list } from '../../config/tree.ts';
import type { Command } from '../command.ts';

/** Names of the loaded connections. */
export const getConns: Command = {
  name: 'get-conns',
  run: (_message, { services: { control } }) => [
    list(
      'conns',
      control.connections().map((connection) => connection.name),
    ),
  ],
};
