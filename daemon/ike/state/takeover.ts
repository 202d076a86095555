import type { SessionStore } from '../../contracts/session-store.ts';
import type { ReservedSa } from '../../kernel/adoption.ts';
import type { ChildSaSpec } from '../../kernel/child-sa-spec.ts';
import type { InstalledChildSa } from '../../kernel/installed-child.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { errorText } from '../../util/error.ts';
import type { ChildSa } from '../child-sa.ts';
import type { IkeEnvironment } from '../environment.ts';
import type { IkeSa } from '../ike-sa.ts';
import { restoreLinks } from './child-links.ts';
import type { SavedCreate } from './create-progress.ts';
import { type LeftSession, type LeftSessions, readSessions } from './read-sessions.ts';
import { recordKey } from './record-keys.ts';
import { restoreChild, restoreIkeSa, restoreWaiting } from './restore-session.ts';
import { runningTask } from './resumed-tasks.ts';
import { SessionWriter } from './session-writer.ts';
import type { TimeBase } from './time-base.ts';

/** What the table of IKE_SAs does with those taken over. */
export interface TakeoverTarget {
  readonly env: IkeEnvironment;
  /** Makes it findable; its numbers and those of its CHILD_SAs are taken. */
  restored(sa: IkeSa, childIds: readonly number[]): void;
}

/**
 * Carries the sessions of a predecessor over: construct it, hand `children` to the kernel's installer, then `restore` with what
 * that adopted, then `resume` once messages can be received.
 */
export class Takeover {
  readonly writer: SessionWriter;
  /** CHILD_SAs that should be in the kernel, oldest first. */
  readonly children: readonly ChildSaSpec[];
  /** SPIs that a request under way has reserved. */
  readonly reserved: readonly ReservedSa[];
  readonly #time: TimeBase;
  readonly #left: LeftSessions;
  readonly #oldKeys: readonly string[];
  readonly #byId = new Map<number, IkeSa>();
  readonly #childById = new Map<number, ChildSa>();
  readonly #restored: { readonly sa: IkeSa; readonly left: LeftSession }[] = [];

