import type { Clock, Timer } from '../contracts/clock.ts';

/** Everything that time alone can do to an IKE_SA. */
export const TIMERS = {
  /** The outstanding request is sent again, or given up. */
  retransmit: 'send the outstanding request again',
  /** The initial exchanges are tried again. */
  retry: 'try the initial exchanges again',
  /** A responder's IKE_SA that never got established is removed. */
  halfOpen: 'drop an IKE_SA that was not established in time',
  /** Liveness of the peer is checked if it was silent. */
  dpd: 'check that a silent peer is alive',
  /** The same, put off because this host could not run when it was due. */
  dpdPutOff: 'check at last that a silent peer is alive',
  /** One octet keeps the NAT mapping open. */
  natKeepalive: 'keep the mapping of a NAT open',
  /** CHILD_SAs that nobody used for long are closed. */
  inactivity: 'close CHILD_SAs that are not used',
  /** The peer does not go on with what it began. */
  followUp: 'give up what waits for IKE_FOLLOWUP_KE',
  /** A peer that was sent elsewhere has had time to say goodbye. */
  redirected: 'drop an IKE_SA whose peer was sent elsewhere',
  /** New keys are to be made. */
  rekey: 'rekey the IKE_SA',
  /** The peer does not delete an IKE_SA that it should. */
  replaced: 'delete an IKE_SA that was replaced',
  /** The proof of identity is to be repeated. */
  reauth: 'authenticate anew',
  /** The IKE_SA reached its hard lifetime. */
  hardLifetime: 'delete an IKE_SA at the end of its life',
} as const;

export type TimerName = keyof typeof TIMERS;

/** Milliseconds below which a timer counts as punctual. */
const NOTABLE = 1000;

/** Milliseconds by which a timer was late: by the time of day (the host slept) and in time that passed (the process could not run). */
interface Lateness {
  readonly wallClock: number;
  readonly monotonic: number;
}

/** The named timers of one IKE_SA: starting one again replaces it, closing stops all. */
export class SaTimers {
  readonly #clock: Clock;
  readonly #fire: (name: TimerName) => void;
  readonly #timers = new Map<TimerName, { readonly timer: Timer; readonly due: number }>();
  /** Of timers that fired late; hardly ever there is one. */
  #late: Map<TimerName, Lateness> | undefined;

  constructor(clock: Clock, fire: (name: TimerName) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** Milliseconds by which the timer was late when it last fired, in time of day; 0 below a second. */
  lateBy(name: TimerName): number {
    return this.#late?.get(name)?.wallClock ?? 0;
  }

  /** The same in monotonic time: this process could not run, while everybody else could. */
  overdueBy(name: TimerName): number {
    return this.#late?.get(name)?.monotonic ?? 0;
  }

  /** Fires once after `delay` milliseconds. */
  start(name: TimerName, delay: number): void {
    this.#timers.get(name)?.timer.cancel();
    const dueWallClock = this.#clock.wallClock() + delay;
    const due = this.#clock.now() + delay;
    const timer = this.#clock.after(delay, () => {
      this.#timers.delete(name);
      this.#note(name, this.#clock.wallClock() - dueWallClock, this.#clock.now() - due);
      this.#fire(name);
    });
    this.#timers.set(name, { timer, due });
  }

  /** Makes it fire within `delay` milliseconds, earlier if it would anyway. */
  startWithin(name: TimerName, delay: number): void {
    const due = this.#timers.get(name)?.due ?? Number.POSITIVE_INFINITY;
    if (this.#clock.now() + delay < due) this.start(name, delay);
  }

  runs(name: TimerName): boolean {
    return this.#timers.has(name);
  }

  /** When it fires, monotonic milliseconds; `undefined` if it does not run. */
  due(name: TimerName): number | undefined {
    return this.#timers.get(name)?.due;
  }

  stop(name: TimerName): void {
    this.#timers.get(name)?.timer.cancel();
    this.#timers.delete(name);
  }

  stopAll(): void {
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #note(name: TimerName, wallClock: number, monotonic: number): void {
    if (wallClock < NOTABLE && monotonic < NOTABLE) {
      this.#late?.delete(name);
      return;
    }
    const notable = (late: number): number => (late < NOTABLE ? 0 : late);
    this.#late ??= new Map();
    this.#late.set(name, { wallClock: notable(wallClock), monotonic: notable(monotonic) });
  }
}
