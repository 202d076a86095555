import type { ChildConfig, ConnectionConfig } from '../../config/connection-types.ts';
import type { SessionStore } from '../../contracts/session-store.ts';
import { utf8 } from '../../util/bytes.ts';
import { InternalError } from '../../util/error.ts';
import type { ChildSa } from '../child-sa.ts';
import type { IkeSa } from '../ike-sa.ts';
import { outboundKeys, saveLinks } from './child-links.ts';
import { ConfigRecords } from './config-records.ts';
import { childConfig, connectionConfig } from './config-shapes.ts';
import { type LastWords, lastWords } from './last-words.ts';
import { recordKey } from './record-keys.ts';
import { savedChild } from './saved-child.ts';
import { savedIke, writeParts } from './saved-ike.ts';
import { writeKeys } from './saved-keys.ts';
import { savedTasks } from './saved-task.ts';
import { savedWindow } from './saved-window.ts';
import type { SessionJournal } from './session-journal.ts';
import type { Plain } from './shape.ts';
import type { TimeBase } from './time-base.ts';

/** What was written of one IKE_SA last, to tell what changed since. */
interface Kept {
  ike: string;
  tasks: string;
  window: number;
  connection: ConnectionConfig | undefined;
  readonly children: Map<ChildSa, KeptChild>;
  speaksLast: boolean;
}

interface KeptChild {
  readonly ownConfig: ChildConfig | undefined;
  readonly revision: readonly unknown[];
}

/** The {@link SessionJournal} that writes. Only what differs from the last time is written, in one step for all records. */
export class SessionWriter implements SessionJournal {
  readonly #store: SessionStore;
  readonly #time: TimeBase;
  readonly #configs: ConfigRecords;
  readonly #kept = new Map<IkeSa, Kept>();
  /** Who goes along with the next checkpoint of whom. */
  readonly #alongside = new Map<IkeSa, IkeSa[]>();
  readonly #origins = new Map<IkeSa, IkeSa>();
  /** Which IKE_SA a CHILD_SA was written for last: rekeying moves them. */
  readonly #owners = new Map<number, IkeSa>();
  #changes = new Map<string, Uint8Array | undefined>();
  #held = false;

  /** `firstConfig` is above the numbers of all configurations that a predecessor has written. */
  constructor(store: SessionStore, time: TimeBase, firstConfig = 1) {
    this.#store = store;
    this.#time = time;
    this.#configs = new ConfigRecords((key, value) => this.#change(key, value), firstConfig);
  }

  established(sa: IkeSa): void {
    const { keys } = sa;
    if (keys === undefined) throw new InternalError('an established IKE_SA has keys');
    this.#change(recordKey('keys', sa.uniqueId), writeKeys(keys));
    this.adopt(sa);
  }

