import type { OptionSpec } from '../../../daemon/cli/getopt.ts';
import type { SwanctlCommand } from '../../../daemon/cli/swanctl/command.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import {
  bold,
  entry,
  head,
  italic,
  paragraph,
  plain,
  prose,
  section,
  seeAlso,
  subsection,
} from './roff.ts';

/** swanctl(8). */
export function swanctlManual(version: string): string {
  return [
    head('swanctl', 8, version, 'loads, shows and controls IPsec connections'),
    section(
      'SYNOPSIS',
      `${bold('swanctl')} ${bold('--')}${italic('command')} [${italic('option')}]...\n.br\n${bold('swanctl')} ${bold('--help')}\n`,
    ),
    section(
      'DESCRIPTION',
      paragraph(
        prose(
          'Speaks to the IKE daemon charon-ts(8), or to that of strongSwan, through its VICI socket. The first argument is the command, as a long or a short option; its own options follow. Long options may be cut short as long as they stay unambiguous.',
        ),
      ),
      paragraph(
        prose(
          'Without a command the usage is printed. Results go to the standard output, errors to the standard error.',
        ),
      ),
    ),
    section('OPTIONS OF ALL COMMANDS', ...[HELP_OPTION, ...SHARED_OPTIONS].map(option)),
    section('COMMANDS', ...COMMANDS.map(command)),
    section(
      'EXIT STATUS',
      entry(
        bold('0'),
        prose(
          'Success. With --raw and --pretty also if the daemon refused: what it said is printed.',
        ),
      ),
      entry(bold('1'), prose('The daemon refused, or the command line is wrong.')),
      entry(
        bold('2'),
        prose('There is no daemon, nothing of that name, or the daemon does not know the command.'),
      ),
      entry(bold('22'), prose('swanctl.conf is missing or broken, or an argument is missing.')),
      entry(bold('104'), prose('The daemon closed the connection.')),
      entry(bold('111'), prose('Nobody answers at the socket.')),
    ),
    section(
      'ENVIRONMENT',
      entry(
        bold('SWANCTL_DIR'),
        prose('The folder of swanctl.conf and its files, instead of /etc/swanctl.'),
      ),
      entry(
        bold('STRONGSWAN_CONF'),
        prose('The file that may name the socket, instead of /etc/strongswan.conf.'),
      ),
    ),
    section(
      'FILES',
      entry(bold('/etc/swanctl/swanctl.conf'), prose('The configuration, see swanctl.conf(5).')),
      entry(
        bold('/run/charon.vici'),
        prose(
          'The socket, unless --uri, or swanctl.socket or charon.plugins.vici.socket of strongswan.conf name another.',
        ),
      ),
    ),
    seeAlso('swanctl.conf(5)', 'charon-ts(8)', 'ipsec(8)'),
  ].join('');
}

function command(table: SwanctlCommand): string {
  const { long, short, description, synopsis, options, own } = table;
  const ours = own === true ? ' This is not a command of the stock program.' : '';
  return subsection(
    plain(`--${long} (-${short})`),
    paragraph(prose(`${description.charAt(0).toUpperCase()}${description.slice(1)}.${ours}`)),
    `.PP\n${bold(`swanctl --${long}`)} ${synopsis.map(plain).join('\n.br\n')}\n`,
    ...options.map(option),
  );
}

function option({ long, short, argument, help }: OptionSpec): string {
  const value = argument ? ` ${italic('value')}` : '';
  const names = [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
  return entry(names.map((name) => `${bold(name)}${value}`).join(', '), prose(`${help}.`));
}