  constructor(store: SessionStore, time: TimeBase) {
    const records = store.takeOver();
    this.#time = time;
    this.#left = readSessions(records);
    this.#oldKeys = [...records.keys()];
    for (const octets of records.values()) octets.fill(0);
    this.writer = new SessionWriter(store, time, this.#left.nextConfig);
    this.children = this.#allChildren.map(({ spec }) => spec);
    this.reserved = this.#left.sessions.flatMap(reservedBy);
  }

  /** Builds the IKE_SAs; `adopted` are the CHILD_SAs in the order of `children`. */
  async restore(
    target: TakeoverTarget,
    adopted: readonly (InstalledChildSa | undefined)[],
  ): Promise<void> {
    const { env } = target;
    const inKernel = new Map(
      this.#allChildren.map(({ saved }, index) => [saved.uniqueId, adopted[index]]),
    );
    for (const sentence of this.#left.rejected) {
      env.log.log('ike', 0, `cannot take over ${sentence}`);
    }
    for (const left of this.#left.sessions) {
      try {
        await this.#restoreOne(target, left, inKernel);
      } catch (error) {
        env.log.log(
          'ike',
          0,
          `cannot take over IKE_SA [${left.ike.uniqueId}]: ${errorText(error)}`,
        );
        for (const { saved } of left.children) await inKernel.get(saved.uniqueId)?.remove();
      }
    }
    for (const { sa, left } of this.#restored) this.#tie(sa, left);
    for (const { sa, left } of this.#restored) restoreWaiting(sa, left, this.#time, this.#find);
    for (const { sa, left } of this.#restored) {
      if (!sa.engine.waiting) continue;
      const active = left.tasks.active ?? { kind: 'other' };
      // Once the kernel has SAs for these SPIs the keys were in use: they must not be made a second time.
      const unused = reservedBy(left).every((one) => sa.env.installer.isReserved(one));
      const secret = unused ? left.taskKey : undefined;
      sa.tasks.restore(runningTask(sa, active, this.#find, secret));
    }
    // All of it is written anew, in one step, and nothing else is left.
    this.writer.together(() => {
      const kept = new Set(
        this.#restored.flatMap(({ sa }) => [
          recordKey('keys', sa.uniqueId),
          recordKey('ivs', sa.uniqueId),
        ]),
      );
      this.writer.discard(this.#oldKeys.filter((key) => !kept.has(key)));
      for (const { sa } of this.#restored) this.writer.adopt(sa);
      for (const { sa } of this.#restored) this.writer.checkpoint(sa);
    });
  }

  /** Goes on: requests that are out are sent again, those who ended say their last words again. */
  resume(env: IkeEnvironment): void {
    for (const { local, remote, datagrams } of this.#left.words) {
      for (const datagram of datagrams) env.send(local, remote, datagram);
    }
    for (const { sa, left } of this.#restored) {
      left.taskKey.fill(0);
      sa.post(() => sa.tasks.carryOn());
    }
  }

  #tie(sa: IkeSa, { ike, children, tasks }: LeftSession): void {
    if (ike.successor !== undefined) sa.successor = this.#find(ike.successor);
    if (ike.peerSuccessor !== undefined && ike.lowestNonce !== undefined) {
      const successor = this.#find(ike.peerSuccessor);
      if (successor !== undefined) {
        sa.peerRekey = { successor, lowestNonce: ike.lowestNonce };
        successor.origin = sa;
      }
    }
    const all = [tasks.active, ...tasks.waiting.map(({ task }) => task)];
    for (const { saved } of children) {
      const child = this.#childById.get(saved.uniqueId);
      if (child === undefined) continue;
      const rekeying = all.some(
        (task) => task?.kind === 'child-rekey' && task.child === saved.uniqueId,
      );
      restoreLinks(child, saved.links, (id) => this.#childById.get(id), rekeying);
    }
  }

  readonly #find = (uniqueId: number): IkeSa | undefined => this.#byId.get(uniqueId);

  get #allChildren(): readonly LeftSession['children'][number][] {
    return this.#left.sessions
      .flatMap(({ children }) => children)
      .sort((a, b) => a.saved.uniqueId - b.saved.uniqueId);
  }

  async #restoreOne(
    target: TakeoverTarget,
    left: LeftSession,
    inKernel: ReadonlyMap<number, InstalledChildSa | undefined>,
  ): Promise<void> {
    const sa = restoreIkeSa(target.env, left, this.#time);
    const underWay = createOf(left)?.uniqueId ?? 0;
    target.restored(sa, [underWay, ...left.children.map(({ saved }) => saved.uniqueId)]);
    const { active } = left.tasks;
    for (const child of left.children) {
      const { uniqueId } = child.saved;
      const replaced = active?.kind === 'child-rekey-finish' && active.old === uniqueId;
      const kernel = inKernel.get(uniqueId);
      const restored = await restoreChild(sa, child, kernel, this.#time, replaced);
      if (restored !== undefined) this.#childById.set(uniqueId, restored);
    }
    this.#restored.push({ sa, left });
    this.#byId.set(sa.uniqueId, sa);
    const { address } = sa.remote;
    sa.log.log(
      'ike',
      0,
      `took over IKE_SA ${sa.label} between ${sa.local.address}[${sa.printedId('local')}]...${address}[${sa.printedId('remote')}] with ${sa.children.size} CHILD_SAs`,
    );
  }
}

/** The CREATE_CHILD_SA request that is out, if one is. */
function createOf({ tasks: { active } }: LeftSession): SavedCreate | undefined {
  return active !== undefined && 'create' in active ? active.create : undefined;
}

function reservedBy(left: LeftSession): readonly ReservedSa[] {
  const { ike } = left;
  return (createOf(left)?.reserved ?? []).map(({ protocol, spi }) => ({
    source: ike.remote.address,
    destination: ike.local.address,
    protocol: protocol === ProtocolId.AH ? 51 : protocol === ProtocolId.ESP ? 50 : 108,
    spi,
  }));
}
