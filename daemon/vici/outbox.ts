import type { StreamConnection } from '../contracts/stream.ts';

/** Octets handed to the system's socket before the rest waits here, where it can still be dropped. */
const SOCKET_SHARE = 128 * 1024;
/** Beyond this the oldest log events are dropped. */
export const DROP_ABOVE = 4 * 1024 * 1024;
/** Beyond this the client is disconnected. */
export const CLOSE_ABOVE = 16 * 1024 * 1024;
/** Below this a producer of streamed events may go on. */
const GO_ON_BELOW = 256 * 1024;

/** What an outbox tells its client. */
export interface OutboxHandlers {
  /** What waits grew or shrank. */
  changed(): void;
  /** More waits than any client may cost. */
  overflow(): void;
  /** The stream threw: nothing can be sent any more. */
  failed(error: unknown): void;
}

interface Waiting {
  readonly segment: Uint8Array;
  readonly droppable: boolean;
}

/**
 * What waits to be sent to one client, bounded: a client that does not read loses its oldest log events first and its
 * connection in the end, and never costs more than 16 MiB.
 */
export class Outbox {
  readonly #stream: StreamConnection;
  readonly #handlers: OutboxHandlers;
  /** A dropped segment leaves a hole, so that dropping costs no moving. */
  #queue: (Waiting | undefined)[] = [];
  #head = 0;
  /** Everything droppable before this place is gone already. */
  #dropFrom = 0;
  #queued = 0;
  /** Octets in the hands of the system. */
  #sending = 0;
  #dropped = 0;
  #waiters: (() => void)[] = [];

  constructor(stream: StreamConnection, handlers: OutboxHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    stream.onDrain(() => {
      this.#sending = 0;
      this.#pump();
      handlers.changed();
    });
  }

  /** Log events dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Octets waiting, those in the hands of the system included. */
  get queued(): number {
    return this.#queued + this.#sending;
  }

  /** Queues a segment; `droppable` ones may be left out if the client does not read. */
  push(segment: Uint8Array, droppable: boolean): void {
    this.#queue.push({ segment, droppable });
    this.#queued += segment.length;
    this.#pump();
    if (this.#queued > DROP_ABOVE) this.#drop();
    if (this.#queued > CLOSE_ABOVE) this.#handlers.overflow();
    else this.#handlers.changed();
  }

  /** Resolves as soon as the client has read enough for more; at once if it keeps up. */
  ready(): Promise<void> | undefined {
    if (this.queued < GO_ON_BELOW) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Forgets everything: the client is gone, nobody waits any more. */
  close(): void {
    this.#queue = [];
    this.#head = 0;
    this.#queued = 0;
    this.#sending = 0;
    this.#wake();
  }

  #pump(): void {
    while (this.#sending < SOCKET_SHARE && this.#head < this.#queue.length) {
      const next = this.#queue[this.#head];
      this.#queue[this.#head++] = undefined;
      if (next === undefined) continue;
      this.#queued -= next.segment.length;
      // Events come from the middle of whatever the daemon does, which must not fail for a client's sake.
      try {
        this.#sending = this.#stream.write(next.segment);
      } catch (error) {
        this.#handlers.failed(error);
        return;
      }
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
      this.#dropFrom = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#dropFrom = Math.max(0, this.#dropFrom - this.#head);
      this.#head = 0;
    }
    if (this.queued < GO_ON_BELOW) this.#wake();
  }

  #drop(): void {
    let place = Math.max(this.#dropFrom, this.#head);
    for (; place < this.#queue.length && this.#queued > DROP_ABOVE; place++) {
      const waiting = this.#queue[place];
      if (waiting?.droppable !== true) continue;
      this.#queue[place] = undefined;
      this.#queued -= waiting.segment.length;
      this.#dropped++;
    }
    this.#dropFrom = place;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
