import { expect } from 'vitest';
import { type Lowest, noncesOf } from './collision.ts';
import { conclude } from './ending.ts';
import { holds } from './holds.ts';
import { otherSide, type SideName } from './names.ts';
import { ending, type Operation, operations, SECOND, startOperation } from './operations.ts';
import { mobile, single } from './setups.ts';
import { OBLIVION, Stage } from './stage.ts';
import type { Datagram } from './wire-tap.ts';

/** One operation and who starts it. */
export interface Start {
  readonly side: SideName;
  readonly operation: Operation;
}

/** Two daemons, what they are told to do, and what the network may do to them. */
export interface Script {
  readonly starts: readonly Start[];
  readonly lowest?: Lowest;
  readonly seed?: number;
  /** Datagrams that may be lost. */
  readonly drops?: number;
  /** Datagrams that may arrive once more later. */
  readonly copies?: number;
}

/** Text of a script: `A:rekey-child B:rekey-ike [a]`. */
export function printScript({ starts, lowest }: Script): string {
  const nonces = lowest === undefined ? [] : [`[${lowest}]`];
  return [...starts.map(({ side, operation }) => `${side}:${operation}`), ...nonces].join(' ');
}

/** The script that {@link printScript} printed. */
export function parseScript(text: string): Script {
  const starts: Start[] = [];
  let lowest: Lowest | undefined;
  for (const word of text.split(' ')) {
    const [, nonce] = /^\[([abcd])\]$/.exec(word) ?? [];
    if (nonce !== undefined) {
      lowest = nonce as Lowest;
      continue;
    }
    const [side, name] = word.split(':');
    const operation = operations.find((one) => one === name);
    if ((side !== 'A' && side !== 'B') || operation === undefined)
      throw new RangeError(`not an operation: ${word}`);
    starts.push({ side, operation });
  }
  return { starts, ...(lowest === undefined ? {} : { lowest }) };
}

/** Everything that may happen next, by name, in an order that depends on the past only. */
type Choice = readonly [text: string, act: () => Promise<void>];

/** Seconds after which a daemon repeats a request for the first time, and a bit. */
const RETRANSMIT = 4100;

/** Milliseconds after which a daemon has noticed that its addresses changed. */
const NOTICE = 150;

/** Waits for retransmission in a row before a script must have ended. */
const PATIENCE = 12;

/** One run of a script, which a decider leads from choice to choice. */
export class ScriptRun implements AsyncDisposable {
  readonly #script: Script;
  readonly #stage: Stage;
  readonly #left: Start[];
  /** What each side saw so far: it follows in what state it is. */
  readonly #seen: Record<SideName, string[]> = { A: [], B: [] };
  readonly #log: string[] = [];
  #drops: number;
  #copies: number;
  #waits = 0;

  private constructor(script: Script, stage: Stage) {
    this.#script = script;
    this.#stage = stage;
    this.#left = [...script.starts];
    this.#drops = script.drops ?? 0;
    this.#copies = script.copies ?? 0;
  }

  /** Two daemons in front of their first choice; a light one has no ladder. */
  static async begin(script: Script, light = false): Promise<ScriptRun> {
    const { seed = 1, lowest } = script;
    const moves = script.starts.some(({ operation }) => operation === 'move');
    const stage = await Stage.up({
      ...single,
      ...(moves ? mobile : {}),
      seed,
      printOnFailure: false,
      light,
      moreChildren: [SECOND],
    });
    if (lowest !== undefined) {
      const nonces = noncesOf(lowest);
      stage.a.nonces.begin(...nonces.A);
      stage.b.nonces.begin(...nonces.B);
    }
    const unsteady: readonly Operation[] = [...ending, 'move', 'reauth'];
    if (script.starts.some(({ operation }) => unsteady.includes(operation))) {
      stage.traffic.stop();
    }
    return new ScriptRun(script, stage);
  }

  /** What was chosen so far. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Two runs of one script with equal states go on in equal ways. */
  get state(): string {
    const { A, B } = this.#seen;
    return `${A.join(';')} | ${B.join(';')} | ${this.#drops} ${this.#copies} ${this.#waits}`;
  }

  get ladder(): string {
    return this.#stage.world.ladder();
  }

