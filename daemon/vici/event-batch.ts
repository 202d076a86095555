import { MessageWriter, type WriteMessage } from './message-writer.ts';
import { eventHead, writeSegment } from './packet.ts';

/** Octets from which on what was gathered goes to the client. */
const ENOUGH = 32 * 1024;

/** Where a batch goes. */
export interface BatchTarget {
  /** How often the client registered for the event. */
  registrations(): number;
  /** Takes whole segments, one behind the other. */
  send(segments: Uint8Array): void;
  /** An event was too long for a packet. */
  leftOut(): void;
}

/**
 * Events of one name for one client, gathered so that many of them are one write: a system call for each costs as much as the
 * event. Whoever adds to it flushes it before it waits for anything.
 */
export class EventBatch {
  readonly #head: Uint8Array;
  readonly #target: BatchTarget;
  readonly #out = new MessageWriter();

  constructor(name: string, target: BatchTarget) {
    this.#head = eventHead(name);
    this.#target = target;
  }

  /** Adds an event, once for each registration. */
  add(write: WriteMessage): void {
    for (let i = this.#target.registrations(); i > 0; i--) {
      if (!writeSegment(this.#out, this.#head, write)) {
        this.#target.leftOut();
        return;
      }
      if (this.#out.length >= ENOUGH) this.flush();
    }
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#out.length > 0) this.#target.send(this.#out.take());
  }
}
