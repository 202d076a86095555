import type { OptionSpec } from '../getopt.ts';

/** Options that may stand before the command, and after it. */
export const SHARED_OPTIONS: readonly OptionSpec[] = [
  { long: 'debug', short: 'v', argument: true, help: 'set debug level, default: 1' },
  { long: 'options', short: '+', argument: true, help: 'read command line options from file' },
  { long: 'uri', short: 'u', argument: true, help: 'service URI to connect to' },
];

export const HELP_OPTION: OptionSpec = {
  long: 'help',
  short: 'h',
  argument: false,
  help: 'show usage information',
};

export const RAW: OptionSpec = {
  long: 'raw',
  short: 'r',
  argument: false,
  help: 'dump raw response message',
};

export const PRETTY: OptionSpec = {
  long: 'pretty',
  short: 'P',
  argument: false,
  help: 'dump raw response message in pretty print',
};

/** Ours: the stock program knows nothing of it, and the usage texts of its commands stay as they are. */
export const JSON_FORM: OptionSpec = {
  long: 'json',
  argument: false,
  help: 'print JSON, names as in the messages of the daemon',
  hidden: true,
};

/** `--long <argument>`, in one line of a table. */
export function takes(long: string, short: string, help: string): OptionSpec {
  return { long, short, argument: true, help };
}

/** `--long` without argument. */
export function flag(long: string, short: string, help: string): OptionSpec {
  return { long, short, argument: false, help };
}
