import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { PROGRAMS } from './completion-model.ts';
import { zshCompletion } from './completion-zsh.ts';
import { daemonManual } from './manual-daemon.ts';
import { ipsecManual } from './manual-ipsec.ts';
import { swanctlManual } from './manual-swanctl.ts';
import { swanctlConfManual } from './manual-swanctl-conf.ts';

/** Every manual page and completion, by its path below the folder of what is built. */
export function manuals(version: string): ReadonlyMap<string, string> {
  return new Map([
    ['man/charon-ts.8', daemonManual(version)],
    ['man/swanctl.8', swanctlManual(version)],
    ['man/swanctl.conf.5', swanctlConfManual(version)],
    ['man/ipsec.8', ipsecManual(version)],
    ...PROGRAMS.flatMap((program): [string, string][] => [
      [`completions/bash/${program.name}.bash`, bashCompletion(program)],
      [`completions/zsh/_${program.name}`, zshCompletion(program)],
      [`completions/fish/${program.name}.fish`, fishCompletion(program)],
    ]),
  ]);
}
