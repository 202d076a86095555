import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { Logger } from '../contracts/logger.ts';
import type { IkeSaManager } from '../ike/ike-sa-manager.ts';
import { childDelete } from '../ike/tasks/child-delete.ts';
import { errorText } from '../util/error.ts';

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
   * waits for what is started. Failures are in the log.
   */
  async changed(
    before: ConnectionConfig | undefined,
    after: ConnectionConfig | undefined,
    replaced: boolean,
  ): Promise<void> {
    if (after !== undefined) await this.#installPolicies(before, after, replaced);
    if (before !== undefined) await this.#removePolicies(before, after);
    const gone = new Set<string>();
    for (const [name, child] of before?.children ?? NO_CHILDREN) {
      const kept = !replaced && after?.children.get(name) === child;
      if (!kept && isStarted(child)) gone.add(name);
    }
    if (before !== undefined && gone.size > 0) this.#undo(before.name, gone);
    for (const [name, child] of after?.children ?? NO_CHILDREN) {
      const kept = !replaced && before?.children.get(name) === child;
      if (kept || !isStarted(child) || after === undefined) continue;
      const { outcome } = this.#manager.initiate(after, child);
      this.#starting(outcome);
      outcome.then((result) => {
        if (!result.ok) this.#log.log('cfg', 1, `starting '${name}' failed: ${result.errmsg}`);
      }, fail);
    }
  }

  // Children that are not new keep what they have; one that was asked for by hand follows its configuration.
  async #installPolicies(
    before: ConnectionConfig | undefined,
    after: ConnectionConfig,
    replaced: boolean,
  ): Promise<void> {
    const { policies } = this.#manager;
    for (const [name, child] of after.children) {
      if (!replaced && before?.children.get(name) === child) continue;
      const started = child.startAction.trap;
      if (!started && policies.installed(after.name, name) !== 'requested') continue;
      this.#log.log('cfg', 1, `vici installing '${name}'`);
      try {
        await policies.install(after, child, started);
      } catch (error) {
        this.#log.log('cfg', 1, `installing policy '${name}' failed: ${errorText(error)}`);
      }
    }
  }

  async #removePolicies(
    before: ConnectionConfig,
    after: ConnectionConfig | undefined,
  ): Promise<void> {
    const { policies } = this.#manager;
    for (const name of before.children.keys()) {
      const installed = policies.installed(before.name, name);
      const now = after?.children.get(name);
      const goes = now === undefined || (installed === 'started' && !now.startAction.trap);
      if (installed === 'no' || !goes) continue;
      this.#log.log('cfg', 1, `vici uninstalling '${name}'`);
      await policies.uninstall(before.name, name);
    }
  }

  // SAs made by `start` go; an IKE_SA goes along if no other child remains in it.
  #undo(connection: string, gone: ReadonlySet<string>): void {
    for (const sa of [...this.#manager.tables.ofConnection(connection)]) {
      const children = [...sa.children.values()];
      const mine = children.filter((child) => gone.has(child.config.name));
      if (mine.length === children.length) {
        sa.delete('the connection that started it was removed');
        continue;
      }
      for (const child of mine) {
        sa.post(() => {
          sa.tasks.queue(childDelete(child));
          return sa.tasks.advance();
        });
      }
    }
  }
}

// Mode pass and drop have nothing to start.
function isStarted({ startAction, mode }: ChildConfig): boolean {
  return startAction.start && mode !== 'pass' && mode !== 'drop';
}

const NO_CHILDREN: ReadonlyMap<string, ChildConfig> = new Map();

// Outcomes are values; a rejection would be a mistake of ours and must be seen.
function fail(error: unknown): never {
  throw error;
}
