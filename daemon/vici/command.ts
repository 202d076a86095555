import type { Tree } from '../config/tree.ts';
import type { Logger } from '../contracts/logger.ts';
import type { EventBatch } from './event-batch.ts';
import type { RequestMessage } from './message.ts';
import type { ViciServices } from './services.ts';

/** What a command sees of the client that asked. */
export interface CommandContext {
  readonly services: ViciServices;
  readonly log: Logger;
  /** Whether the client came by the socket for reading: it may see what there is, and is not trusted with the daemon's time. */
  readonly readOnly: boolean;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Sends an event to this client, if it registered for it. `droppable` ones are lost first if it does not read. */
  event(name: string, tree: Tree, droppable?: boolean): void;
  /** For many events of one name to this client, if it registered for them. */
  batch(name: string): EventBatch;
  /**
   * Counts so many units of work, one unless told otherwise; resolves when the client has read enough to be sent more, and the event loop has
   * had its turn; or at once.
   */
  ready(units?: number): Promise<void> | undefined;
}

/** One VICI command. */
export interface Command {
  readonly name: string;
  /** The answer. Whatever it throws is answered with `success=no` and the message as `errmsg`. */
  run(message: RequestMessage, context: CommandContext): Tree | Promise<Tree>;
}
