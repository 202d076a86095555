import { value } from '../../config/tree.ts';
import type { Command } from '../command.ts';

/** Daemon name, release and host platform. */
export const version: Command = {
  name: 'version',
  run: (_message, { services: { host } }) => [
    value('daemon', host.daemon),
    value('version', host.version),
    value('sysname', host.sysname),
    value('release', host.release),
    value('machine', host.machine),
  ],
};
