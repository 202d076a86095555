import { LOG_GROUPS } from '../../contracts/log-targets.ts';
import { ConnValues } from './conn-values.ts';
import type { IpsecSection } from './ipsec-conf.ts';

/** What the daemon is started with for `charondebug` of a `config setup`. Throws `ConfigError` with its place. */
export function debugArguments(setup: IpsecSection): readonly string[] {
  const values = new ConnValues(setup);
  return values.items('charondebug').flatMap((item) => {
    const [, group = '', level = ''] = /^([a-z]+)\s*=?\s*(-1|[0-4])$/i.exec(item) ?? [];
    const known = LOG_GROUPS.find((name) => name === group.toLowerCase());
    if (known === undefined) {
      return values.fail(
        'charondebug',
        `found '${item}', expected a group (${LOG_GROUPS.join(', ')}) and a level from -1 to 4, as in 'ike 2, net -1'`,
      );
    }
    return [`--debug-${known}`, level];
  });
}
