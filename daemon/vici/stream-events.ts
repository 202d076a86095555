import type { Listed } from '../control/control.ts';
import type { CommandContext } from './command.ts';
import type { MessageWriter } from './message-writer.ts';

/**
 * Sends one event for each item, in slices between which everything else has its turn, and no faster than the client reads.
 * Nothing that was written stays behind while an item is waited for.
 */
export async function streamEvents<T>(
  context: CommandContext,
  name: string,
  items: Iterable<Listed<T>>,
  write: (out: MessageWriter, item: T) => void,
): Promise<void> {
  const batch = context.batch(name);
  try {
    for (const next of items) {
      if (context.signal.aborted) return;
      if (next instanceof Promise) batch.flush();
      const item = next instanceof Promise ? await next : next;
      if (item === undefined) continue;
      batch.add((out) => write(out, item));
      const turn = context.ready();
      if (turn === undefined) continue;
      batch.flush();
      await turn;
    }
  } finally {
    batch.flush();
  }
}
