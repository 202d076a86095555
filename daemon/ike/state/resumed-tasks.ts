import type { ChildSa } from '../child-sa.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find as findPayload } from '../payloads.ts';
import { namesToRestart } from '../restart.ts';
import { AS_SENT, type OutboundRequest, type QueuedTask, type Reply, type Task } from '../task.ts';
import { childCreate } from '../tasks/child-create.ts';
import { childDelete, childDisown } from '../tasks/child-delete.ts';
import { childRekey, childRekeyEnd, childRekeyFinish } from '../tasks/child-rekey.ts';
import { ikeDelete } from '../tasks/ike-delete.ts';
import { ikeDpd } from '../tasks/ike-dpd.ts';
import { ikeRekey } from '../tasks/ike-rekey.ts';
import { retire } from '../tasks/retire.ts';
import { type ResumedCreate, restoreExchange, type SavedCreate } from './create-progress.ts';
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
    case 'ike-rekey':
      return ikeRekey();
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
    case 'child-rekey': {
      const child = sa.children.get(saved.child);
      return child && childRekey(child);
    }
    case 'child-rekey-finish': {
      const [old, by] = [sa.children.get(saved.old), sa.children.get(saved.by)];
      return old && by && childRekeyFinish(old, by, saved.withdrawn);
    }
    case 'retire': {
      const old = find(saved.old);
      return old && retire(old, saved.reason);
    }
    case 'child-rekey-delete':
    case 'other':
      return undefined;
  }
}

/** The conversation whose request is out: it goes on with the answer to the same octets. `secret` is its private key,
 * `undefined` if the keys that it leads to may have been used. */
export function runningTask(
  sa: IkeSa,
  saved: SavedTask,
  find: FindIkeSa,
  secret: Uint8Array | undefined,
): QueuedTask {
  const plan = { saved: () => saved };
  switch (saved.kind) {
    case 'ike-dpd':
      return { names: ['IKE_DPD'], run: wait, ...plan };
    case 'ike-delete':
      return { names: ['IKE_DELETE'], run: deletedIke, ...plan };
    case 'child-delete': {
      const child = sa.children.get(saved.child);
      return { names: ['CHILD_DELETE'], run: (owner) => deletedChild(owner, child), ...plan };
    }
    case 'child-disown':
      return { names: ['CHILD_DELETE'], run: wait, ...plan };
    case 'child-create': {
      const resumed = resume(sa, saved.create, secret);
      const child = sa.connection?.children.get(saved.child);
      if (resumed !== undefined && child !== undefined) return childCreate(child, resumed);
      const again = (owner: IkeSa): QueuedTask | undefined => waitingTask(owner, saved, find);
      return createdAnew(saved.create, again, { names: ['CHILD_CREATE'], child });
    }
    case 'child-rekey': {
      const resumed = resume(sa, saved.create, secret);
      const old = sa.children.get(saved.child);
      if (resumed !== undefined && old !== undefined) return childRekey(old, resumed);
      const again = (): QueuedTask | undefined => {
        if (old?.state !== 'REKEYING') return undefined;
        old.state = 'INSTALLED';
        return childRekey(old);
      };
      return createdAnew(saved.create, again, { names: ['CHILD_REKEY'] });
    }
    case 'child-rekey-delete':
      return childRekeyEnd(sa.children.get(saved.old), sa.children.get(saved.gone));
    case 'ike-rekey': {
      const resumed = resume(sa, saved.create, secret);
      if (resumed !== undefined) return ikeRekey(resumed);
      return { names: ['IKE_REKEY'], run: startAnew, ...plan };
    }
    case 'child-rekey-finish':
    case 'retire':
    case 'other':
      return { names: [], run: startAnew, ...plan };
  }
}

function resume(
  sa: IkeSa,
  create: SavedCreate | undefined,
  secret: Uint8Array | undefined,
): ResumedCreate | undefined {
  const exchange = create && secret && restoreExchange(sa, create, secret);
  return create && exchange && { create, exchange };
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

/**
 * For an exchange whose private key could not be kept: what the peer has set up is taken back, and asked for again.
 */
function createdAnew(
  create: SavedCreate | undefined,
  again: (sa: IkeSa) => QueuedTask | undefined,
  plan: Pick<QueuedTask, 'names' | 'child'>,
): QueuedTask {
  const reserved = new Map(create?.reserved.map(({ protocol, spi }) => [protocol, spi]));
  const run = async function* (sa: IkeSa): AsyncGenerator<OutboundRequest, void, Reply> {
    const { message } = yield AS_SENT;
    const protocol = findPayload(message, 'SA')?.proposals[0]?.protocol;
    const spi = protocol === undefined ? undefined : reserved.get(protocol);
    if (protocol !== undefined && spi !== undefined) sa.tasks.queue(childDisown(protocol, spi));
    const next = again(sa);
    if (next !== undefined) sa.tasks.queue(next);
  };
  return { ...plan, run };
}

// Nobody knows any more what the answer means: the peer is told, and what was up is set up again.
async function* startAnew(sa: IkeSa): Task {
  yield AS_SENT;
  const names = namesToRestart(sa, () => true);
  const label = `IKE_SA ${sa.label}`;
  sa.log.log('ike', 1, `${label} was taken over in the middle of an exchange, setting it up again`);
  if (sa.state.kind === 'deleting') await sa.destroy('terminated');
  else await sa.deleteNow('taken over in the middle of an exchange');
  sa.env.registry.reestablish(sa, names);
}
