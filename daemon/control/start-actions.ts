import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { Logger } from '../contracts/logger.ts';
import type { IkeSaManager } from '../ike/ike-sa-manager.ts';
import { childDelete } from '../ike/tasks/child-delete.ts';

/** Runs the start actions of connections that are loaded and undoes those of the ones that go. */
export class StartActions {
  readonly #manager: IkeSaManager;
  readonly #log: Logger;

  constructor(manager: IkeSaManager, log: Logger) {
    this.#manager = manager;
    this.#log = log;
  }

  /**
   * A connection was added, changed or removed. Children that are the same in both keep running unless the IKE part
   * was replaced; nobody waits for what is started, failures are in the log.
   */
  changed(
    before: ConnectionConfig | undefined,
    after: ConnectionConfig | undefined,
    replaced: boolean,
  ): void {
    const gone = new Set<string>();
    for (const [name, child] of before?.children ?? NO_CHILDREN) {
      const kept = !replaced && after?.children.get(name) === child;
      if (!kept && child.startAction.start) gone.add(name);
    }
    if (before !== undefined && gone.size > 0) this.#undo(before.name, gone);
    for (const [name, child] of after?.children ?? NO_CHILDREN) {
      const kept = !replaced && before?.children.get(name) === child;
      if (kept || !child.startAction.start || after === undefined) continue;
      this.#manager.initiate(after, child).outcome.then((outcome) => {
        if (!outcome.ok) this.#log.log('cfg', 1, `starting '${name}' failed: ${outcome.errmsg}`);
      }, fail);
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

const NO_CHILDREN: ReadonlyMap<string, ChildConfig> = new Map();

// Outcomes are values; a rejection would be a mistake of ours and must be seen.
function fail(error: unknown): never {
  throw error;
}
