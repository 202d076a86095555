import type { LogGroup, LogLevel } from './contracts/logger.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { isLogGroup } from './log/groups.ts';

export const USAGE = `usage: charon [--help] [--version] [--debug-<group> <level>]...

Starts the IKE daemon in the foreground. It reads /etc/strongswan.conf, or the file named by STRONGSWAN_CONF, and is
steered through its VICI socket, for example with swanctl --load-all.

  --debug-<group> <level>  level -1 to 4 of a log group (dmn mgr ike chd cfg knl net enc lib …) on the console
  --use-syslog             syslog instead of the console, if strongswan.conf has no loggers
`;

/** What the command line asks for. */
export type Arguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      readonly debugLevels: Readonly<Partial<Record<LogGroup, LogLevel>>>;
      readonly useSyslog: boolean;
    };

/** Reads the command line; throws {@link StartupError} that names what is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const debugLevels: Partial<Record<LogGroup, LogLevel>> = {};
  let useSyslog = false;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? '';
    if (argument === '--help' || argument === '-h') return { kind: 'help' };
    if (argument === '--version' || argument === '-v') return { kind: 'version' };
    if (argument === '--use-syslog') {
      useSyslog = true;
      continue;
    }
    const group = /^--debug-([a-z]+)$/.exec(argument)?.[1];
    if (group === undefined || !isLogGroup(group)) {
      throw new StartupError(ExitCode.USAGE, `unknown argument '${argument}'; try --help`);
    }
    i++;
    debugLevels[group] = level(argument, args[i]);
  }
  return { kind: 'run', debugLevels, useSyslog };
}

const LEVELS: readonly LogLevel[] = [-1, 0, 1, 2, 3, 4];

function level(argument: string, text: string | undefined): LogLevel {
  const found = LEVELS.find((candidate) => String(candidate) === text);
  if (found === undefined) {
    throw new StartupError(
      ExitCode.USAGE,
      `${argument} needs a level from -1 to 4, not '${text ?? ''}'`,
    );
  }
  return found;
}
