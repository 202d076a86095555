import type { Clock } from '../contracts/clock.ts';
import { rekeyChild } from './child-expiry.ts';
import type { ChildSa } from './child-sa.ts';
import { Pacer } from './pacer.ts';

/** CHILD_SAs that are rekeyed in one second because of their soft lifetime. */
const REKEYS_PER_SECOND = 50;

/**
 * Rekeys CHILD_SAs past their soft lifetime. Very many may get there at once; what ends at its hard lifetime does not wait
 * behind them.
 */
export class SoftExpiries {
  readonly #pacer: Pacer;
  /** Both SAs of a CHILD_SA reach their limit. */
  readonly #waiting = new Set<ChildSa>();

  constructor(clock: Clock) {
    this.#pacer = new Pacer(clock, REKEYS_PER_SECOND, REKEYS_PER_SECOND);
  }

  reached(child: ChildSa): void {
    if (this.#waiting.has(child)) return;
    this.#waiting.add(child);
    this.#pacer.run(() => {
      this.#waiting.delete(child);
      // It may have moved to another IKE_SA meanwhile.
      child.sa.post(() => rekeyChild(child));
    });
  }
}
