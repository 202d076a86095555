import type { Clock, Timer } from '../contracts/clock.ts';

/** Everything that time alone can do to an IKE_SA. */
export const TIMERS = {
  /** The outstanding request is sent again, or given up. */
  retransmit: 'send the outstanding request again',
  /** A responder's IKE_SA that never got established is removed. */
  halfOpen: 'drop an IKE_SA that was not established in time',
  /** Liveness of the peer is checked if it was silent. */
  dpd: 'check that a silent peer is alive',
  /** One octet keeps the NAT mapping open. */
  natKeepalive: 'keep the mapping of a NAT open',
  /** The IKE_SA reached its hard lifetime. */
  hardLifetime: 'delete an IKE_SA at the end of its life',
} as const;

export type TimerName = keyof typeof TIMERS;

/** The named timers of one IKE_SA: starting one again replaces it, closing stops all. */
export class SaTimers {
  readonly #clock: Clock;
  readonly #fire: (name: TimerName) => void;
  readonly #timers = new Map<TimerName, Timer>();

  constructor(clock: Clock, fire: (name: TimerName) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** Fires once after `delay` milliseconds. */
  start(name: TimerName, delay: number): void {
    this.#timers.get(name)?.cancel();
    const timer = this.#clock.after(delay, () => {
      this.#timers.delete(name);
      this.#fire(name);
    });
    this.#timers.set(name, timer);
  }

  stop(name: TimerName): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  stopAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
