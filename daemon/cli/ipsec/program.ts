import { value } from '../../config/tree.ts';
import { ConfigError, errorText } from '../../util/error.ts';
import type { CommandWorld } from '../swanctl/command.ts';
import { down, downSourceIp, purgeIke, route, unroute, up } from './control-commands.ts';
import { LIST_COMMANDS, list } from './list-commands.ts';
import { CERTIFICATE_FOLDERS, IpsecLoader } from './load.ts';
import { migrate } from './migrate.ts';
import { IpsecSession } from './session.ts';
import { Lsb } from './starter.ts';
import { start, stop, tellStarter } from './starting.ts';
import { leases, listCounters, resetCounters, status } from './status-commands.ts';
import { COPYRIGHT, USAGE } from './usage.ts';
import { runUtility } from './utility.ts';
import type { IpsecWorld } from './world.ts';

/** Exit code of whatever went wrong in talking to the daemon. */
const UNREACHABLE = 255;
const USAGE_ERROR = 2;

/** Runs one command line; resolves with the exit code. */
export async function runIpsec(words: readonly string[], world: IpsecWorld): Promise<number> {
  const [command = '--help', ...args] = words;
  const constant = Object.hasOwn(CONSTANTS, command) ? CONSTANTS[command] : undefined;
  if (constant !== undefined) {
    world.terminal.out(constant(world));
    return Lsb.OK;
  }
  const local = Object.hasOwn(LOCAL, command) ? LOCAL[command] : undefined;
  return local === undefined ? withDaemon(world, command, args) : local(world, args);
}

/** What is done without asking the daemon. */
const LOCAL: Readonly<
  Record<string, (world: IpsecWorld, args: readonly string[]) => number | Promise<number>>
> = {
  start,
  restart: async (world, args) => {
    await stop(world);
    return start(world, args);
  },
  stop,
  update: (world) => tellStarter(world, 'SIGHUP', 'Updating'),
  reload: (world) => tellStarter(world, 'SIGUSR1', 'Reloading'),
  migrate: (world) => migration(world),
};

const versionCode = ({ version, kernel }: IpsecWorld): string => `U${version}/K${kernel}`;
const versionText = (world: IpsecWorld): string =>
  `Linux strongSwan ${versionCode(world)}\ncharon-ts\n`;

/** What needs neither files nor a daemon. */
const CONSTANTS: Readonly<Record<string, (world: IpsecWorld) => string>> = {
  '--help': () => USAGE,
  '--version': versionText,
  version: versionText,
  '--versioncode': (world) => `${versionCode(world)}\n`,
  '--copyright': () => COPYRIGHT,
  '--directory': ({ folders }) => `${folders.libexec}\n`,
  '--confdir': ({ folders }) => `${folders.conf}\n`,
  '--piddir': ({ folders }) => `${folders.pid}\n`,
};

function migration(world: IpsecWorld): number {
  try {
    const { text, problems } = migrate(world.places, world.files);
    world.terminal.out(text);
    for (const problem of problems) world.terminal.error(`${problem}\n`);
    return Lsb.OK;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    world.terminal.error(`${error.message}\n`);
    return Lsb.FAILURE;
  }
}

type DaemonCommand = (
  session: IpsecSession,
  args: readonly string[],
  cx: DaemonContext,
) => Promise<void>;

interface DaemonContext {
  readonly world: IpsecWorld;
  readonly command: CommandWorld;
}

/** What commands need: how many arguments at most, and what the usage says of them. */
const ARGUMENTS: ReadonlyMap<string, { readonly most: number; readonly text: string }> = new Map([
  ...['up', 'down', 'route', 'unroute'].map(
    (word) => [word, { most: 1, text: '<connection name>' }] as const,
  ),
  ['down-srcip', { most: 2, text: '<start> [<end>]' }],
]);

