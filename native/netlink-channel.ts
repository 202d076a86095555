import { errnoName } from './errno.ts';
import { NetlinkDecodeError, NetlinkError } from './errors.ts';
import { NlmFlag, NlmType } from './netlink-constants.ts';
import type { DatagramHandler, NetlinkTransport } from './netlink-socket.ts';
import { type NetlinkMessage, parseAck, parseMessages, setSequence } from './nlmsg.ts';

/** Opens the socket of a channel; a test passes a function that plays the kernel. */
export type OpenTransport = (handler: DatagramHandler) => NetlinkTransport;

/** How a request is named in errors. */
export interface RequestName {
  /** `XFRM_MSG_NEWSA`. */
  readonly request: string;
  /** `add SA esp 0xc0000001 to 192.0.2.1`. */
  readonly operation: string;
}

/** What a refusal means for a request that was sent again because the first sending got no answer. */
export interface Again {
  /** Whether this errno says that the first sending did its work; not if absent. */
  done?(errno: number): boolean | Promise<boolean>;
}

interface Pending {
  readonly name: RequestName;
  readonly dump: boolean;
  readonly messages: NetlinkMessage[];
  interrupted: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
  resolve(messages: NetlinkMessage[]): void;
  reject(error: Error): void;
}

const DUMP_TRIES = 5;
const ENOBUFS = 105;
const ETIMEDOUT = 110;
const ECANCELED = 125;
const EINTR = 4;

/**
 * Requests over one netlink socket: each is numbered, and resolved by the answers that carry its number. Several
 * may be under way at once, except dumps, of which the kernel does one at a time per socket.
 */
export class NetlinkChannel implements Disposable {
  readonly #transport: NetlinkTransport;
  readonly #timeoutMillis: number;
  readonly #unanswered: (operation: string) => void;
  readonly #pending = new Map<number, Pending>();
  #sequence = 0;
  #lastDump: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** `unanswered` is told what is sent again because the kernel did not answer in time. */
  constructor(
    open: OpenTransport,
    timeoutMillis: number,
    unanswered: (operation: string) => void = () => undefined,
  ) {
    this.#timeoutMillis = timeoutMillis;
    this.#unanswered = unanswered;
    this.#transport = open((datagrams, errno) => this.#receive(datagrams, errno));
  }

  /**
   * Sends a request that asks for an acknowledgement and resolves with the messages that came before it. One that is not
   * answered in time is sent once more. The message is wiped once sent, what is kept of it for the second time as soon as
   * that is not needed. Rejects with {@link NetlinkError} or {@link NetlinkDecodeError}.
   */
  async request(
    message: Uint8Array,
    name: RequestName,
    again: Again = {},
  ): Promise<NetlinkMessage[]> {
    const copy = message.slice();
    try {
      return await this.#send(message, name, false);
    } catch (error) {
      if (errnoOf(error) !== ETIMEDOUT) throw error;
      this.#unanswered(name.operation);
      return await this.#repeat(copy, name, again);
    } finally {
      copy.fill(0);
    }
  }

