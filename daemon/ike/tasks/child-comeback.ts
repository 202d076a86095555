import type { ChildConfig } from '../../config/connection-types.ts';
import type { OutboundRequest, QueuedTask } from '../task.ts';
import { childCreate } from './child-create.ts';

const NOTHING_TO_ASK: readonly OutboundRequest[] = [];

/**
 * Sets up again, as it is configured by then, a CHILD_SA that had to wait. Until its time has come nobody takes it for one that is
 * being set up: whoever wants it earlier gets it at once, and it finds a duplicate.
 */
export function childComeback(child: ChildConfig): QueuedTask {
  const { saved } = childCreate(child);
  return {
    names: ['CHILD_CREATE'],
    run: async function* (sa) {
      const connection = sa.connection && sa.env.connections.get(sa.connection.name);
      const current = connection?.children.get(child.name);
      if (current !== undefined && !sa.ending) sa.tasks.queue(childCreate(current));
      yield* NOTHING_TO_ASK;
    },
    ...(saved && { saved }),
  };
}
