import { ConfNode } from '../../config/conf-tree.ts';
import { ConfigError } from '../../util/error.ts';
import { convertConf } from './conn-sections.ts';
import { faultsOf } from './faults.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { type IpsecPlaces, rooted } from './load.ts';
import { Lsb, Starter } from './starter.ts';
import { BACKGROUND, parseStarterOptions, type StarterOptions } from './starter-options.ts';
import type { IpsecWorld } from './world.ts';

// Loading a large configuration on a slow machine may take this long; a daemon that ends is noticed at once.
const STARTED_WITHIN = 120_000;
const STOPPED_WITHIN = 11_000;
const POLL = 100;

/** `ipsec start`: checks ipsec.conf, then keeps the daemon running, in the background unless told otherwise. */
export async function start(world: IpsecWorld, args: readonly string[]): Promise<number> {
  const options = parseStarterOptions(args);
  if (typeof options === 'string') {
    world.terminal.error(`${options}\n`);
    return Lsb.BAD_ARGUMENT;
  }
  const places = { ...world.places, conf: options.conf ?? world.places.conf };
  const { problem, warnings } = faultsIn(world, places);
  if (options.conftest || !options.nofork)
    for (const warning of warnings) world.terminal.error(`${warning}\n`);
  if (options.conftest) {
    const problems = problem === undefined ? await refusedIn(world, places) : [problem];
    for (const text of problems) world.terminal.error(`${text}\n`);
    world.terminal.error(problems.length === 0 ? 'config OK\n' : 'config invalid!\n');
    return problems.length === 0 ? Lsb.OK : Lsb.FAILURE;
  }
  if (world.running(world.pids.starter) !== undefined) {
    world.terminal.error(
      `starter is already running (${world.pids.starter} exists) -- no fork done\n`,
    );
    return Lsb.OK;
  }
  if (problem !== undefined) {
    world.terminal.error(`${problem}\nunable to start strongSwan -- fatal errors in config\n`);
    return Lsb.FAILURE;
  }
  world.terminal.error(`Starting strongSwan ${world.version} IPsec [starter]...\n`);
  return options.nofork ? keep(world, places, options) : background(world, args);
}

/** Everything that can be wrong with ipsec.conf, before anything is started. */
function faultsIn(
  world: IpsecWorld,
  places: IpsecPlaces,
): { readonly problem?: string; readonly warnings: readonly string[] } {
  try {
    const { warnings } = convertConf(readIpsecConf(places.conf, world.files), places.host);
    return { warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message, warnings: [] };
  }
}

/** What a daemon would refuse of an ipsec.conf that can be read: what else is in it would be loaded. */
async function refusedIn(world: IpsecWorld, places: IpsecPlaces): Promise<readonly string[]> {
  const { files, host } = { files: world.files, host: places.host };
  const conf = readIpsecConf(places.conf, files);
  const root = ConfNode.of(rooted(places.conf, convertConf(conf, host)));
  const explain = faultsOf({ crypto: world.crypto, files, now: world.now }, root, host.folder);
  const problems: string[] = [];
  for (const plural of ['authorities', 'pools', 'connections'] as const) {
    for (const name of root.at(plural).sectionNames())
      problems.push(...((await explain?.(plural, name)) ?? []));
  }
  return problems;
}

function keep(world: IpsecWorld, places: IpsecPlaces, options: StarterOptions): Promise<number> {
  const { starter, terminal, pids } = world;
  return new Starter(starter, world.files, terminal, places, pids, options).run();
}

async function background(world: IpsecWorld, args: readonly string[]): Promise<number> {
  let gone = false;
  void world.fork(['start', '--nofork', BACKGROUND, ...args]).ended.then(() => {
    gone = true;
  });
  for (let waited = 0; waited < STARTED_WITHIN && !gone; waited += POLL) {
    if (world.running(world.pids.starter) !== undefined) return Lsb.OK;
    await world.starter.sleep(POLL);
  }
  world.terminal.error('strongSwan did not start: the log of charon says why\n');
  return Lsb.FAILURE;
}

/** `ipsec stop`; there is nothing left when it resolves. */
export async function stop(world: IpsecWorld): Promise<number> {
  const pid = world.running(world.pids.starter) ?? world.running(world.pids.daemon);
  if (pid === undefined) {
    world.terminal.error('Stopping strongSwan IPsec failed: starter is not running\n');
    return Lsb.OK;
  }
  world.terminal.error('Stopping strongSwan IPsec...\n');
  world.signal(pid, 'SIGTERM');
  for (let waited = 0; waited < STOPPED_WITHIN; waited += POLL) {
    if (isGone(world)) return Lsb.OK;
    await world.starter.sleep(POLL);
  }
  for (const file of [world.pids.starter, world.pids.daemon]) {
    const left = world.running(file);
    if (left !== undefined) world.signal(left, 'SIGKILL');
    world.starter.removePid(file);
  }
  return Lsb.OK;
}

function isGone({ running, pids }: IpsecWorld): boolean {
  return running(pids.starter) === undefined && running(pids.daemon) === undefined;
}

/** `ipsec update` and `ipsec reload`: a signal to the process that `ipsec start` left behind. */
export function tellStarter(
  world: IpsecWorld,
  signal: 'SIGHUP' | 'SIGUSR1',
  doing: 'Updating' | 'Reloading',
): number {
  const pid = world.running(world.pids.starter);
  if (pid === undefined) {
    world.terminal.error(`${doing} strongSwan IPsec failed: starter is not running\n`);
    return Lsb.NOT_RUNNING;
  }
  world.terminal.error(`${doing} strongSwan IPsec configuration...\n`);
  world.signal(pid, signal);
  return Lsb.OK;
}
