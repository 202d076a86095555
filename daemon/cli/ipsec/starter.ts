import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import { ConfigError } from '../../util/error.ts';
import type { CommandWorld } from '../swanctl/command.ts';
import { debugArguments } from './charon-debug.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { IpsecLoader, type IpsecPlaces } from './load.ts';
import type { StarterOptions } from './starter-options.ts';

/** A process that was started. */
export interface StartedProcess {
  readonly pid: number;
  readonly ended: Promise<void>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** What the starter asks of the system. */
export interface StarterSystem {
  /** Of this process. */
  readonly pid: number;
  /** Starts the daemon with these arguments. */
  startDaemon(args: readonly string[]): StartedProcess;
  writePid(file: string, pid: number): void;
  removePid(file: string): void;
  sleep(milliseconds: number): Promise<void>;
  /** Connects to the daemon's VICI socket; `undefined` if nobody answers. */
  connect(): Promise<CommandWorld | Unreachable>;
  /** Signals for the starter, one after the other; with `every` also SIGHUP each time as many seconds have gone by. */
  signals(every?: number): AsyncIterable<'SIGHUP' | 'SIGUSR1' | 'SIGTERM'>;
}

/** Why nobody answers at the daemon's socket. */
export interface Unreachable {
  readonly unreachable: string;
}

/** Where the pid files are. */
export interface PidFiles {
  readonly starter: string;
  readonly daemon: string;
}

/** Exit codes of LSB. */
export const Lsb = { OK: 0, FAILURE: 1, BAD_ARGUMENT: 2, NOT_RUNNING: 7 } as const;

// A daemon that ends while it starts is noticed at once.
const STARTING_TIME = 120_000;
const POLL = 100;
const RESTART_AFTER = 5_000;
const STOPPING_TIME = 10_000;

/** Keeps the daemon running with the configuration of ipsec.conf: what `ipsec start` leaves behind. */
export class Starter {
  readonly #system: StarterSystem;
  readonly #files: OperatorFiles;
  readonly #terminal: Terminal;
  readonly #places: IpsecPlaces;
  readonly #pids: PidFiles;
  readonly #options: StarterOptions;
  #daemon: StartedProcess | undefined;
  #stopping = false;

  constructor(
    system: StarterSystem,
    files: OperatorFiles,
    terminal: Terminal,
    places: IpsecPlaces,
    pids: PidFiles,
    options: StarterOptions,
  ) {
    this.#system = system;
    this.#files = files;
    this.#terminal = terminal;
    this.#places = places;
    this.#pids = pids;
    this.#options = options;
  }

  /** Runs until SIGTERM; resolves with the exit code. */
  async run(): Promise<number> {
    if (!(await this.#start())) {
      await this.#end();
      return Lsb.FAILURE;
    }
    this.#system.writePid(this.#pids.starter, this.#system.pid);
    for await (const signal of this.#system.signals(this.#options.autoUpdate)) {
      if (signal === 'SIGTERM') break;
      await this.#load(signal === 'SIGUSR1');
    }
    await this.#end();
    return Lsb.OK;
  }

  async #start(): Promise<boolean> {
    const daemon = this.#system.startDaemon(this.#daemonArguments());
    this.#daemon = daemon;
    this.#system.writePid(this.#pids.daemon, daemon.pid);
    let gone = false;
    void daemon.ended.then(() => {
      gone = true;
      if (!this.#stopping) void this.#again();
    });
    for (let waited = 0; waited < STARTING_TIME && !gone; waited += POLL) {
      if (await this.#load(false)) return true;
      await this.#system.sleep(POLL);
    }
    this.#terminal.error('charon did not start: its log says why\n');
    return false;
  }

  /** Levels of the command line, or those of the file as it is now. */
  #daemonArguments(): readonly string[] {
    const { daemonArguments, background } = this.#options;
    const place = background ? ['--use-syslog'] : [];
    if (daemonArguments.length > 0) return [...place, ...daemonArguments];
    try {
      const { setup } = readIpsecConf(this.#places.conf, this.#files);
      return [...place, ...debugArguments(setup)];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return place;
    }
  }

  // A daemon that died is started again, after a pause that keeps a broken one from eating the machine.
  async #again(): Promise<void> {
    this.#terminal.error(`charon has died -- restart scheduled (${RESTART_AFTER / 1000}sec)\n`);
    await this.#system.sleep(RESTART_AFTER);
    if (!this.#stopping) await this.#start();
  }

  /** Loads the configuration, from nothing with `anew`; false if the daemon does not answer yet. */
  async #load(anew: boolean): Promise<boolean> {
    const world = await this.#system.connect();
    if ('unreachable' in world) return false;
    await using _ = world.vici;
    try {
      await new IpsecLoader(world, this.#places).all(anew);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#terminal.error(`${error.message}\nconfiguration not loaded\n`);
    }
    return true;
  }

  async #end(): Promise<void> {
    this.#stopping = true;
    const daemon = this.#daemon;
    if (daemon !== undefined) {
      daemon.signal('SIGTERM');
      const timeout = this.#system.sleep(STOPPING_TIME).then(() => daemon.signal('SIGKILL'));
      await Promise.race([daemon.ended, timeout]);
    }
    this.#system.removePid(this.#pids.daemon);
    this.#system.removePid(this.#pids.starter);
  }
}
