import type { Tree } from '../config/tree.ts';
import { errorText, IkedError } from '../util/error.ts';
import { failure } from './answers.ts';
import type { Command, CommandContext } from './command.ts';
import { decodeMessage } from './message.ts';

/** Elements of a request: connections need some seven octets for one, lists of nothing three. */
const MAX_ELEMENTS = 100_000;

/** Finds commands by name and turns whatever they throw into an answer. */
export class Dispatcher {
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(commands: readonly Command[]) {
    this.#commands = new Map(commands.map((command) => [command.name, command]));
  }

  knows(name: string): boolean {
    return this.#commands.has(name);
  }

  /** The answer to come, or `undefined` if there is no such command. Never rejects. */
  run(
    name: string,
    packet: Uint8Array,
    offset: number,
    context: CommandContext,
  ): Promise<Tree> | undefined {
    const command = this.#commands.get(name);
    if (command === undefined) return undefined;
    return this.#answer(command, packet, offset, context);
  }

  async #answer(
    command: Command,
    packet: Uint8Array,
    offset: number,
    context: CommandContext,
  ): Promise<Tree> {
    try {
      return await command.run(decodeMessage(packet, offset, MAX_ELEMENTS), context);
    } catch (error) {
      if (context.signal.aborted) return [];
      if (error instanceof IkedError) return failure(error.message);
      const stack = error instanceof Error ? error.stack : undefined;
      context.log.log(
        'cfg',
        0,
        `vici command '${command.name}' failed: ${stack ?? errorText(error)}`,
      );
      return failure(`internal error in '${command.name}': ${errorText(error)}`);
    }
  }
}