  async #repeat(message: Uint8Array, name: RequestName, again: Again): Promise<NetlinkMessage[]> {
    try {
      return await this.#send(message, name, false);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== undefined && (await again.done?.(errno)) === true) return [];
      throw error;
    }
  }

  /** Sends a dump request and resolves with every message of a listing that no change interrupted. */
  dump(message: Uint8Array, name: RequestName): Promise<NetlinkMessage[]> {
    const dumped = this.#lastDump.then(() => this.#dumpWhole(message, name));
    this.#lastDump = dumped.catch(() => undefined);
    return dumped;
  }

  /** Rejects what is outstanding with ECANCELED and closes the socket; calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transport.close();
    this.#failAll((name) => new NetlinkError(name.operation, name.request, ECANCELED));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Requests that wait for their answer. */
  get outstanding(): number {
    return this.#pending.size;
  }

  async #dumpWhole(message: Uint8Array, name: RequestName): Promise<NetlinkMessage[]> {
    for (let left = DUMP_TRIES; ; left--) {
      try {
        return await this.#send(message.slice(), name, true);
      } catch (error) {
        if (errnoOf(error) !== EINTR || left <= 1) throw error;
      }
    }
  }

  #send(message: Uint8Array, name: RequestName, dump: boolean): Promise<NetlinkMessage[]> {
    if (this.#closed) {
      return Promise.reject(new NetlinkError(name.operation, name.request, ECANCELED));
    }
    const sequence = this.#nextSequence();
    setSequence(message, sequence);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new NetlinkError(name.operation, name.request, ETIMEDOUT);
        this.#take(sequence)?.reject(error);
      }, this.#timeoutMillis);
      const messages: NetlinkMessage[] = [];
      const interrupted = false;
      this.#pending.set(sequence, { name, dump, messages, interrupted, timer, resolve, reject });
      try {
        this.#transport.send(message, name.operation);
      } catch (error) {
        this.#take(sequence)?.reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        // It may hold keys; the kernel has its copy.
        message.fill(0);
      }
    });
  }

  #nextSequence(): number {
    do {
      this.#sequence = (this.#sequence + 1) >>> 0;
    } while (this.#sequence === 0 || this.#pending.has(this.#sequence));
    return this.#sequence;
  }

  #take(sequence: number): Pending | undefined {
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return undefined;
    this.#pending.delete(sequence);
    clearTimeout(pending.timer);
    return pending;
  }

  #receive(datagrams: readonly Uint8Array[], errno: number): void {
    for (const datagram of datagrams) {
      try {
        for (const message of parseMessages(datagram)) this.#dispatch(message);
      } catch (error) {
        if (!(error instanceof NetlinkDecodeError)) throw error;
        // Whose answer it was cannot be told any more.
        this.#failAll(() => error);
      }
    }
    if (errno !== 0) this.#failAll((name) => lost(name, errno));
  }

  #dispatch(message: NetlinkMessage): void {
    const pending = this.#pending.get(message.seq);
    // The answer to a request that timed out, or that was never ours.
    if (pending === undefined) return;
    if ((message.flags & NlmFlag.DUMP_INTR) !== 0 && pending.dump) pending.interrupted = true;
    if (message.type === NlmType.ERROR) {
      this.#finish(message, pending);
    } else if (message.type === NlmType.DONE) {
      this.#finishDump(message, pending);
    } else if (message.type >= 0x10) {
      pending.messages.push(message);
    }
  }

  #finish(message: NetlinkMessage, pending: Pending): void {
    this.#take(message.seq);
    try {
      const { errno, extAck } = parseAck(message);
      const { operation, request } = pending.name;
      if (errno === 0) pending.resolve(pending.messages);
      else pending.reject(new NetlinkError(operation, request, errno, extAck));
    } catch (error) {
      pending.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #finishDump(message: NetlinkMessage, pending: Pending): void {
    // NLMSG_DONE carries the dump's result in the place where NLMSG_ERROR has its own.
    if (message.body.length >= 4)
      this.#finish(pending.interrupted ? interrupted(message) : message, pending);
    else if (pending.interrupted) this.#finish(interrupted(message), pending);
    else this.#take(message.seq)?.resolve(pending.messages);
  }

  #failAll(errorFor: (name: RequestName) => Error): void {
    for (const sequence of [...this.#pending.keys()]) {
      const pending = this.#take(sequence);
      pending?.reject(errorFor(pending.name));
    }
  }
}

function errnoOf(error: unknown): number | undefined {
  return error instanceof NetlinkError ? error.errno : undefined;
}

function lost(name: RequestName, errno: number): NetlinkError {
  const why = errno === ENOBUFS ? 'the answer was lost' : `the socket reported ${errnoName(errno)}`;
  return new NetlinkError(name.operation, name.request, errno, why);
}

// A listing that changed while it was read, told in the form of any other failure.
function interrupted(message: NetlinkMessage): NetlinkMessage {
  const body = new Uint8Array(4);
  new Int32Array(body.buffer)[0] = -EINTR;
  return { ...message, flags: 0, body };
}
