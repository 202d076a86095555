import type { ChildConfig } from '../config/connection-types.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { childComeback } from './tasks/child-comeback.ts';
import { childCreate } from './tasks/child-create.ts';

/** A CHILD_SA that the peer closed. */
export interface LostChild {
  readonly config: ChildConfig;
  /** Milliseconds to wait before it is set up again. */
  readonly pause: number;
}

/**
 * The peer closes a CHILD_SA that is still there: its trap is put in place, if `close_action` wants one, so that there is no moment
 * without policy. One that has to wait for coming back has a trap meanwhile in any case, or its traffic would leave in the clear.
 */
export async function beforeClosing(child: ChildSa): Promise<LostChild> {
  const { sa, config } = child;
  const { registry } = sa.env;
  const { trap, start } = config.closeAction;
  const pause = registry.pauseAfterChild(child);
  if ((trap || (start && pause > 0)) && !sa.ending) await registry.trap(sa, [config.name]);
  registry.holdTraps(sa, [config.name], pause);
  return { config, pause };
}

/** The `close_action` of CHILD_SAs that the peer closed: the same ones in the same IKE_SA. To be followed by `advance`. */
export function setUpAgain(sa: IkeSa, children: readonly LostChild[]): void {
  if (sa.ending) return;
  for (const { config, pause } of children) {
    if (!config.closeAction.start) continue;
    const when = pause === 0 ? '' : ` in ${pause / 1000}s, since it went as soon as it had come`;
    sa.log.log('ike', 1, `restarting CHILD_SA ${config.name}${when}`);
    if (pause === 0) sa.tasks.queue(childCreate(config));
    else sa.tasks.later(childComeback(config), pause);
  }
}
