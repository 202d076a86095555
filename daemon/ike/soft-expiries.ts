import type { Clock, Timer } from '../contracts/clock.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import { hex32 } from '../util/hex.ts';
import { olderThanSoft, pastSoftLifetime, rekeyChild } from './child-expiry.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { Pacer } from './pacer.ts';

/** CHILD_SAs that are rekeyed in one second because of their soft lifetime. */
const REKEYS_PER_SECOND = 50;
/** Milliseconds between two looks for what the kernel should have told of. */
const INTERVAL = 60_000;
/** Milliseconds after the soft lifetime of a CHILD_SA at which it must have. */
const OVERDUE = 30_000;

/**
 * Rekeys CHILD_SAs past their soft lifetime. Very many may get there at once; what ends at its hard lifetime does not wait
 * behind them.
 *
 * The kernel tells once, and counts in time of day: where that was set back, it would tell years later. So this looks itself, once a
 * minute, while there are CHILD_SAs.
 */
export class SoftExpiries {
  readonly #clock: Clock;
  readonly #all: () => Iterable<IkeSa>;
  readonly #pacer: Pacer;
  /** Both SAs of a CHILD_SA reach their limit. */
  readonly #waiting = new Set<ChildSa>();
  #look: Timer | undefined;

  /** `all` are the IKE_SAs there are. */
  constructor(clock: Clock, all: () => Iterable<IkeSa>) {
    this.#clock = clock;
    this.#all = all;
    this.#pacer = new Pacer(clock, REKEYS_PER_SECOND, REKEYS_PER_SECOND);
  }

  /** One of the SAs of a CHILD_SA did. */
  reached(child: ChildSa, spi: ChildSpi = child.terms.spiIn): void {
    const name = `CHILD_SA ${child.label} (SPI ${hex32(spi)})`;
    child.sa.log.log('chd', 1, `${name} reached its soft lifetime`);
    if (this.#waiting.has(child)) return;
    this.#waiting.add(child);
    this.#pacer.run(() => {
      this.#waiting.delete(child);
      // It may have moved to another IKE_SA meanwhile.
      child.sa.post(() => rekeyChild(child));
    });
  }

  /** Nobody heard the kernel for a while: whoever missed that would lose the CHILD_SA at its hard lifetime. */
  async makeUp(): Promise<void> {
    for (const sa of this.#all()) {
      for (const child of sa.children.values()) {
        if (await pastSoftLifetime(child)) this.reached(child);
      }
    }
  }

  /** There are CHILD_SAs from now on; saying so again changes nothing. */
  watch(): void {
    this.#look ??= this.#clock.after(INTERVAL, () => {
      this.#look = undefined;
      this.watch();
      this.#overdue();
    });
  }

  /** There are none any more. */
  rest(): void {
    this.#look?.cancel();
    this.#look = undefined;
  }

  #overdue(): void {
    for (const sa of this.#all()) {
      for (const child of sa.children.values()) {
        const idle = child.state === 'INSTALLED' && !sa.tasks.rekeys(child);
        if (!idle || this.#waiting.has(child)) continue;
        if (olderThanSoft(child, OVERDUE)) this.reached(child);
      }
    }
  }
}
