import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { Logger } from '../contracts/logger.ts';
import { failureOf, noteUntried } from '../ike/attempts/note.ts';
import type { IkeSaManager } from '../ike/ike-sa-manager.ts';
import { childDelete } from '../ike/tasks/child-delete.ts';
import { errorText } from '../util/error.ts';
import { type Change, isKept, isStarted, type SaFate, saFates } from './sa-fates.ts';

/** Runs the start actions of connections that are loaded and undoes those of the ones that go. */
export class StartActions {
  readonly #manager: IkeSaManager;
  readonly #log: Logger;
  readonly #starting: (done: Promise<unknown>) => void;

  /** `starting` is told of everything that is being set up. */
  constructor(
    manager: IkeSaManager,
    log: Logger,
    starting: (done: Promise<unknown>) => void = () => {},
  ) {
    this.#manager = manager;
    this.#log = log;
    this.#starting = starting;
  }

  /**
   * A connection was added, changed or removed. Children that are the same in both keep running unless the IKE part
   * was replaced. Resolves when traps and shunts are there (first, so that traffic has its policy throughout); nobody
   * waits for what is started. Failures are in the log. Tells what became of the SAs that there were.
   */
  changed(change: Change): readonly SaFate[] | Promise<readonly SaFate[]> {
    const { before, after } = change;
    // Most connections have none, and most of them come in thousands.
    const wanted = after === undefined ? NOTHING : this.#policiesOf(change, after);
    const waits = wanted.length > 0 || this.#policiesWithout(before, after).length > 0;
    return waits ? this.#withPolicies(change, wanted) : this.#start(change);
  }

  async #withPolicies(change: Change, wanted: readonly ChildConfig[]): Promise<readonly SaFate[]> {
    const { before, after } = change;
    if (after !== undefined && wanted.length > 0) await this.#installPolicies(after, wanted);
    const unwanted = this.#policiesWithout(before, after);
    if (before !== undefined && unwanted.length > 0) await this.#removePolicies(before, unwanted);
    return this.#start(change);
  }

  #start(change: Change): readonly SaFate[] {
    const { after } = change;
    const fates = saFates(this.#manager.tables, change);
    this.#undo(fates);
    for (const [name, child] of after?.children ?? NO_CHILDREN) {
      if (after === undefined || !isStarted(child) || isKept(change, name)) continue;
      const { outcome } = this.#manager.initiate(after, child);
      this.#starting(outcome);
      outcome.then((result) => {
        if (!result.ok) this.#log.log('cfg', 1, `starting '${name}' failed: ${result.errmsg}`);
      }, fail);
    }
    return fates;
  }

  // Children that are not new keep what they have; one that was asked for by hand follows its configuration.
  #policiesOf(change: Change, after: ConnectionConfig): readonly ChildConfig[] {
    const { policies } = this.#manager;
    const wanted: ChildConfig[] = [];
    for (const child of after.children.values()) {
      if (isKept(change, child.name)) continue;
      if (child.startAction.trap || policies.installed(after.name, child.name) === 'requested')
        wanted.push(child);
    }
    return wanted;
  }

  async #installPolicies(after: ConnectionConfig, children: readonly ChildConfig[]): Promise<void> {
    const { policies } = this.#manager;
    for (const child of children) {
      const { name } = child;
      this.#log.log('cfg', 1, `vici installing '${name}'`);
      try {
        await policies.install(after, child, child.startAction.trap);
      } catch (error) {
        const reason = `installing policy '${name}' failed: ${errorText(error)}`;
        this.#log.log('cfg', 1, reason);
        noteUntried(this.#manager.environment, after, reason, failureOf(error), name);
      }
    }
  }

  #policiesWithout(
    before: ConnectionConfig | undefined,
    after: ConnectionConfig | undefined,
  ): readonly string[] {
    if (before === undefined) return [];
    const { policies } = this.#manager;
    const unwanted: string[] = [];
    for (const name of before.children.keys()) {
      const installed = policies.installed(before.name, name);
      const now = after?.children.get(name);
      const goes = now === undefined || (installed === 'started' && !now.startAction.trap);
      if (installed !== 'no' && goes) unwanted.push(name);
    }
    return unwanted;
  }

  async #removePolicies(before: ConnectionConfig, children: readonly string[]): Promise<void> {
    for (const name of children) {
      this.#log.log('cfg', 1, `vici uninstalling '${name}'`);
      await this.#manager.policies.uninstall(before.name, name);
    }
  }

  #undo(fates: readonly SaFate[]): void {
    for (const { sa, closes, closing } of fates) {
      if (closes) {
        sa.delete('the connection that started it was removed');
        continue;
      }
      for (const child of closing) {
        sa.post(() => {
          sa.tasks.queue(childDelete(child));
          return sa.tasks.advance();
        });
      }
    }
  }
}

const NOTHING: readonly ChildConfig[] = [];
const NO_CHILDREN: ReadonlyMap<string, ChildConfig> = new Map();

// Outcomes are values; a rejection would be a mistake of ours and must be seen.
function fail(error: unknown): never {
  throw error;
}
