import type { Tree } from '../config/tree.ts';
import { errorText, IkedError } from '../util/error.ts';
import { failure } from './answers.ts';
import type { Command, CommandContext } from './command.ts';
import { LazyMessage, MessageDecoder, type RequestMessage } from './message.ts';
import { tooManyElements } from './request-limits.ts';

/** Octets of a request from which on it may have more elements than are decoded at a time. */
const LARGE = 3 * 2048;
/** Elements decoded at a time; they are so many units of work. */
const SLICE = 2048;
const UNITS_PER_SLICE = 16;

/** Finds commands by name and turns whatever they throw into an answer. */
export class Dispatcher {
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(commands: readonly Command[]) {
    this.#commands = new Map(commands.map((command) => [command.name, command]));
  }

  knows(name: string): boolean {
    return this.#commands.has(name);
  }

  /** The answer, or `undefined` if there is no such command. Never throws, never rejects. */
  run(
    name: string,
    packet: Uint8Array,
    offset: number,
    context: CommandContext,
  ): Tree | Promise<Tree> | undefined {
    const command = this.#commands.get(name);
    if (command === undefined) return undefined;
    const refused = tooManyElements(packet, offset);
    if (refused !== undefined) return failure(refused);
    const octets = packet.subarray(offset);
    if (octets.length > LARGE) return this.#decodeSliced(command, octets, context);
    return this.#answer(command, new LazyMessage(octets), context);
  }

  async #decodeSliced(
    command: Command,
    octets: Uint8Array,
    context: CommandContext,
  ): Promise<Tree> {
    const decoder = new MessageDecoder(octets);
    while (!decoder.step(SLICE)) {
      const turn = context.ready(UNITS_PER_SLICE);
      if (turn !== undefined) await turn;
      if (context.signal.aborted) return [];
    }
    return this.#answer(command, { ...decoder.message, octets }, context);
  }

  #answer(
    command: Command,
    message: RequestMessage,
    context: CommandContext,
  ): Tree | Promise<Tree> {
    try {
      const answer = command.run(message, context);
      return answer instanceof Promise
        ? answer.catch((error: unknown) => failed(command, error, context))
        : answer;
    } catch (error) {
      return failed(command, error, context);
    }
  }
}

function failed(command: Command, error: unknown, context: CommandContext): Tree {
  if (context.signal.aborted) return [];
  if (error instanceof IkedError) return failure(error.message);
  const stack = error instanceof Error ? error.stack : undefined;
  context.log.log('cfg', 0, `vici command '${command.name}' failed: ${stack ?? errorText(error)}`);
  return failure(`internal error in '${command.name}': ${errorText(error)}`);
}
