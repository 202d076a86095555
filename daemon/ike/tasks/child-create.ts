import type { ChildConfig } from '../../config/connection-types.ts';
import { KernelError } from '../../contracts/kernel.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import { errorText } from '../../util/error.ts';
import { noteError } from '../attempts/note.ts';
import { ChildProposal } from '../child-initiator.ts';
import { createExchange, wipeSecrets } from '../create-exchange.ts';
import { keMethods } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { lacksCpu, wantedCpu } from '../per-cpu.ts';
import { retryDelay, stillTemporary } from '../retry.ts';
import { CreateProgress, type ResumedCreate } from '../state/create-progress.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';
import { takes } from '../triggers.ts';
import type { Outcome } from '../waiters.ts';

/** A further CHILD_SA in an established IKE_SA, RFC 7296 section 1.3.1. */
export function childCreate(child: ChildConfig, resumed?: ResumedCreate): QueuedTask {
  const progress = new CreateProgress(resumed);
  return {
    names: ['CHILD_CREATE'],
    child,
    run: (sa) => conversation(sa, child, progress, resumed),
    saved: () => ({ kind: 'child-create', child: child.name, create: progress.saved() }),
    secret: () => progress.secret(),
    abandoned: (sa, reason) => sa.waiters.settle(child.name, { ok: false, errmsg: reason }),
  };
}

/**
 *     HDR, SK {[N(USE_TRANSPORT_MODE)], SA, Ni, [KEi], TSi, TSr}  -->
 *                                <--  HDR, SK {[N(USE_TRANSPORT_MODE)], SA, Nr, [KEr], TSi, TSr}
 */
async function* conversation(
  sa: IkeSa,
  child: ChildConfig,
  progress: CreateProgress,
  resumed: ResumedCreate | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const refuse = (errmsg: string): void => {
    sa.log.log('ike', 1, `establishing CHILD_SA ${child.name} failed: ${errmsg}`);
    sa.waiters.settle(child.name, { ok: false, errmsg });
  };
  if (resumed === undefined && duplicate(sa, child)) {
    sa.log.log('ike', 1, `not establishing CHILD_SA ${child.name} due to existing duplicate`);
    sa.waiters.settle(child.name, coveredOutcome(sa, child));
    return;
  }
  const offer = await prepare(sa, child, refuse, resumed);
  if (offer === undefined) return;
  progress.begin(offer);
  try {
    sa.log.log('chd', 1, `establishing CHILD_SA ${child.name}{${offer.uniqueId}}`);
    const answer = yield* createExchange(sa, {
      payloads: offer.payloads,
      methods: keMethods(child.proposals),
      first: undefined,
      sent: progress.sent,
      resumed: resumed?.exchange,
    });
    if (answer.kind === 'answered') {
      await offer.complete(answer.message, answer.ni, answer.nr, answer.secrets);
      wipeSecrets(answer.secrets);
      return;
    }
    if (answer.kind === 'withdrawn') return;
    // The peer is busy with something that excludes this for the moment, RFC 7296 section 2.25.
    if (answer.error.type === NotifyType.TEMPORARY_FAILURE && (await stillTemporary(sa))) {
      sa.tasks.later(childCreate(child), retryDelay(sa));
      return;
    }
    await offer.complete(answer.message, NO_NONCE, NO_NONCE);
  } finally {
    sa.earlyDeletes.clear();
    await offer.dispose();
  }
}

const NO_NONCE = new Uint8Array(0);

async function prepare(
  sa: IkeSa,
  child: ChildConfig,
  refuse: (errmsg: string) => void,
  resumed: ResumedCreate | undefined,
): Promise<ChildProposal | undefined> {
  try {
    return await ChildProposal.prepare(sa, child, true, undefined, resumed?.create);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    refuse(errorText(error));
    noteError(sa, error, { role: 'initiator', child: child.name });
    return undefined;
  }
}

// Traffic that asked has its way; a user who asks for one more is told that there is none.
function coveredOutcome(sa: IkeSa, child: ChildConfig): Outcome {
  if (sa.triggers.of(child.name) !== undefined) return { ok: true };
  return { ok: false, errmsg: 'a CHILD_SA with these selectors is established already' };
}

// For a packet only one that takes it counts: the peer may have narrowed the others.
function duplicate(sa: IkeSa, child: ChildConfig): boolean {
  const packet = sa.triggers.of(child.name);
  const cpu = wantedCpu(sa, child);
  // With the fallback there, its traffic has a way: only a CPU without an SA of its own is worth asking for.
  if (cpu !== undefined) return !lacksCpu(sa, child.name, cpu);
  return [...sa.children.values()].some(
    ({ config, live, terms, spec }) =>
      config.name === child.name &&
      live &&
      spec.perCpu?.cpu === undefined &&
      (packet === undefined || takes({ local: terms.localTs, remote: terms.remoteTs }, packet)),
  );
}
