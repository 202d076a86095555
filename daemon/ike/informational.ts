import { NotifyType, notifyName } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { andThen } from '../util/awaitable.ts';
import type { Waits } from '../util/waits.ts';
import { alert } from './announce.ts';
import { noteFailure } from './attempts/note.ts';
import { deleteChildren } from './child-deletes.ts';
import { setUpAgain } from './closed-children.ts';
import { takeCrashToken } from './crash-detection.ts';
import type { IkeSa } from './ike-sa.ts';
import { answerConfig } from './later-config.ts';
import { obeyAuthLifetime } from './lifetimes.ts';
import { answerMobike } from './mobike-responder.ts';
import { findError, findNotify } from './payloads.ts';
import { followActiveRedirect } from './redirect.ts';
import { mayBringBack, namesToRestart } from './restart.ts';
import type { InboundRequest, OutboundResponse } from './task.ts';
import { completePeerRekey } from './tasks/ike-rekey.ts';

const DISTRUSTED = 'the peer refused our authentication after IKE_AUTH';

/** INFORMATIONAL as responder: CHILD_SA deletes first, then that of the IKE_SA, one answer (RFC 7296 section 1.4.1). */
export function* respondInformational(sa: IkeSa, request: InboundRequest): Waits<OutboundResponse> {
  const { message } = request;
  const deletes = message.payloads.filter((payload) => payload.kind === 'Delete');
  const failure = findError(message);
  if (failure?.type === NotifyType.AUTHENTICATION_FAILED) {
    sa.log.log('ike', 1, 'received AUTHENTICATION_FAILED notify error');
    alert(sa.env, 'local-auth-failed', sa);
    noteFailure(sa, DISTRUSTED, { kind: 'refused', notify: failure.type }, { step: 'IKE_AUTH' });
    return closing(sa, DISTRUSTED, [], []);
  }
  if (failure !== undefined) {
    sa.log.log('ike', 1, `received ${notifyName(failure.type)} notify error, ignored`);
  }
  takeCrashToken(sa, message);
  const redirect = findNotify(message, NotifyType.REDIRECT);
  if (redirect !== undefined) followActiveRedirect(sa, redirect);
  const lifetime = findNotify(message, NotifyType.AUTH_LIFETIME);
  if (lifetime !== undefined) obeyAuthLifetime(sa, lifetime);
  const mobile = yield* answerMobike(sa, request);
  const children = deletes.filter((payload) => payload.protocol !== ProtocolId.IKE);
  const names = namesToRestart(sa, (child) => child.closeAction.start);
  const traps = namesToRestart(sa, (child) => child.closeAction.trap);
  const { answers, lost } = yield* deleteChildren(sa, children);
  if (children.length < deletes.length) {
    sa.log.log('ike', 0, `received DELETE for IKE_SA ${sa.label}`);
    // The peer replaced it and is done: what it made takes over although our own rekeying is unanswered.
    if (completePeerRekey(sa)) return closing(sa, 'it was replaced', [], []);
    return closing(sa, 'the peer deleted the IKE_SA', names, traps);
  }
  const again = lost.filter(({ config }) => names.includes(config.name));
  return {
    payloads: [...answers, ...answerConfig(sa, message), ...mobile.payloads],
    after: () =>
      andThen(mobile.after?.(), () => {
        setUpAgain(sa, again);
        return sa.tasks.advance();
      }),
  };
}

/** The peer closes the IKE_SA: everything goes down once the answer is sent; children to be kept come back. */
function closing(
  sa: IkeSa,
  reason: string,
  names: readonly string[],
  traps: readonly string[],
): OutboundResponse {
  sa.log.log(
    'ike',
    0,
    `deleting IKE_SA ${sa.label} between ${sa.local.address}[${sa.printedId('local')}]...` +
      `${sa.remote.address}[${sa.printedId('remote')}]`,
  );
  const { registry } = sa.env;
  const back = mayBringBack(sa) ? names : [];
  const live = [...sa.children.values()].filter((child) => child.live);
  const held = live.map((child) => child.config.name);
  const pause = live.length > 0 ? registry.pauseAfterIke(sa) : 0;
  // Those that have to wait have a trap meanwhile, or their traffic would leave in the clear.
  const trapped = pause > 0 ? [...new Set([...traps, ...back])] : traps;
  return {
    payloads: [],
    last: true,
    after: async () => {
      const { state } = sa;
      if (state.kind === 'established') sa.transition({ kind: 'deleting', peer: state.peer });
      await registry.trap(sa, trapped);
      registry.holdTraps(sa, held, pause);
      await sa.destroy(reason);
      sa.log.log('ike', 0, 'IKE_SA deleted');
      if (back.length > 0) registry.reestablish(sa, back, pause);
    },
  };
}
