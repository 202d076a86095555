import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { NetworkChange } from '../contracts/kernel.ts';
import { errorText } from '../util/error.ts';
import type { IkeSaManager } from './ike-sa-manager.ts';
import { roam } from './roam.ts';

/** Milliseconds in which changes of addresses and routes are collected: they come in bursts. */
const SETTLE = 100;

/** Looks at the network within so many milliseconds: an interface that flaps must not keep the peers busy. */
const BURST = 3;
const WINDOW = 3000;

/** IKE_SAs that look at their paths before others get a turn. */
const AT_ONCE = 64;

export interface RoamingDeps {
  readonly clock: Clock;
  readonly manager: IkeSaManager;
  readonly options: () => DaemonOptions;
  /** Reads the addresses of this host again. */
  readonly refresh: () => Promise<void>;
  /** Lets the routes of CHILD_SAs follow. */
  readonly reroute: () => Promise<void>;
  readonly failed: (text: string) => void;
}

/** Lets every IKE_SA look at its path after the addresses or routes of this host changed. */
export class Roaming {
  readonly #deps: RoamingDeps;
  /** When the last looks were. */
  #looks: readonly number[] = [];
  #scheduled = false;

  constructor(deps: RoamingDeps) {
    this.#deps = deps;
  }

  /** Something changed. */
  changed(what: NetworkChange): void {
    const { clock, options } = this.#deps;
    if (what === 'routes' && !options().process_route) return;
    if (this.#scheduled) return;
    this.#scheduled = true;
    clock.after(Math.max(SETTLE, this.#rest()), () => {
      this.#scheduled = false;
      this.#looks = [...this.#looks, clock.now()].slice(-BURST);
      this.#look().catch((error: unknown) => this.#deps.failed(errorText(error)));
    });
  }

  /** Milliseconds until the next look may be. */
  #rest(): number {
    const [oldest] = this.#looks;
    if (oldest === undefined || this.#looks.length < BURST) return 0;
    return oldest + WINDOW - this.#deps.clock.now();
  }

  async #look(): Promise<void> {
    const { manager, options, refresh, reroute } = this.#deps;
    await refresh();
    await reroute();
    if (!options()['plugins.kernel-netlink.roam_events']) return;
    const all = [...manager.tables.byId.values()];
    for (let i = 0; i < all.length; i += AT_ONCE) {
      for (const sa of all.slice(i, i + AT_ONCE)) sa.post(() => roam(sa));
      if (i + AT_ONCE < all.length) await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#deps.clock.after(0, resolve));
  }
}
