import type { Tree } from '../../config/tree.ts';
import { findText } from '../../config/tree.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { type ViciChannel, ViciError } from '../../vici/channel.ts';
import type { GivenOption, OptionSpec } from '../getopt.ts';
import { type DumpForm, dump } from './dump.ts';
import { JsonOutput } from './json-output.ts';

/** Numbers of errno(3) that are exit codes of swanctl. */
export const Errno = { ENOENT: 2, EINVAL: 22, ECONNRESET: 104, ECONNREFUSED: 111 } as const;

/** What the usage says of a command. */
interface CommandUsage {
  readonly long: string;
  readonly short: string;
  readonly description: string;
  /** Lines of its synopsis, without the name of the program. */
  readonly synopsis: readonly string[];
  /** Its options besides those that all commands share. */
  readonly options: readonly OptionSpec[];
  /** Ours: the stock program does not have it. */
  readonly own?: true;
  /** What the first word that is no option is taken for. */
  readonly operand?: OptionSpec;
}

/** A command that asks the daemon. */
export interface DaemonCommand extends CommandUsage {
  /** Does it; resolves with the exit code. May throw {@link CommandFailure}. */
  run(cx: CommandContext): Promise<number>;
}

/** A command that needs no daemon: none is connected to. */
export interface LocalCommand extends CommandUsage {
  /** The same. */
  runAlone(cx: LocalContext): Promise<number>;
}

/** One command of swanctl. */
export type SwanctlCommand = DaemonCommand | LocalCommand;

/** Ends a command: `message` goes to stderr, `code` is the exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** What all commands work with. */
interface BaseWorld {
  readonly terminal: Terminal;
  readonly files: OperatorFiles;
  /** Environment variables of the program. */
  readonly environment: ReadonlyMap<string, string>;
  /** Version of this program. */
  readonly version: string;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** What commands work with that need no daemon. */
export interface LocalWorld extends BaseWorld {
  /** The algorithms that a daemon has. */
  readonly crypto: () => Promise<Crypto>;
}

/** What all others work with. */
export interface CommandWorld extends BaseWorld {
  readonly vici: ViciChannel;
  /** What certificates are decoded with. */
  readonly decoders: () => Promise<DecodeTools>;
}

/** What a command works with, and what it was asked for. */
export class BaseContext {
  readonly terminal: Terminal;
  readonly files: OperatorFiles;
  readonly environment: ReadonlyMap<string, string>;
  readonly version: string;
  readonly now: () => number;
  readonly #given: readonly GivenOption[];

  constructor(world: BaseWorld, given: readonly GivenOption[]) {
    this.terminal = world.terminal;
    this.files = world.files;
    this.environment = world.environment;
    this.version = world.version;
    this.now = world.now;
    this.#given = given;
  }

  /** Whether an option was given. */
  has(long: string): boolean {
    return this.#given.some(({ spec }) => spec.long === long);
  }

  /** The argument of an option; the last one counts. */
  text(long: string): string | undefined {
    return this.#given.findLast(({ spec }) => spec.long === long)?.value;
  }
}

/** The same without a daemon. */
export class LocalContext extends BaseContext {
  readonly crypto: () => Promise<Crypto>;

  constructor(world: LocalWorld, given: readonly GivenOption[]) {
    super(world, given);
    this.crypto = world.crypto;
  }
}

/** The same with a daemon. */
export class CommandContext extends BaseContext {
  readonly vici: ViciChannel;
  readonly decoders: () => Promise<DecodeTools>;
  readonly #json = new JsonOutput();

  constructor(world: CommandWorld, given: readonly GivenOption[]) {
    super(world, given);
    this.vici = world.vici;
    this.decoders = world.decoders;
  }

  /** How answers are dumped, if they are. */
  get form(): DumpForm | undefined {
    if (this.has('json')) return 'json';
    if (this.has('pretty')) return 'pretty';
    return this.has('raw') ? 'raw' : undefined;
  }

  /** Prints a dump. */
  dump(label: string, tree: Tree, form: DumpForm): void {
    this.terminal.out(form === 'json' ? this.#json.text(label, tree) : dump(label, tree, form));
  }

  /** Sends a request and gives its answer; throws {@link CommandFailure} if there is none. */
  async ask(command: string, input: Tree = []): Promise<Tree> {
    try {
      return await this.vici.call(command, input);
    } catch (error) {
      throw failure(`${command} request failed`, error);
    }
  }

  /** Sends a request while events arrive; `what` names them in errors. */
  async stream(
    command: string,
    input: Tree,
    event: string,
    what: string,
    onEvent: (data: Tree) => void,
  ): Promise<Tree> {
    await this.listen(event, what, onEvent);
    return this.ask(command, input);
  }

  /** Registers for events until the program ends. */
  async listen(event: string, what: string, onEvent: (data: Tree) => void): Promise<void> {
    try {
      await this.vici.listen(event, onEvent);
    } catch (error) {
      throw failure(`registering for ${what} failed`, error);
    }
  }

  /**
   * How most commands end: a line on success, or the daemon's reason. Dumps never fail, as with the stock program; JSON does, since
   * there nobody expects that.
   */
  conclude(
    command: string,
    answer: Tree,
    options: { readonly silent?: boolean; readonly label?: string } = {},
  ): number {
    const { form } = this;
    if (form !== undefined) {
      this.dump(options.label ?? `${command} reply`, answer, form);
      if (form !== 'json') return 0;
    }
    if (findText(answer, 'success') !== 'yes') {
      this.terminal.error(`${command} failed: ${findText(answer, 'errmsg') ?? ''}\n`);
      return 1;
    }
    if (options.silent !== true && form === undefined)
      this.terminal.out(`${command} completed successfully\n`);
    return 0;
  }
}

function failure(sentence: string, error: unknown): CommandFailure {
  const unknown = error instanceof ViciError && error.kind === 'unknown';
  if (unknown) return new CommandFailure(`${sentence}: No such file or directory`, Errno.ENOENT);
  if (error instanceof ViciError && error.kind === 'closed')
    return new CommandFailure(`${sentence}: Connection reset by peer`, Errno.ECONNRESET);
  return new CommandFailure(`${sentence}: ${error instanceof Error ? error.message : error}`, 1);
}
