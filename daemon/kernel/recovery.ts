import type { StateJournal } from '../contracts/journal.ts';
import {
  KernelError,
  type KernelIpsec,
  type KernelNet,
  type KernelPolicy,
  type KernelRoute,
} from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import { errorText } from '../util/error.ts';
import { isHostRecord, policyRecord, routeOfRecord, saRecord } from './records.ts';
import type { Reqids } from './reqids.ts';
import type { SharedObjects } from './shared-objects.ts';

interface LeftoverDeps {
  readonly kernel: KernelIpsec;
  readonly net: KernelNet;
  readonly journal: StateJournal;
  readonly logger: Logger;
}

/**
 * What a predecessor that was killed left in the kernel: exactly the objects that the journal names and that still look
 * as they were recorded, so that nothing of others is touched, not even in a place that was ours.
 *
 * Its SAs go at once: nobody has their IKE_SA any more. Its policies and routes stay and block what they protected,
 * since the SAs they demand are gone; traps, shunts and CHILD_SAs of the new configuration replace them in place. What
 * nobody wanted until {@link drop} goes then, so there is no moment in which traffic to protect leaves in the clear.
 */
export class Leftovers {
  readonly #deps: LeftoverDeps;
  readonly #policies: SharedObjects<KernelPolicy>;
  readonly #routes: SharedObjects<KernelRoute>;
  readonly #reqids: Reqids;
  #present = false;

  constructor(
    deps: LeftoverDeps,
    policies: SharedObjects<KernelPolicy>,
    routes: SharedObjects<KernelRoute>,
    reqids: Reqids,
  ) {
    this.#deps = deps;
    this.#policies = policies;
    this.#routes = routes;
    this.#reqids = reqids;
  }

  /** Some may still be in force. */
  get present(): boolean {
    return this.#present;
  }

  /**
   * Removes SAs, adopts policies and routes; what `keep` says goes on already and is left alone. What cannot be removed
   * stays in the journal for the next start.
   */
  async takeOver(keep: (record: string) => boolean): Promise<void> {
    const { kernel, journal, logger } = this.#deps;
    const left = new Set(
      journal.recorded().filter((record) => !isHostRecord(record) && !keep(record)),
    );
    if (left.size === 0) return;
    const kept = new Set<string>();
    const reserved = new Set<number>();
    for (const policy of await kernel.listPolicies()) {
      const record = policyRecord(policy);
      if (!left.has(record) || kept.has(record)) continue;
      this.#policies.adopt(policy);
      kept.add(record);
      for (const { reqid } of policy.templates) if (reqid !== 0) reserved.add(reqid);
    }
    // An SA with one of them would be taken for theirs.
    this.#reqids.avoid(reserved);
    for (const record of left) {
      const route = routeOfRecord(record);
      if (route === undefined || !(await this.#isThere(route))) continue;
      this.#routes.adopt(route);
      kept.add(record);
    }
    this.#present = kept.size > 0;
    const held = kept.size;
    let removed = 0;
    for (const sa of await kernel.listSas()) {
      const record = saRecord(sa);
      if (!left.has(record)) continue;
      try {
        await kernel.deleteSa(sa);
        removed += 1;
      } catch (error) {
        kept.add(record);
        logger.log('knl', 1, `removing what a predecessor left failed: ${errorText(error)}`);
      }
    }
    for (const record of left) if (!kept.has(record)) journal.remove(record);
    logger.log(
      'knl',
      1,
      `removed ${removed} SAs left by a predecessor; ${held} policies and routes of it stay in force until the configuration is loaded`,
    );
  }

  /** Removes what is not wanted: outbound policies, routes, inbound policies, as `KernelInstaller` does. */
  async drop(): Promise<void> {
    if (!this.#present) return;
    this.#present = false;
    const steps = [
      () => this.#policies.dropUnwanted((policy) => policy.direction === 'out'),
      () => this.#routes.dropUnwanted(() => true),
      () => this.#policies.dropUnwanted(() => true),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        const text = errorText(error);
        this.#deps.logger.log('knl', 1, `removing what a predecessor left failed: ${text}`);
      }
    }
    this.#reqids.avoid(new Set());
    this.#deps.logger.log('knl', 1, 'removed what was left of a predecessor and not wanted again');
  }

  // Routes are not dumped: one that went with its interface is put back, or forgotten if that fails.
  async #isThere(route: KernelRoute): Promise<boolean> {
    try {
      await this.#deps.net.addRoute(route);
      return true;
    } catch (error) {
      return error instanceof KernelError && error.errnoName === 'EEXIST';
    }
  }
}
