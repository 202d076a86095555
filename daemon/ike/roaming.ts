import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { IkeSaManager } from './ike-sa-manager.ts';
import { roam } from './roam.ts';

/** Milliseconds in which changes of addresses and routes are collected: they come in bursts. */
const SETTLE = 100;

/** IKE_SAs that look at their paths before others get a turn. */
const AT_ONCE = 64;

/** Lets every IKE_SA look at its path after the addresses or routes of this host changed. */
export class Roaming {
  readonly #clock: Clock;
  readonly #manager: IkeSaManager;
  readonly #options: () => DaemonOptions;
  readonly #refresh: () => Promise<void>;
  #scheduled = false;

  /** `refresh` reads the addresses of this host again. */
  constructor(
    clock: Clock,
    manager: IkeSaManager,
    options: () => DaemonOptions,
    refresh: () => Promise<void>,
  ) {
    this.#clock = clock;
    this.#manager = manager;
    this.#options = options;
    this.#refresh = refresh;
  }

  /** Something changed. */
  changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(SETTLE, () => {
      this.#scheduled = false;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    await this.#refresh();
    if (!this.#options()['plugins.kernel-netlink.roam_events']) return;
    const all = [...this.#manager.tables.byId.values()];
    for (let i = 0; i < all.length; i += AT_ONCE) {
      for (const sa of all.slice(i, i + AT_ONCE)) sa.post(() => roam(sa));
      if (i + AT_ONCE < all.length) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(0, resolve));
  }
}
