import { section, value } from '../../config/tree.ts';
import type { Command } from '../command.ts';
import { boolInput, textInput } from '../inputs.ts';

/** Pools and, if asked for, their leases. */
export const getPools: Command = {
  name: 'get-pools',
  run: ({ tree }, { services: { control } }) => {
    const wanted = control.pools.list(textInput(tree, 'name'), boolInput(tree, 'leases'));
    return wanted.map(({ name, base, size, online, offline, leases }) =>
      section(name, [
        value('base', base),
        value('size', size),
        value('online', online),
        value('offline', offline),
        ...(leases === undefined
          ? []
          : [
              section(
                'leases',
                leases.map((lease, index) =>
                  section(String(index), [
                    value('address', lease.address),
                    value('identity', lease.identity),
                    value('status', lease.online ? 'online' : 'offline'),
                  ]),
                ),
              ),
            ]),
      ]),
    );
  },
};