  /** What may happen now; nothing more if this is empty. */
  async choices(): Promise<readonly Choice[]> {
    const stage = this.#stage;
    const choices: Choice[] = this.#left.map((start) => [
      `${start.side}:${start.operation}`,
      () => this.#start(start),
    ]);
    for (const datagram of await stage.underWay()) {
      const text = this.#label(datagram);
      choices.push([text, () => this.#deliver(datagram)]);
      if (this.#drops > 0) choices.push([`drop ${text}`, () => this.#drop(datagram)]);
      if (this.#copies > 0) choices.push([`copy ${text}`, () => this.#copy(datagram)]);
    }
    const waiting = [stage.a, stage.b].some(({ sas }) => sas.some(({ engine }) => engine.waiting));
    if (choices.length === 0 && waiting && this.#waits < PATIENCE) {
      choices.push(['wait', () => this.#wait()]);
    }
    return choices;
  }

  async take([text, act]: Choice): Promise<void> {
    this.#log.push(text);
    await act();
  }

  /** Everything has happened: checks what must hold now, and takes everything down. */
  async end(): Promise<void> {
    const stage = this.#stage;
    const slow = this.#script.starts.some(({ operation }) => /^re.*(ike|auth)$/.test(operation));
    await stage.untilCalm(slow ? OBLIVION : undefined);
    const operations = this.#script.starts.map(({ operation }) => operation);
    const creates = operations.filter((operation) => operation === 'create').length;
    const endings = operations.filter((operation) => ending.includes(operation));
    for (const side of [stage.a, stage.b]) {
      const names = side.sas.flatMap((sa) => [...sa.children.values()].map((c) => c.config.name));
      const count = (name: string): number => names.filter((one) => one === name).length;
      expect(count('net'), `${side.name}: CHILD_SAs 'net'`).toBeLessThanOrEqual(1);
      // Two who ask for the same at the same time may both be granted it.
      expect(count(SECOND), `${side.name}: CHILD_SAs 'second'`).toBeLessThanOrEqual(creates);
      expect(side.sas.length, `${side.name}: IKE_SAs`).toBeLessThanOrEqual(1);
      if (!operations.includes('delete-ike')) {
        holds(side.sas.length, 1, `${side.name}: IKE_SAs`);
        if (creates > 0 && !this.#crossesReauth()) {
          expect(count(SECOND), `${side.name}: 'second'`).toBeGreaterThan(0);
        }
      }
      if (endings.length === 0) holds(count('net'), 1, `${side.name}: 'net'`);
    }
    await conclude(stage);
  }

  // Whoever asks for a CHILD_SA in an IKE_SA that the peer is about to close is told that it failed.
  #crossesReauth(): boolean {
    const [one, other] = this.#script.starts;
    return (
      this.#script.starts.some(({ operation }) => operation === 'reauth') &&
      one?.side !== other?.side
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage[Symbol.asyncDispose]();
  }

  async #start(start: Start): Promise<void> {
    this.#left.splice(this.#left.indexOf(start), 1);
    const [side] = this.#stage.sides(start.side);
    this.#seen[start.side].push(`!${start.operation}`);
    startOperation(side, start.operation);
    if (start.operation === 'move') await this.#stage.pass(NOTICE);
    else await this.#stage.quiet();
  }

  async #deliver(datagram: Datagram): Promise<void> {
    this.#arrives(datagram);
    await this.#stage.hold(datagram).deliver();
  }

  async #drop(datagram: Datagram): Promise<void> {
    this.#drops -= 1;
    this.#seen[datagram.from].push(`lost ${this.#label(datagram)}`);
    this.#stage.hold(datagram).drop();
    await this.#stage.quiet();
  }

  // The original stays under way.
  async #copy(datagram: Datagram): Promise<void> {
    this.#copies -= 1;
    this.#arrives(datagram);
    await this.#stage.hold(datagram).deliverCopy();
  }

  async #wait(): Promise<void> {
    this.#waits += 1;
    await this.#stage.pass(RETRANSMIT * 2 ** Math.min(this.#waits - 1, 4));
  }

  #arrives(datagram: Datagram): void {
    this.#seen[otherSide(datagram.from)].push(this.#label(datagram));
  }

  #label({ text, message }: Datagram): string {
    return `${text} (${this.#stage.names.ike(message.spiI)} ${message.messageId})`;
  }
}
