import type { Random } from '../contracts/random.ts';
import type { Failure } from './attempts/failure.ts';
import { type FailureContext, noteFailure } from './attempts/note.ts';
import type { IkeSa } from './ike-sa.ts';
import type { QueuedTask } from './task.ts';

/** Why a try of the initial exchanges ended. */
export interface FailedTry {
  /** `early`: a name did not resolve, or there was no route: it failed before anything was sent. */
  readonly kind: 'silence' | 'early' | 'refused';
  readonly reason: string;
  readonly failure: Failure;
  readonly step?: FailureContext['step'];
}

const FIRST_DELAY = 5;
const LONGEST_DELAY = 300;

/**
 * Seconds to wait after failed try number `tries`: 5, doubled with every further one, at most 300; of that a random
 * share of up to a half is taken off, so that many peers of one gateway do not come back at one moment.
 */
export function retryDelay(tries: number, random: Random): number {
  const full = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(tries - 1, 16));
  return full - (full * random.below(501)) / 1000;
}

/**
 * A try failed: starts the next one, now or later, or gives up and tells whoever waits. `keyingtries` counts silence and
 * what failed early. With 0 nothing ends it, a refusal neither: the peer may be starting, or about to be mended.
 */
export async function tryFailed(
  sa: IkeSa,
  plan: QueuedTask | undefined,
  failure: FailedTry,
): Promise<void> {
  noteTry(sa, plan, failure);
  const limit = sa.connection?.keyingTries ?? 1;
  const interval = failure.kind === 'early' ? sa.env.options().retry_initiate_interval : 0;
  const endless = limit === 0 || interval > 0;
  if (
    plan?.again === undefined ||
    (!endless && (sa.tries >= limit || failure.kind === 'refused'))
  ) {
    await sa.destroy(failure.reason);
    return;
  }
  // What was loaded meanwhile is what counts now.
  const connection = sa.env.connections.get(sa.connection?.name ?? '');
  const child = plan.child && connection?.children.get(plan.child.name);
  if (connection === undefined || (plan.child !== undefined && child === undefined)) {
    await sa.destroy(`${failure.reason}; it is not configured any more`);
    return;
  }
  const delay =
    interval > 0
      ? interval
      : failure.kind === 'silence' && limit !== 0
        ? 0
        : retryDelay(sa.tries, sa.env.random);
  if (interval === 0) sa.tries++;
  const what = failure.kind === 'silence' ? 'peer not responding' : failure.reason;
  const when = delay === 0 ? '' : ` in ${Math.round(delay)}s`;
  const count = interval > 0 ? '' : ` (${sa.tries}/${limit})`;
  sa.log.log('ike', 1, `${what}, trying again${count}${when}`);
  // Silence may end with the next packet; a refusal is an answer.
  if (failure.kind === 'refused') sa.waiters.settleAll({ ok: false, errmsg: failure.reason });
  sa.restart();
  // The gateway that we were sent to does not answer: the one that sent us may know another.
  if (sa.destination !== undefined && 'gateway' in sa.destination && sa.replaces === undefined) {
    sa.destination = undefined;
  }
  sa.assign(connection);
  sa.tasks.hold(plan.again(child));
  if (delay === 0) await sa.tasks.release();
  else sa.timers.start('retry', delay * 1000);
}

function noteTry(
  sa: IkeSa,
  plan: QueuedTask | undefined,
  { reason, failure, step }: FailedTry,
): void {
  const child = plan?.child?.name;
  noteFailure(sa, reason, failure, {
    ...(step && { step }),
    ...(child !== undefined && { child }),
  });
}