async function withDaemon(
  world: IpsecWorld,
  word: string,
  args: readonly string[],
): Promise<number> {
  const run = daemonCommand(word);
  if (run === undefined) {
    const utility = await runUtility(world, word, args);
    if (utility !== undefined) return utility;
    world.terminal.error(
      word.startsWith('-')
        ? `ipsec: unknown option \`${word}' (perhaps command name was omitted?)\n`
        : `ipsec: unknown command \`${word}' (\`ipsec --help' for list)\n`,
    );
    return USAGE_ERROR;
  }
  const needed = ARGUMENTS.get(word);
  if (needed !== undefined && (args.length === 0 || args.length > needed.most)) {
    world.terminal.out(`Usage: ipsec ${word} ${needed.text}\n`);
    return USAGE_ERROR;
  }
  const command = await world.starter.connect();
  if ('unreachable' in command) return unreachable(world, word, command.unreachable);
  await using _ = command.vici;
  try {
    await run(new IpsecSession(command.vici, world.terminal, world.timeout), args, {
      world,
      command,
    });
    return Lsb.OK;
  } catch (error) {
    world.terminal.error(`ipsec ${word}: ${errorText(error)}\n`);
    return UNREACHABLE;
  }
}

function unreachable(world: IpsecWorld, word: string, reason: string): number {
  const runs = world.running(world.pids.daemon) !== undefined;
  const advice = runs ? '' : "; the daemon is not running, `ipsec start' starts it";
  world.terminal.error(`ipsec ${word}: ${reason}${advice}\n`);
  if (word === 'status' || word === 'statusall') {
    if (world.running(world.pids.starter) !== undefined) return Lsb.OK;
    return world.files.exists(world.pids.starter) ? 1 : 3;
  }
  return runs ? UNREACHABLE : Lsb.NOT_RUNNING;
}

function daemonCommand(word: string): DaemonCommand | undefined {
  if (LIST_COMMANDS.includes(word)) {
    return (session, args, { command }) => list(session, word, args.includes('--utc'), command);
  }
  return Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
}

const purge =
  (type: string): DaemonCommand =>
  async (session) => {
    await session.call('flush-certs', [value('type', type)]);
  };

const reread =
  (...folders: readonly string[]): DaemonCommand =>
  (_, __, cx) =>
    new IpsecLoader(cx.command, cx.world.places, 'quiet').certificates(folders);

const rereadSecrets: DaemonCommand = (_, __, cx) =>
  new IpsecLoader(cx.command, cx.world.places, 'quiet').secrets();

const COMMANDS: Readonly<Record<string, DaemonCommand>> = {
  up: (session, [name = '']) => up(session, name),
  down: (session, [name = '']) => down(session, name),
  'down-srcip': (session, [first = '', last = first]) => downSourceIp(session, first, last),
  route: (session, [name = '']) => route(session, name),
  unroute: (session, [name = '']) => unroute(session, name),
  status: (session, [name], { world }) => status(session, false, name, world.addresses),
  statusall: (session, [name], { world }) => status(session, true, name, world.addresses),
  leases: (session, [pool, address]) => leases(session, pool, address),
  listcounters: (session, [name]) => listCounters(session, name),
  resetcounters: (session, [name]) => resetCounters(session, name),
  purgecerts: purge('X509'),
  purgecrls: purge('X509_CRL'),
  purgeocsp: purge('OCSP_RESPONSE'),
  purgeike: (session) => purgeIke(session),
  secrets: rereadSecrets,
  rereadsecrets: rereadSecrets,
  rereadcacerts: reread('cacerts'),
  rereadaacerts: reread('aacerts'),
  rereadocspcerts: reread('ocspcerts'),
  rereadacerts: reread('acerts'),
  rereadcrls: reread('crls'),
  rereadall: async (session, args, cx) => {
    await rereadSecrets(session, args, cx);
    await reread(...CERTIFICATE_FOLDERS.map(([folder]) => folder))(session, args, cx);
  },
};

/** Every command of this program. */
export const IPSEC_COMMANDS: readonly string[] = [
  ...Object.keys(CONSTANTS),
  ...Object.keys(LOCAL),
  ...Object.keys(COMMANDS),
  ...LIST_COMMANDS,
];
