import type { Crypto } from '../../contracts/crypto.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { StreamSystem } from '../../contracts/stream.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { ViciChannel } from '../../vici/channel.ts';
import { type GivenOption, readOptions } from '../getopt.ts';
import { CommandContext, CommandFailure, LocalContext, type SwanctlCommand } from './command.ts';
import { check } from './commands/check.ts';
import {
  flushCerts,
  initiate,
  install,
  redirect,
  rekey,
  reloadSettings,
  terminate,
  uninstall,
} from './commands/control.ts';
import { explain } from './commands/explain.ts';
import { listCerts } from './commands/list-certs.ts';
import { listAuthorities, listConns, listPols, listPools } from './commands/listings.ts';
import { loadAuthorities, loadConns, loadPools } from './commands/load-config.ts';
import { loadAll, loadCreds } from './commands/load-creds.ts';
import { listSas, log, monitorSa } from './commands/sas.ts';
import { counters, listAlgs, stats, version } from './commands/status.ts';
import { top } from './commands/top.ts';
import { optionsOfFile } from './options-file.ts';
import { HELP_OPTION, SHARED_OPTIONS } from './shared-options.ts';
import { chooseSocket } from './socket-uri.ts';
import { commandUsage, generalUsage } from './usage.ts';
import { versionJson, versionLine } from './version.ts';

/** Every command, in the order of the usage text. */
export const COMMANDS: readonly SwanctlCommand[] = [
  counters,
  initiate,
  terminate,
  rekey,
  redirect,
  uninstall,
  install,
  listSas,
  monitorSa,
  listPols,
  listAuthorities,
  listConns,
  listCerts,
  listPools,
  listAlgs,
  flushCerts,
  loadAll,
  loadAuthorities,
  loadConns,
  loadCreds,
  loadPools,
  log,
  version,
  stats,
  reloadSettings,
  explain,
  top,
  check,
];

/** What the program sees of the world. */
export interface SwanctlWorld {
  readonly terminal: Terminal;
  readonly files: OperatorFiles;
  readonly streams: StreamSystem;
  readonly decoders: () => Promise<DecodeTools>;
  readonly crypto: () => Promise<Crypto>;
  readonly environment: ReadonlyMap<string, string>;
  /** How it was called, for getopt's messages. */
  readonly name: string;
  readonly version: string;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** Runs one command line; resolves with the exit code. Never rejects for anything a person typed or a daemon answered. */
export async function runSwanctl(words: readonly string[], world: SwanctlWorld): Promise<number> {
  const shared = splitShared(words);
  const [first, ...rest] = shared.rest;
  if (first === undefined) {
    world.terminal.out(generalUsage(COMMANDS, false) + generalUsage(COMMANDS, true));
    return 0;
  }
  const command = findCommand(first, world);
  if (command === 'help') {
    world.terminal.out(generalUsage(COMMANDS, true));
    return 0;
  }
  if (command === undefined) {
    world.terminal.error(`${generalUsage(COMMANDS, false)}error: invalid command\n`);
    return 1;
  }
  return runCommand(command, [...shared.options, ...rest], world);
}

/** Options that come before the command. */
function splitShared(words: readonly string[]): {
  readonly options: readonly string[];
  readonly rest: readonly string[];
} {
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    const joined = SHARED_OPTIONS.some(({ long }) => word.startsWith(`--${long}=`));
    const alone = SHARED_OPTIONS.some(
      ({ long, short }) => word === `--${long}` || word === `-${short}`,
    );
    if (!joined && !alone) break;
    at += joined ? 1 : 2;
  }
  return { options: words.slice(0, at), rest: words.slice(at) };
}

function findCommand(
  word: string,
  { terminal, name }: SwanctlWorld,
): SwanctlCommand | 'help' | undefined {
  const specs = [...COMMANDS, HELP_OPTION].map(({ long, short }) => ({
    long,
    ...(short === undefined ? {} : { short }),
    argument: false,
    help: '',
  }));
  const given = readOptions([word], specs);
  const chosen = given.options[0]?.spec.long;
  if (chosen === HELP_OPTION.long) return 'help';
  if (given.error !== undefined) terminal.error(`${name}: ${given.error}\n`);
  return COMMANDS.find(({ long }) => long === chosen);
}

async function runCommand(
  command: SwanctlCommand,
  words: readonly string[],
  world: SwanctlWorld,
): Promise<number> {
  const { terminal, name } = world;
  const given = readOptions(words, [HELP_OPTION, ...command.options, ...SHARED_OPTIONS]);
  const options = [
    ...operandOf(command, given.operands),
    ...given.options,
    ...optionsOfFile(given.options, command, world),
  ];
  const refuse = (reason: string, code: number): number => {
    terminal.error(`${commandUsage(command)}error: ${reason}\n`);
    return code;
  };
  if (given.error !== undefined) {
    terminal.error(`${name}: ${given.error}\n`);
    return refuse(`invalid --${command.long} option`, 1);
  }
  if (options.some(({ spec }) => spec.long === 'help')) {
    terminal.out(commandUsage(command));
    return 0;
  }
  if (command === version && !options.some(({ spec }) => spec.long === 'daemon')) {
    const json = options.some(({ spec }) => spec.long === 'json');
    terminal.out(`${json ? versionJson(world.version) : versionLine(world.version)}\n`);
    return 0;
  }
  if ('runAlone' in command) {
    return orFailure(command.runAlone(new LocalContext(world, options)), terminal);
  }
  const socket = chooseSocket(lastText(options, 'uri'), world);
  if (!socket.ok) return refuse(socket.reason, 1);
  let vici: ViciChannel;
  try {
    vici = await ViciChannel.connect(world.streams, socket.path);
  } catch (error) {
    const { reason, code } = systemReason(error);
    if (socket.guessed !== undefined) terminal.error(`${socket.guessed}\n`);
    if (Number(lastText(options, 'debug') ?? '1') >= 1)
      terminal.error(`connecting to '${socket.uri}' failed: ${reason}\n`);
    return refuse(
      `connecting to '${lastText(options, 'uri') ?? 'default'}' URI failed: ${reason}`,
      code,
    );
  }
  await using _ = vici;
  return await orFailure(command.run(new CommandContext({ ...world, vici }, options)), terminal);
}

/** The exit code of a command that may end with {@link CommandFailure}. */
async function orFailure(running: Promise<number>, terminal: Terminal): Promise<number> {
  try {
    return await running;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    terminal.error(`${error.message}\n`);
    return error.code;
  }
}

function operandOf({ operand }: SwanctlCommand, [word]: readonly string[]): readonly GivenOption[] {
  return operand === undefined || word === undefined ? [] : [{ spec: operand, value: word }];
}

function lastText(options: readonly GivenOption[], long: string): string | undefined {
  return options.findLast(({ spec }) => spec.long === long)?.value;
}

/** What the system says about a socket that cannot be reached, and its errno. */
function systemReason(error: unknown): { readonly reason: string; readonly code: number } {
  const cause = error instanceof Error ? error.cause : undefined;
  const number =
    cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number'
      ? Math.abs(cause.errno)
      : 1;
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.slice(text.lastIndexOf(': ') + 2);
  return { reason: reason.charAt(0).toUpperCase() + reason.slice(1), code: number };
}
