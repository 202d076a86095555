import type { ChildSa } from '../ike/child-sa.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import { childDelete } from '../ike/tasks/child-delete.ts';
import type { ProgressSink, TerminateOutcome, TerminateRequest } from './control.ts';
import type { ControllerDeps } from './controller.ts';
import { describeSelector, findTargets, type Target } from './find-targets.ts';
import { followLog } from './follow-log.ts';
import { within } from './within.ts';

/**
 * Closes every SA that matches, one after the other, each with its own time limit. With `force` an IKE_SA is destroyed
 * without waiting for the peer: at once, or after the time limit if there is one.
 */
export async function terminate(
  deps: ControllerDeps,
  request: TerminateRequest,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<TerminateOutcome> {
  const { child, ike, childId, ikeId } = request;
  if (child === undefined && ike === undefined && !childId && !ikeId) {
    return { ok: false, errmsg: 'missing terminate selector' };
  }
  deps.hub.log('cfg', 1, `vici terminate ${describeSelector(request)}`);
  const targets = findTargets(deps.manager, request);
  if (targets.length === 0) {
    return { ok: false, errmsg: 'no matching SAs to terminate found', matches: 0, terminated: 0 };
  }
  using _log = followLog(
    deps.hub,
    targets.map((target) => target.sa),
    progress,
  );
  let terminated = 0;
  for (const target of targets) {
    if (await terminateOne(deps, target, request, signal)) terminated++;
  }
  const matches = targets.length;
  if (terminated === matches || request.timeout < 0) return { ok: true, matches, terminated };
  const errmsg =
    matches === 1 ? 'terminating SA failed' : 'not all matching SAs could be terminated';
  return { ok: false, errmsg, matches, terminated };
}

async function terminateOne(
  deps: ControllerDeps,
  { sa, child }: Target,
  { force, timeout }: TerminateRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const hopeless = sa.state.kind === 'deleting';
  const closed = child === undefined ? closeIke(deps, sa) : closeChild(deps, sa, child);
  if (child === undefined && force && (timeout <= 0 || hopeless)) {
    sa.dismiss('terminated');
  }
  if (timeout < 0) return true;
  const outcome = await within(deps.clock, closed, timeout, signal);
  if (outcome === undefined && force && child === undefined) {
    // The reference answers with failure here although the SA is gone.
    sa.dismiss('terminated');
  }
  return outcome === true;
}

function closeIke({ hub, manager }: ControllerDeps, sa: IkeSa): Promise<boolean> {
  hub.log('cfg', 1, `vici closing IKE_SA '${sa.tag.name}' #${sa.uniqueId}`);
  const gone = manager.whenDestroyed(sa);
  sa.delete('terminated by request');
  return gone.then(() => true);
}

function closeChild({ hub }: ControllerDeps, sa: IkeSa, child: ChildSa): Promise<boolean> {
  hub.log('cfg', 1, `vici closing CHILD_SA '${child.config.name}' #${child.terms.uniqueId}`);
  return new Promise((resolve) => {
    // It may go down in other ways, with its IKE_SA for one, before the DELETE has its turn.
    child.whenRemoved(() => resolve(true));
    sa.post(() => {
      sa.tasks.queue(childDelete(child));
      return sa.tasks.advance();
    });
  });
}
