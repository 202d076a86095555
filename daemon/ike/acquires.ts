import type { Timer } from '../contracts/clock.ts';
import type { AcquireEvent } from '../contracts/kernel.ts';
import { type IpAddress, ipFromBytes } from '../proto/ip-address.ts';
import { printSelector } from '../proto/traffic-selector-text.ts';
import { Throttle } from '../util/throttle.ts';
import type { IkeEnvironment } from './environment.ts';
import { type PacketSelectors, packetOf } from './triggers.ts';
import type { Outcome } from './waiters.ts';

/** An attempt to get a CHILD_SA for a packet. */
export interface Attempt {
  readonly outcome: Promise<Outcome>;
  /** What takes the packet afterwards: a new CHILD_SA, only one that was there before, or none. */
  readonly taker: () => 'new' | 'old' | 'none';
}

/** Asks for a CHILD_SA for a packet, of that peer and CPU where these matter. */
type Ask = (
  packet: PacketSelectors,
  peer: IpAddress | undefined,
  cpu: number | undefined,
) => Attempt;

/** Milliseconds until a trap may ask again after a failure, doubled with each further one. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 64_000;
/** The peer agreed to something that does not take the packet: to ask again soon would pile up CHILD_SAs. */
const PAUSE_AFTER_NARROWING = 600_000;
/** Milliseconds after which an acquire is no repetition of the one before: less than the kernel's `xfrm_acq_expires`. */
const STALE = 150_000;
/** Peers of one wildcard trap (or CPUs) that are being served, or pausing, at a time. */
const PEERS_AT_ONCE = 256;

/** One peer of a trap, as long as it is busy or has failed last time. */
interface PeerState {
  busy: boolean;
  /** Monotonic milliseconds at which the attempt under way began; each has an identity of its own. */
  began: number;
  attempt: number;
  failures: number;
  pause: Timer | undefined;
  /** The acquire that the kernel waits for. */
  event: AcquireEvent;
}

/**
 * From packets that met one trap to CHILD_SAs: one attempt at a time (for each peer of a wildcard trap; CPUs wait for
 * each other), further acquires meanwhile are ignored. When it is over the kernel may ask again, after a failure only some time later.
 */
export class Acquires {
  readonly #env: Pick<IkeEnvironment, 'clock' | 'log' | 'installer'>;
  readonly #wildcard: boolean;
  readonly #attempt: Ask;
  readonly #peers = new Map<string, PeerState>();
  /** Until when (monotonic milliseconds) whom it is not to ask; the empty name if it has but one peer. */
  readonly #held = new Map<string, number>();
  /** CPUs are served one after the other: the first one gets the fallback that the others build on. */
  #turn: Promise<void> = Promise.resolve();
  readonly #throttle = new Throttle(1, 10_000);
  #cancelled = false;

  /** `attempt` gets the peer's address if `wildcard` says that it follows from the packet. */
  constructor(
    env: Pick<IkeEnvironment, 'clock' | 'log' | 'installer'>,
    wildcard: boolean,
    attempt: Ask,
  ) {
    this.#env = env;
    this.#wildcard = wildcard;
    this.#attempt = attempt;
  }

  /** A packet met the trap; nobody waits for what becomes of it. */
  handle(event: AcquireEvent): void {
    const packet = packetOf(event);
    const peer = this.#wildcard ? ipFromBytes(event.destination.startAddress) : undefined;
    const { cpu } = event;
    const key = `${peer ?? ''} ${cpu ?? ''}`;
    const state = this.#stateOf(key, event);
    if (state === undefined || (state.busy && !this.#isStale(state))) return;
    const held = this.#heldFor(peer);
    if (held > 0) {
      Object.assign(state, { busy: true, event });
      state.pause = this.#env.clock.after(held, () => this.#rearm(key, state));
      return;
    }
    const { local, remote } = packet;
    this.#env.log.log(
      'knl',
      1,
      `creating acquire job for policy ${printSelector(local)} === ${printSelector(remote)} ` +
        `and reqid {${event.reqid}}${cpu === undefined ? '' : `, CPU {${cpu}}`}`,
    );
    state.busy = true;
    state.began = this.#env.clock.now();
    state.event = event;
    state.attempt += 1;
    const mine = state.attempt;
    const ask = async (): Promise<void> => {
      if (this.#cancelled || mine !== state.attempt) return;
      const { outcome, taker } = this.#attempt(packet, peer, cpu);
      const result = await outcome;
      if (mine === state.attempt) this.#settled(key, state, result.ok ? taker() : 'failed');
    };
    if (cpu === undefined) void ask();
    else this.#turn = this.#turn.then(() => this.#patiently(ask()));
  }

  /** Packets (those for this peer, of a wildcard trap) ask for nothing for so many milliseconds. */
  hold(peer: IpAddress, millis: number): void {
    const [oldest] = this.#held.keys();
    if (oldest !== undefined && this.#held.size >= PEERS_AT_ONCE) this.#held.delete(oldest);
    this.#held.set(this.#wildcard ? peer : '', this.#env.clock.now() + millis);
  }

  /** The trap goes or is renewed: pauses end, and the kernel may ask at once for whatever takes its place. */
  cancel(): void {
    this.#cancelled = true;
    for (const [peer, state] of [...this.#peers]) {
      if (state.busy) this.#rearm(peer, state);
    }
  }

  // The kernel asks again by itself only when it has given up waiting: an attempt that is still under way then is joined,
  // one that went astray replaced.
  #isStale({ began, pause }: PeerState): boolean {
    return pause === undefined && this.#env.clock.now() - began >= STALE;
  }

  // An attempt that went astray must not hold up the other CPUs.
  #patiently(attempt: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#env.clock.after(STALE, resolve);
      void attempt.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #settled(peer: string, state: PeerState, result: 'new' | 'old' | 'none' | 'failed'): void {
    if (this.#cancelled) return;
    if (result === 'new') {
      state.failures = 0;
      this.#rearm(peer, state);
      return;
    }
    state.failures += 1;
    const pause =
      result === 'none'
        ? PAUSE_AFTER_NARROWING
        : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (state.failures - 1));
    state.pause = this.#env.clock.after(pause, () => this.#rearm(peer, state));
  }

  #rearm(peer: string, state: PeerState): void {
    state.pause?.cancel();
    state.pause = undefined;
    state.busy = false;
    if (state.failures === 0) this.#peers.delete(peer);
    void this.#env.installer.forgetAcquire(state.event.wanted);
  }

  #heldFor(peer: IpAddress | undefined): number {
    const name = peer ?? '';
    const millis = (this.#held.get(name) ?? 0) - this.#env.clock.now();
    if (millis <= 0) this.#held.delete(name);
    return millis;
  }

  #stateOf(peer: string, event: AcquireEvent): PeerState | undefined {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    if (this.#peers.size >= PEERS_AT_ONCE && !this.#forgetOne()) {
      if (this.#throttle.pass(this.#env.clock.now()) !== undefined) {
        const text = `ignoring acquires with reqid {${event.reqid}}: too many peers at once`;
        this.#env.log.log('knl', 1, text);
      }
      return undefined;
    }
    const state: PeerState = {
      busy: false,
      began: 0,
      attempt: 0,
      failures: 0,
      pause: undefined,
      event,
    };
    this.#peers.set(peer, state);
    return state;
  }

  // Those that are not busy are kept for the count of their failures only.
  #forgetOne(): boolean {
    for (const [peer, { busy }] of this.#peers) {
      if (!busy) return this.#peers.delete(peer);
    }
    return false;
  }
}
