import type { LocalDatagramSender } from '../contracts/local-datagram.ts';
import type { LogDatagrams } from '../contracts/log-output.ts';

/** Octets and entries that may wait for a service that is slow or restarting before further ones are dropped. */
const MAX_WAITING = 1024 * 1024;
const MAX_ENTRIES = 4096;
/** Milliseconds until what did not go out is tried again. */
const RETRY = 50;
/** Entries sent in one turn of the event loop after a stop. */
const BATCH = 512;

/** Linux numbers them alike everywhere Node runs. */
const EMSGSIZE = 90;

/** Log entries to a local service, each a datagram: sent at once while it takes them, otherwise kept in order for a while. */
export class DatagramQueue implements LogDatagrams {
  readonly #sender: LocalDatagramSender;
  readonly #notice: (lost: number) => Uint8Array;
  readonly #onClose: () => void;
  #waiting: Uint8Array[] = [];
  #octets = 0;
  #dropped = 0;
  #unreported = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    sender: LocalDatagramSender,
    notice: (lost: number) => Uint8Array,
    onClose: () => void,
  ) {
    this.#sender = sender;
    this.#notice = notice;
    this.#onClose = onClose;
  }

  get dropped(): number {
    return this.#dropped;
  }

  send(entry: Uint8Array): void {
    if (this.#closed) {
      this.#drop();
      return;
    }
    if (this.#waiting.length === 0 && this.#unreported === 0 && this.#sent(entry)) return;
    if (this.#waiting.length >= MAX_ENTRIES || this.#octets + entry.length > MAX_WAITING) {
      this.#drop();
    } else {
      this.#waiting.push(entry);
      this.#octets += entry.length;
    }
    this.#retryLater();
  }

  close(): void {
    if (this.#closed) return;
    this.flushNow();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#sender.close();
    this.#onClose();
  }

  /** Sends what the service takes now; the rest is lost. */
  flushNow(): void {
    if (this.#closed) return;
    this.#drain(this.#waiting.length);
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#octets = 0;
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drain(BATCH);
      if (this.#waiting.length > 0 || this.#unreported > 0) this.#retryLater();
    }, RETRY).unref();
  }

  #drain(most: number): void {
    let count = 0;
    while (count < Math.min(most, this.#waiting.length) && this.#sent(this.#waiting[count])) {
      this.#octets -= this.#waiting[count]?.length ?? 0;
      count++;
    }
    this.#waiting.splice(0, count);
    if (this.#waiting.length > 0 || this.#unreported === 0) return;
    if (this.#sent(this.#notice(this.#unreported))) this.#unreported = 0;
  }

  /** Whether the entry is dealt with: the service has it, or never will because it is too large. */
  #sent(entry: Uint8Array | undefined): boolean {
    if (entry === undefined) return true;
    const errno = this.#sender.send(entry);
    if (errno === EMSGSIZE) this.#drop();
    return errno === 0 || errno === EMSGSIZE;
  }

  #drop(): void {
    this.#dropped++;
    this.#unreported++;
  }
}
