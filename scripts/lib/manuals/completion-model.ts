import type { OptionSpec } from '../../../daemon/cli/getopt.ts';
import {
  COMMAND_DOCS,
  type IpsecDoc,
  START_OPTIONS,
  UTC_OPTION,
} from '../../../daemon/cli/ipsec/command-docs.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';

/** What may stand somewhere: names that a daemon knows, a file, one of these words, or something that nobody can guess. */
export type Values = 'connection' | 'child' | 'file' | 'unknown' | readonly string[];

export interface CompletedOption {
  /** All its spellings, the long one first. */
  readonly words: readonly string[];
  readonly help: string;
  /** Of its argument, if it takes one. */
  readonly values?: Values | undefined;
}

export interface CompletedCommand extends CompletedOption {
  readonly options: readonly CompletedOption[];
}

/** A program as its completion sees it. */
export interface CompletedProgram {
  readonly name: string;
  /** Every name it is installed under. */
  readonly installed: readonly string[];
  /** What the first word is one of; none for programs without commands. */
  readonly commands: readonly CompletedCommand[];
  /** Options that need no command. */
  readonly options: readonly CompletedOption[];
  /** Shell commands that print names, one on each line. */
  readonly names: { readonly connection?: string; readonly child?: string };
}

/** Values of the options of swanctl whose argument can be known. */
const SWANCTL_VALUES: Readonly<Record<string, Values>> = {
  child: 'child',
  ike: 'connection',
  file: 'file',
  options: 'file',
  debug: ['-1', '0', '1', '2', '3', '4'],
  loglevel: ['-1', '0', '1', '2', '3', '4'],
};

const SWANCTL: CompletedProgram = {
  name: 'swanctl',
  installed: ['swanctl'],
  commands: COMMANDS.map(({ long, short, description, options, operand }) => ({
    words: [`--${long}`, `-${short}`],
    help: description,
    values: operand === undefined ? undefined : 'connection',
    options: [...options, HELP_OPTION, ...SHARED_OPTIONS].map(ofSwanctl),
  })),
  options: [HELP_OPTION, ...SHARED_OPTIONS].map(ofSwanctl),
  names: {
    connection: "swanctl --list-conns 2>/dev/null | sed -n 's/^\\([^ ].*\\): IKEv.*/\\1/p'",
    child:
      "swanctl --list-conns 2>/dev/null | sed -n 's/^  \\([^ ].*\\): \\(TUNNEL\\|TRANSPORT\\|TRANSPORT_PROXY\\|BEET\\|IPTFS\\|PASS\\|DROP\\),.*/\\1/p'",
  },
};

function ofSwanctl({ long, short, help, argument }: OptionSpec): CompletedOption {
  const words = [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
  return { words, help, values: argument ? (SWANCTL_VALUES[long] ?? 'unknown') : undefined };
}

const IPSEC: CompletedProgram = {
  name: 'ipsec',
  installed: ['ipsec'],
  commands: COMMAND_DOCS.map((command) => ({
    words: [command.name],
    help: command.doc,
    values: /^\[?name/.test(command.args) ? 'connection' : undefined,
    options: optionsOf(command).map(({ name, args, doc }) => ({
      words: [name],
      help: doc,
      values: args === '' ? undefined : args === 'file' ? 'file' : 'unknown',
    })),
  })),
  options: [],
  names: {
    connection:
      "ipsec statusall 2>/dev/null | sed -n 's/^ *\\([^ ].*\\):  [^ ]*[.][.][.][^ ]*  IKEv.*/\\1/p'",
  },
};

function optionsOf({ args }: IpsecDoc): readonly IpsecDoc[] {
  if (args === '[options]') return START_OPTIONS;
  return args.includes(UTC_OPTION.name) ? [UTC_OPTION] : [];
}

const DAEMON: CompletedProgram = {
  name: 'charon-ts',
  installed: ['charon-ts', 'charon'],
  commands: [],
  options: [
    { words: ['--help', '-h'], help: 'print the usage' },
    { words: ['--version', '-v'], help: 'print the version' },
    ...LOG_GROUPS.map((group) => ({
      words: [`--debug-${group}`],
      help: `level of log group ${group} on the console`,
      values: ['-1', '0', '1', '2', '3', '4'],
    })),
  ],
  names: {},
};

/** Everything that a person types. */
export const PROGRAMS: readonly CompletedProgram[] = [DAEMON, SWANCTL, IPSEC];
