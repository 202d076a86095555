import { IV_BLOCK } from '../../crypto/iv-counter.ts';
import { onlySkD } from '../../crypto/keymat.ts';
import { createProtection } from '../../crypto/message-protection.ts';
import type { InstalledChildSa } from '../../kernel/installed-child.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { TransformType } from '../../proto/iana/transforms.ts';
import { transformOf } from '../../proto/proposal-transforms.ts';
import { InternalError } from '../../util/error.ts';
import { AuthenticatedPeer } from '../authenticators/authenticated-peer.ts';
import { termsOf } from '../child-install.ts';
import { ChildSa } from '../child-sa.ts';
import type { IkeEnvironment } from '../environment.ts';
import { IkeSa } from '../ike-sa.ts';
import { watchLiveness } from '../liveness.ts';
import { childDisown } from '../tasks/child-delete.ts';
import type { SavedLinks } from './child-links.ts';
import type { LeftChild, LeftSession } from './read-sessions.ts';
import { type FindIkeSa, waitingTask } from './resumed-tasks.ts';
import type { TimeBase } from './time-base.ts';

/** An IKE_SA as its record describes it, CHILD_SAs and conversations left out. The keys of `left` are wiped. */
export function restoreIkeSa(env: IkeEnvironment, left: LeftSession, time: TimeBase): IkeSa {
  const { ike, keys, connection } = left;
  const sa = new IkeSa({
    env,
    uniqueId: ike.uniqueId,
    isInitiator: ike.isInitiator,
    spi: ike.isInitiator ? ike.spiI : ike.spiR,
    local: ike.local,
    remote: ike.remote,
    ...(connection !== undefined && { connection }),
  });
  sa.spiI = ike.spiI;
  sa.spiR = ike.spiR;
  sa.localId = ike.localId;
  sa.remoteId = ike.peer.identity;
  sa.ending = ike.ending;
  sa.up = ike.up;
  putKeys(sa, left);
  sa.engine.window.restore(left.window);
  sa.transition({ kind: 'connecting' });
  const peer = AuthenticatedPeer.authenticatedBefore(
    ike.peer.identity,
    ike.peer.method,
    ike.peer.grants,
  );
  // Without its request the DELETE has not begun: it waits.
  if (ike.deleting && left.window.outstanding !== undefined)
    sa.transition({ kind: 'deleting', peer });
  else
    sa.transition({
      kind: 'established',
      peer,
      since: Math.min(time.now(ike.since), env.clock.now()),
    });
  for (const restore of left.parts) restore(sa, time);
  watchLiveness(sa);
  for (const key of Object.values(keys)) key[Symbol.dispose]();
  return sa;
}

// Counters go on behind everything reserved, and behind the block that a write cut off by the crash may have been about.
function putKeys(sa: IkeSa, { ike, keys, ivLimit }: LeftSession): void {
  const { crypto, random } = sa.env;
  const prf = crypto.prf(transformOf(ike.proposal, TransformType.PRF)?.id ?? 0);
  if (prf === undefined) throw new InternalError('no provider of the PRF of a saved IKE_SA');
  sa.proposal = ike.proposal;
  sa.prf = prf;
  sa.keys = onlySkD(keys.skD);
  const [own, peers] = ike.isInitiator
    ? ([
        [keys.skEi, keys.skAi],
        [keys.skEr, keys.skAr],
      ] as const)
    : ([
        [keys.skEr, keys.skAr],
        [keys.skEi, keys.skAi],
      ] as const);
  sa.engine.outbound = createProtection(crypto, ike.proposal, ...own, random, ivLimit + IV_BLOCK);
  sa.engine.inbound = createProtection(crypto, ike.proposal, ...peers, random);
}

/**
 * Gives an IKE_SA a CHILD_SA that the kernel still has. The peer is told if it is gone, or sends no more although nothing
 * replaces it.
 */
export async function restoreChild(
  sa: IkeSa,
  { saved, config, keys }: LeftChild,
  kernel: InstalledChildSa | undefined,
  time: TimeBase,
  replaced: boolean,
): Promise<ChildSa | undefined> {
  const { spec, proposal, uniqueId, links } = saved;
  const stopped = saved.sends && kernel !== undefined && !kernel.sends;
  if (kernel === undefined || (stopped && !replaced && !isReplaced(links))) {
    await kernel?.remove();
    const protocol = spec.protocol === 51 ? ProtocolId.AH : ProtocolId.ESP;
    sa.log.log(
      'chd',
      1,
      `CHILD_SA ${config.name}{${uniqueId}} is gone from the kernel, deleting it`,
    );
    keys?.[Symbol.dispose]();
    if (saved.state !== 'DELETING' && saved.state !== 'DELETED')
      sa.tasks.queue(childDisown(protocol, spec.spiIn));
    return undefined;
  }
  const { localTs, remoteTs, markIn, markOut, ifIdIn, ifIdOut } = spec;
  sa.env.installer.adoptReqid(
    {
      localTs,
      remoteTs,
      ...(markIn && { markIn }),
      ...(markOut && { markOut }),
      ifIdIn,
      ifIdOut,
      fixed: config.reqid,
    },
    spec.reqid,
  );
  // Keys are needed for what is still to be installed only.
  if (kernel.sends || stopped) keys?.[Symbol.dispose]();
  const installedAt = Math.min(time.now(saved.installedAt), sa.env.clock.now());
  const terms = termsOf({ uniqueId, child: config }, spec, proposal);
  const child = new ChildSa(sa, terms, kernel, {
    keys: kernel.sends || stopped ? undefined : keys,
    up: links.up,
    installedAt,
    outbound: stopped ? 'NONE' : kernel.sends ? 'INSTALLED' : links.outbound,
  });
  child.state = saved.state;
  sa.children.set(uniqueId, child);
  sa.env.registry.childInstalled(sa, child);
  return child;
}

function isReplaced({ successor, replacement }: SavedLinks): boolean {
  return successor !== undefined || replacement !== undefined;
}

/** Queues what waited, and before it what ran without waiting for an answer. */
export function restoreWaiting(
  sa: IkeSa,
  { tasks }: LeftSession,
  time: TimeBase,
  find: FindIkeSa,
): void {
  const { active } = tasks;
  const first = active && !sa.engine.waiting ? waitingTask(sa, active, find) : undefined;
  if (first !== undefined) sa.tasks.queue(first);
  for (const { task, notBefore } of tasks.waiting) {
    const plan = waitingTask(sa, task, find);
    if (plan === undefined) continue;
    if (notBefore === undefined) sa.tasks.queue(plan);
    else sa.tasks.later(plan, Math.max(0, time.now(notBefore) - sa.env.clock.now()));
  }
}
