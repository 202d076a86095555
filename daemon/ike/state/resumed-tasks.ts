import type { ChildSpi } from '../../proto/child-spi.ts';
import type { ChildSa } from '../child-sa.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find as findPayload } from '../payloads.ts';
import { namesToRestart } from '../restart.ts';
import { AS_SENT, type OutboundRequest, type QueuedTask, type Reply, type Task } from '../task.ts';
import { childCreate } from '../tasks/child-create.ts';
import { childDelete, childDisown } from '../tasks/child-delete.ts';
import { ikeDelete } from '../tasks/ike-delete.ts';
import { ikeDpd } from '../tasks/ike-dpd.ts';
import { retire } from '../tasks/retire.ts';
import type { SavedTask } from './saved-task.ts';

/** The IKE_SA of this number, if it was taken over. */
export type FindIkeSa = (uniqueId: number) => IkeSa | undefined;

/** A conversation that a predecessor had not begun; `undefined` if there is nothing left to do, or no way to do it. */
export function waitingTask(sa: IkeSa, saved: SavedTask, find: FindIkeSa): QueuedTask | undefined {
  switch (saved.kind) {
    case 'ike-dpd':
      return ikeDpd();
    case 'ike-delete':
      return ikeDelete();
    case 'child-delete': {
      const child = sa.children.get(saved.child);
      return child && childDelete(child);
    }
    case 'child-disown':
      return childDisown(saved.protocol, saved.spi);
    case 'child-create': {
      const child = sa.connection?.children.get(saved.child);
      return child && childCreate(child);
    }
    case 'retire': {
      const old = find(saved.old);
      return old && retire(old, saved.reason);
    }
    case 'other':
      return undefined;
  }
}

/** The conversation whose request is out: it goes on with the answer to the same octets. */
export function runningTask(sa: IkeSa, saved: SavedTask, find: FindIkeSa): QueuedTask {
  const keep = { saved: () => saved };
  switch (saved.kind) {
    case 'ike-dpd':
      return { names: ['IKE_DPD'], run: wait, ...keep };
    case 'ike-delete':
      return { names: ['IKE_DELETE'], run: deletedIke, ...keep };
    case 'child-delete': {
      const child = sa.children.get(saved.child);
      return { names: ['CHILD_DELETE'], run: (owner) => deletedChild(owner, child), ...keep };
    }
    case 'child-disown':
      return { names: ['CHILD_DELETE'], run: wait, ...keep };
    case 'child-create': {
      const reserved = new Map(saved.reserved.map(({ protocol, spi }) => [protocol, spi]));
      const child = sa.connection?.children.get(saved.child);
      return {
        names: ['CHILD_CREATE'],
        child,
        run: (owner) => createdAnew(owner, reserved, waitingTask(owner, saved, find)),
        ...keep,
      };
    }
    case 'retire':
    case 'other':
      return { names: [], run: startAnew, ...keep };
  }
}

async function* wait(): Task {
  yield AS_SENT;
}

async function* deletedIke(sa: IkeSa): Task {
  yield AS_SENT;
  await sa.destroy('terminated');
  sa.log.log('ike', 0, 'IKE_SA deleted');
}

async function* deletedChild(sa: IkeSa, child: ChildSa | undefined): Task {
  yield AS_SENT;
  if (child === undefined) return;
  await child.remove();
  sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
}

// The private key of the exchange is gone with the predecessor: what the peer has set up is taken back and asked for again.
async function* createdAnew(
  sa: IkeSa,
  reserved: ReadonlyMap<number, ChildSpi>,
  again: QueuedTask | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const { message } = yield AS_SENT;
  const protocol = findPayload(message, 'SA')?.proposals[0]?.protocol;
  const spi = protocol === undefined ? undefined : reserved.get(protocol);
  if (protocol !== undefined && spi !== undefined) sa.tasks.queue(childDisown(protocol, spi));
  if (again !== undefined) sa.tasks.queue(again);
}

// Nobody knows any more what the answer means: the peer is told, and what was up is set up again.
async function* startAnew(sa: IkeSa): Task {
  yield AS_SENT;
  const names = namesToRestart(sa, () => true);
  sa.log.log(
    'ike',
    1,
    `IKE_SA ${sa.label} was taken over in the middle of an exchange, setting it up again`,
  );
  if (sa.state.kind === 'deleting') await sa.destroy('terminated');
  else await sa.deleteNow('taken over in the middle of an exchange');
  sa.env.registry.reestablish(sa, names);
}
