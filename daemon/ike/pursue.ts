import type { ChildConfig } from '../config/connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { childCreate } from './tasks/child-create.ts';
import { connect } from './tasks/connect.ts';

const GOING = { ok: false, errmsg: 'the IKE_SA is being deleted' } as const;

/** Within a job of an IKE_SA: begins or goes on with what somebody waits for, the IKE_SA itself or one of its children. */
export function pursue(sa: IkeSa, child: ChildConfig | undefined): Promise<void> {
  const { state, tasks, waiters } = sa;
  if (sa.ending) {
    waiters.settle(child?.name, GOING);
  } else if (child !== undefined && tasks.creates(child)) {
    // What is under way tells everybody who waits.
  } else if (state.kind === 'established') {
    if (child === undefined) waiters.settle(undefined, { ok: true });
    else tasks.queue(childCreate(child));
  } else if (state.kind === 'created' && !tasks.busy) {
    tasks.queue(connect(child));
  } else if (state.kind === 'connecting' || state.kind === 'created') {
    if (child !== undefined) tasks.queue(childCreate(child));
  } else {
    waiters.settle(child?.name, GOING);
  }
  // Whoever asks now does not wait for the next try's time.
  return tasks.release();
}
