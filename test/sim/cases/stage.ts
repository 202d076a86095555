import { type PairSetup, pair } from '../pair.ts';
import type { SimPacket } from '../sim-network.ts';
import { World } from '../world.ts';
import { Names, type SideName } from './names.ts';
import { withChildren } from './setups.ts';
import { Side } from './side.ts';
import { Traffic } from './traffic.ts';
import { type Datagram, WireTap } from './wire-tap.ts';

/** What a stage starts from. */
export interface StageSetup extends PairSetup {
  readonly seed?: number;
  /** Every request is delivered twice, and every response is lost once. */
  readonly repeat?: boolean;
  readonly printOnFailure?: boolean;
  /** {@link WorldOptions.light} */
  readonly light?: boolean;
  /** Children besides `net`, each with networks of its own. */
  readonly moreChildren?: readonly string[];
  /** Proposals of both sides for IKE_SAs once the first one is established. */
  readonly laterIke?: Readonly<Record<SideName, readonly string[]>>;
}

/** A datagram in the test's hands: it happens to it what the test says, once. */
export interface Held {
  readonly text: string;
  readonly datagram: Datagram;
  deliver(): Promise<void>;
  /** It arrives, and is under way once more. */
  deliverCopy(): Promise<void>;
  /** It is lost; the sender will send it again. */
  drop(): void;
}

/** Milliseconds given to grace delays and to retries that are due. */
const AFTERMATH = 120_000;

/** Milliseconds after which even an SA that a peer left behind without a word is gone. */
export const OBLIVION = 600_000;

/** Milliseconds that a packet of a user may be under way. */
const LONGEST_FLIGHT = 3000;

/** Datagrams that two daemons may exchange before they must be going round in circles. */
const ENDLESS = 1000;

/**
 * Two daemons of which nothing reaches the other unless the test delivers it. A (moon) and B (carol) begin with the IKE_SA
 * `I` and the CHILD_SA `O`, initiated by A, through which users send at every step.
 */
