import { EventQueue, type FullnessHandler, QueueIterator } from './event-queue.ts';

/**
 * A command that yields events before it answers. It starts with the first step of a loop, or with {@link result}. A loop ends when the
 * command has answered and throws `ViciError` if it was refused; whoever leaves it early lets the command run on and drops
 * the rest.
 */
export class CommandStream<E, A> implements AsyncIterable<E> {
  readonly #queue: EventQueue<E>;
  readonly #start: (queue: EventQueue<E>) => Promise<A>;
  #answer: Promise<A> | undefined;
  #taken = false;

  /** `start` sends the command and fills the queue; `onFull` hears when nobody reads it. */
  constructor(start: (queue: EventQueue<E>) => Promise<A>, onFull: FullnessHandler) {
    this.#start = start;
    this.#queue = new EventQueue(onFull);
  }

  /** The answer; events that no loop has asked for are dropped. */
  result(): Promise<A> {
    if (!this.#taken) this.#queue.end();
    return this.#run();
  }

  /** Every event as an array, for lists that are known to be short. */
  async toArray(): Promise<readonly E[]> {
    const events: E[] = [];
    for await (const event of this) events.push(event);
    return events;
  }

  [Symbol.asyncIterator](): QueueIterator<E> {
    if (this.#taken) throw new TypeError('a stream can be read once: send the command again');
    this.#taken = true;
    this.#run().catch(() => undefined);
    return new QueueIterator(this.#queue, () => this.#queue.end());
  }

  #run(): Promise<A> {
    if (this.#answer !== undefined) return this.#answer;
    const answer = this.#start(this.#queue);
    this.#answer = answer;
    answer.then(
      () => this.#queue.end(),
      (error) => this.#queue.end(error),
    );
    return answer;
  }
}
