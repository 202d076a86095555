import { list } from '../../config/tree.ts';
import type { Command } from '../command.ts';

/** Names of the loaded authorities. */
export const getAuthorities: Command = {
  name: 'get-authorities',
  run: (_message, { services: { credentials } }) => [
    list(
      'authorities',
      credentials.authorities().map(({ name }) => name),
    ),
  ],
};
