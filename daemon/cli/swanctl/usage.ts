import type { OptionSpec } from '../getopt.ts';
import type { SwanctlCommand } from './command.ts';
import { HELP_OPTION, SHARED_OPTIONS } from './shared-options.ts';
import { USAGE_HEAD } from './version.ts';

/** The usage of all commands; `full` adds the headings that only `--help` prints, and our own commands. */
export function generalUsage(commands: readonly SwanctlCommand[], full: boolean): string {
  const lines = [USAGE_HEAD];
  if (full) lines.push('usage:', '  swanctl command [options]', 'commands:');
  for (const { long, short, description } of commands.filter(({ own }) => own !== true))
    lines.push(row(long, short, description, 16));
  lines.push(row('help', 'h', 'show usage, version and plugin information', 16));
  lines.push('options:', ...SHARED_OPTIONS.map((option) => optionRow(option, 16)));
  const own = commands.filter((command) => command.own === true);
  if (full && own.length > 0) {
    lines.push('commands that only this program has:');
    for (const { long, short, description } of own) lines.push(row(long, short, description, 16));
    lines.push('every listing takes --json');
  }
  return `${lines.join('\n')}\n`;
}

/** The usage of one command. */
export function commandUsage(command: SwanctlCommand): string {
  const [first = '', ...rest] = command.synopsis;
  const lines = [
    `${USAGE_HEAD} (--${command.long}/-${command.short})`,
    command.description,
    'usage:',
    `  swanctl --${command.long} ${first}`,
    ...rest.map((line) => `    ${line}`),
    'options:',
    ...[HELP_OPTION, ...command.options, ...SHARED_OPTIONS]
      .filter(({ hidden }) => hidden !== true)
      .map((option) => optionRow(option, 15)),
  ];
  return `${lines.join('\n')}\n`;
}

function optionRow({ long, short, help }: OptionSpec, width: number): string {
  return row(long, short ?? ' ', help, width);
}

function row(long: string, short: string, help: string, width: number): string {
  return `  --${long.padEnd(width)} (-${short})  ${help}`;
}