export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly names: Names;
  readonly a: Side;
  readonly b: Side;
  readonly traffic: Traffic;
  /** Timers that two daemons without any SA have. */
  readonly idleTimers: number;
  readonly #repeat: boolean;
  readonly #tap: WireTap;
  readonly #pending: Datagram[] = [];
  readonly #held = new Set<Datagram>();
  readonly #seen = new Set<string>();
  readonly #requests = new Map<string, Datagram>();
  #byHand = false;

  private constructor(world: World, a: Side, b: Side, names: Names, repeat: boolean) {
    this.world = world;
    this.names = names;
    this.a = a;
    this.b = b;
    this.traffic = new Traffic(
      () => a.kernel,
      () => b.kernel,
    );
    this.idleTimers = world.clock.waiting;
    this.#repeat = repeat;
    this.#tap = new WireTap(this.names);
    world.network.intercept = (packet) => this.#intercept(packet);
  }

  /** Two daemons that know of each other and have no SA yet. */
  static async empty(setup: StageSetup = {}): Promise<Stage> {
    const { seed = 1, repeat = false, printOnFailure = true, light = false } = setup;
    const { connection, child, ...rest } = setup;
    const world = new World({ seed, printOnFailure, light, link: { latency: 0 } });
    const none = { rekey: 0, life: 0, rand: 0 };
    // Nothing happens by itself but what the test starts.
    const [moon, carol] = await pair(world, {
      connection: { rekeyTime: 0, overTime: 0, randTime: 0, mobike: false, ...connection },
      child: { time: none, ...child },
      ...rest,
    });
    const names = new Names();
    for (const [host, here] of [
      [carol, 'carol'],
      [moon, 'moon'],
    ] as const) {
      const [config] = world.configs.get(host) ?? [];
      if (config !== undefined) await host.load(withChildren(config, here, setup.moreChildren));
    }
    await world.pass(0);
    return new Stage(world, new Side('A', moon, names), new Side('B', carol, names), names, repeat);
  }

  /** The usual beginning: `I` and `O` are up. */
  static async up(setup: StageSetup = {}): Promise<Stage> {
    const stage = await Stage.empty(setup);
    const outcome = await stage.world.during(stage.a.host.initiate('net'));
    if (!outcome.ok) throw new Error(`no beginning: ${outcome.errmsg}`);
    // What is set up in the same moment could have crossed.
    await stage.world.pass(1000);
    const { laterIke } = setup;
    if (laterIke !== undefined) {
      stage.a.propose(laterIke.A);
      stage.b.propose(laterIke.B);
    }
    stage.byHand();
    stage.a.forget();
    stage.b.forget();
    stage.traffic.start();
    stage.traffic.pulse();
    return stage;
  }

  /** From now on the test delivers. */
  byHand(): void {
    this.#byHand = true;
  }

  /** The side of this name, and the one it talks to. */
  sides(first: SideName): readonly [Side, Side] {
    return first === 'A' ? [this.a, this.b] : [this.b, this.a];
  }

  /** Texts of what waits for delivery, in the order of sending. */
  async pending(): Promise<readonly string[]> {
    await this.quiet();
    return this.#pending.map(({ text }) => text);
  }

  /** What waits for delivery, in the order of sending. */
  async underWay(): Promise<readonly Datagram[]> {
    await this.quiet();
    return [...this.#pending];
  }

  /** Waits until neither daemon has anything more to do at this moment. */
  async quiet(): Promise<void> {
    await this.world.pass(0);
  }

  /** The oldest datagram of this text, which must be there: `A REKEY O`. */
  async take(text: string): Promise<Held> {
    await this.quiet();
    const datagram = this.#pending.find((one) => one.text === text);
    if (datagram === undefined) {
      const others = this.#pending.map((one) => one.text).join(', ') || 'nothing';
      throw new Error(`'${text}' is not under way, but ${others}`);
    }
    return this.hold(datagram);
  }

  /** {@link take} for a datagram that {@link underWay} told of. */
  hold(datagram: Datagram): Held {
    this.#pending.splice(this.#pending.indexOf(datagram), 1);
    this.#held.add(datagram);
    return {
      text: datagram.text,
      datagram,
      deliver: () => this.#deliver(datagram),
      deliverCopy: async () => {
        await this.#deliver(datagram);
        this.#pending.push(datagram);
      },
      drop: () => {
        this.#held.delete(datagram);
        this.#lost(datagram);
      },
    };
  }

  /** Takes and delivers, one after the other. */
  async deliver(...texts: readonly string[]): Promise<void> {
    for (const text of texts) await (await this.take(text)).deliver();
  }

  /** Delivers a packet that nobody sent. */
  forward(packet: SimPacket): void {
    this.world.network.forward(packet);
  }

  /** Delivers everything that waits and what comes of it, in the order of sending; returns the texts. */
  async runOut(): Promise<readonly string[]> {
    const delivered: string[] = [];
    for (;;) {
      await this.quiet();
      const next = this.#pending[0];
      if (next === undefined) return delivered;
      delivered.push(next.text);
      if (delivered.length > ENDLESS) throw new Error('no end of datagrams');
      await (await this.take(next.text)).deliver();
    }
  }

  /** Time passes for both; what is under way is not repeated. */
  async pass(millis: number): Promise<void> {
    // What arrived and was ignored will be sent again.
    const waiting = [...this.#pending, ...this.#held].map(({ key }) => key);
    this.#seen.clear();
    for (const key of waiting) this.#seen.add(key);
    this.traffic.pulse();
    await this.world.pass(0);
    this.traffic.pulse();
    await this.world.pass(millis);
    // What is under way for so long cannot arrive any more.
    if (millis >= LONGEST_FLIGHT) this.traffic.landed();
    this.traffic.pulse();
  }

  /**
   * Delivers everything and lets time pass until grace delays are over and retries that are due were made: from timer to
   * timer, so that nothing is under way for longer than it takes.
   */
  async untilCalm(millis = AFTERMATH): Promise<void> {
    await this.runOut();
    const { clock } = this.world;
    const end = clock.now() + millis;
    while (clock.now() < end) {
      await this.pass(Math.min(clock.nextDue() ?? end, end) - clock.now());
      await this.runOut();
    }
  }

  /** Time passes in which no datagram arrives. */
  async loseAll(millis: number): Promise<void> {
    await this.pass(millis);
    for (const datagram of this.#pending.splice(0)) this.#lost(datagram);
  }

  /** Datagrams that a test took and forgot. */
  get forgotten(): readonly string[] {
    return [...this.#held].map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#byHand = false;
    await this.world[Symbol.asyncDispose]();
  }

  #intercept(packet: SimPacket): SimPacket | undefined {
    const from = packet.from === this.a.host.name ? this.a : this.b;
    const datagram = this.#tap.read(from.name, from.host, packet);
    if (!datagram.message.isResponse) this.#requests.set(requestKey(datagram), datagram);
    if (!this.#byHand) return packet;
    if (!this.#seen.has(datagram.key)) {
      this.#seen.add(datagram.key);
      this.#pending.push(datagram);
    }
    return undefined;
  }

  // What is lost will be under way again when it is repeated; for a response, that takes the request.
  #lost(datagram: Datagram): void {
    this.#seen.delete(datagram.key);
    const request = this.#requests.get(requestKey(datagram));
    if (request !== undefined) this.#seen.delete(request.key);
  }

  async #deliver(datagram: Datagram): Promise<void> {
    this.#held.delete(datagram);
    this.traffic.pulse();
    if (this.#repeat && datagram.message.isResponse) {
      const request = this.#requests.get(requestKey(datagram));
      if (request !== undefined) await this.#deliverAgain(request);
    }
    this.world.network.forward(datagram.packet);
    await this.quiet();
    this.traffic.pulse();
    if (this.#repeat) await this.#deliverAgain(datagram);
  }

  // RFC 7296 section 2.1: what was handled already may be answered with the same octets, and with nothing else.
  async #deliverAgain(datagram: Datagram): Promise<void> {
    const before = this.#pending.length;
    this.world.network.forward(datagram.packet);
    await this.quiet();
    const news = this.#pending.slice(before);
    if (news.length === 0) return;
    throw new Error(
      `'${datagram.text}' delivered again caused ${news.map((one) => one.text).join(', ')}`,
    );
  }
}

/** What a request and its response have in common. */
function requestKey({ from, message }: Datagram): string {
  const asker = message.isResponse ? (from === 'A' ? 'B' : 'A') : from;
  return `${asker} ${message.spiI} ${message.exchange} ${message.messageId}`;
}