  /** An IKE_SA whose keys a predecessor has written. */
  adopt(sa: IkeSa): void {
    this.#kept.set(sa, {
      ike: '',
      tasks: '',
      window: -1,
      connection: undefined,
      children: new Map(),
      speaksLast: false,
    });
    sa.engine.outbound?.ivs?.reserveAhead((limit) => this.#reserve(sa, limit));
  }

  alongside(sa: IkeSa, other: IkeSa): void {
    if (!this.#kept.has(sa)) return;
    const others = this.#alongside.get(sa);
    if (others === undefined) this.#alongside.set(sa, [other]);
    else others.push(other);
    this.#origins.set(other, sa);
  }

  checkpoint(sa: IkeSa): void {
    const origin = this.#origins.get(sa);
    if (origin !== undefined) {
      // The peer does not know an IKE_SA that we made in an answer before it has that. One that we asked for it knows, and
      // with the private key that is kept a successor would make the same again: it must know what was sent in it.
      if (sa.isInitiator) this.checkpoint(origin);
      return;
    }
    if (!this.#kept.has(sa)) return;
    for (const one of [sa, ...this.#withdraw(sa)]) this.#write(one);
    this.#flush();
  }

  ending(sa: IkeSa, words: LastWords): void {
    const kept = this.#kept.get(sa);
    if (kept === undefined || kept.speaksLast) return;
    for (const other of this.#withdraw(sa)) this.#write(other);
    this.#forget(sa, kept);
    kept.speaksLast = true;
    this.#change(recordKey('last', sa.uniqueId), encoded(lastWords.write(words)));
    this.#flush();
  }

  ended(sa: IkeSa): void {
    const kept = this.#kept.get(sa);
    if (kept === undefined || kept.speaksLast) return;
    for (const other of this.#withdraw(sa)) this.#write(other);
    this.#kept.delete(sa);
    this.#forget(sa, kept);
    this.#flush();
  }

  gone(sa: IkeSa): void {
    if (!this.#kept.delete(sa)) return;
    this.#change(recordKey('last', sa.uniqueId), undefined);
    this.#flush();
  }

  /** Those that wait for this IKE_SA wait no longer. */
  #withdraw(sa: IkeSa): readonly IkeSa[] {
    const others = this.#alongside.get(sa) ?? [];
    this.#alongside.delete(sa);
    for (const other of others) this.#origins.delete(other);
    return others;
  }

  /** Does all of `action` in one step. */
  together(action: () => void): void {
    this.#held = true;
    try {
      action();
    } finally {
      this.#held = false;
    }
    this.#flush();
  }

  /** Removes records that no IKE_SA of this process stands for. */
  discard(keys: Iterable<string>): void {
    for (const key of keys) this.#change(key, undefined);
    this.#flush();
  }

  // Nothing is sealed beyond the limit before this returns, whoever sends what when.
  #reserve(sa: IkeSa, limit: number): void {
    this.#change(recordKey('ivs', sa.uniqueId), encoded(limit));
    if (this.#kept.get(sa)?.ike !== '') this.#flush();
  }

  #write(sa: IkeSa): void {
    const kept = this.#kept.get(sa);
    if (kept === undefined || kept.speaksLast || sa.destroyed) return;
    const id = sa.uniqueId;
    kept.connection = this.#exchange(kept.connection, sa.connection);
    const ike = JSON.stringify(this.#ike(sa));
    if (ike !== kept.ike) {
      kept.ike = ike;
      this.#change(recordKey('ike', id), utf8(ike));
    }
    const tasks = JSON.stringify(savedTasks.write(sa.tasks.save(this.#time)));
    if (tasks !== kept.tasks) {
      kept.tasks = tasks;
      this.#change(recordKey('tasks', id), utf8(tasks));
      const secret = sa.tasks.secret();
      this.#change(recordKey('taskKey', id), secret.length === 0 ? undefined : secret);
    }
    const { window } = sa.engine;
    if (window.revision !== kept.window) {
      kept.window = window.revision;
      this.#change(recordKey('window', id), encoded(savedWindow.write(window.save())));
    }
    this.#writeChildren(sa, kept);
  }

  #ike(sa: IkeSa): Plain {
    const { state, proposal } = sa;
    const peer = state.kind === 'established' || state.kind === 'deleting' ? state.peer : undefined;
    if (peer === undefined || proposal === undefined)
      throw new InternalError(`an IKE_SA that is ${state.kind} cannot be saved`);
    const connection = this.#configs.keyOf(sa.connection);
    return savedIke.write({
      uniqueId: sa.uniqueId,
      isInitiator: sa.isInitiator,
      spiI: sa.spiI,
      spiR: sa.spiR,
      local: sa.local,
      remote: sa.remote,
      ...(connection !== undefined && { connection }),
      ...(sa.localId !== undefined && { localId: sa.localId }),
      proposal,
      peer: { identity: peer.identity, method: peer.method, grants: peer.grants },
      since: state.kind === 'established' ? this.#time.wall(state.since) : 0,
      deleting: state.kind === 'deleting',
      ending: sa.ending,
      up: sa.up,
      ...(sa.successor && { successor: sa.successor.uniqueId }),
      ...(sa.peerRekey?.successor && {
        peerSuccessor: sa.peerRekey.successor.uniqueId,
        lowestNonce: sa.peerRekey.lowestNonce,
      }),
      parts: writeParts(sa, this.#time),
    });
  }

  #writeChildren(sa: IkeSa, kept: Kept): void {
    for (const child of kept.children.keys()) {
      if (sa.children.get(child.terms.uniqueId) === child) continue;
      this.#forgetChild(sa, kept, child);
    }
    for (const child of sa.children.values()) {
      const before = kept.children.get(child);
      const { revision } = child;
      const shared = sa.connection?.children.get(child.config.name) === child.config;
      // Another child may have its name now.
      const placed = before !== undefined && (before.ownConfig === undefined) === shared;
      if (placed && same(before.revision, revision)) continue;
      const ownConfig = this.#exchangeChild(before?.ownConfig, shared ? undefined : child.config);
      kept.children.set(child, { ownConfig, revision });
      this.#owners.set(child.terms.uniqueId, sa);
      const value = savedChild.write({
        ike: sa.uniqueId,
        uniqueId: child.terms.uniqueId,
        config: this.#configs.keyOf(ownConfig) ?? child.config.name,
        ownConfig: ownConfig !== undefined,
        proposal: child.terms.proposal,
        spec: child.spec,
        state: child.state,
        sends: child.sends,
        installedAt: this.#time.wall(child.installedAt),
        links: saveLinks(child),
      });
      const waits = child.outbound === 'REGISTERED';
      const keys = recordKey('childKeys', child.terms.uniqueId);
      this.#change(keys, waits ? outboundKeys(child.spec) : undefined);
      this.#change(recordKey('child', child.terms.uniqueId), encoded(value));
    }
  }

  #forgetChild(sa: IkeSa, kept: Kept, child: ChildSa): void {
    const id = child.terms.uniqueId;
    this.#exchangeChild(kept.children.get(child)?.ownConfig, undefined);
    kept.children.delete(child);
    if (this.#owners.get(id) !== sa) return;
    this.#owners.delete(id);
    this.#change(recordKey('child', id), undefined);
    this.#change(recordKey('childKeys', id), undefined);
  }

  #forget(sa: IkeSa, kept: Kept): void {
    this.#origins.delete(sa);
    for (const child of [...kept.children.keys()]) this.#forgetChild(sa, kept, child);
    kept.connection = this.#exchange(kept.connection, undefined);
    for (const kind of ['ike', 'keys', 'ivs', 'window', 'tasks', 'taskKey'] as const) {
      this.#change(recordKey(kind, sa.uniqueId), undefined);
    }
  }

  #exchange(
    before: ConnectionConfig | undefined,
    after: ConnectionConfig | undefined,
  ): ConnectionConfig | undefined {
    return this.#configs.exchange(before, after, 'connection', connectionConfig);
  }

  #exchangeChild(
    before: ChildConfig | undefined,
    after: ChildConfig | undefined,
  ): ChildConfig | undefined {
    return this.#configs.exchange(before, after, 'childConfig', childConfig);
  }

  #change(key: string, value: Uint8Array | undefined): void {
    this.#changes.get(key)?.fill(0);
    this.#changes.set(key, value);
  }

  #flush(): void {
    if (this.#held || this.#changes.size === 0) return;
    const changes = this.#changes;
    this.#changes = new Map();
    this.#store.write(changes);
    for (const value of changes.values()) value?.fill(0);
  }
}

function encoded(plain: Plain): Uint8Array {
  return utf8(JSON.stringify(plain));
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
