import { type Tree, value } from '../config/tree.ts';
import type { StreamConnection, StreamSystem } from '../contracts/stream.ts';
import { IkedError } from '../util/error.ts';
import { MAX_NAME, MAX_VALUE } from './element.ts';
import { decodeMessage } from './message.ts';
import { encodeSegment, MAX_PACKET, PacketType, readHead } from './packet.ts';
import type { ViciMap } from './plain-input.ts';
import { SegmentReader } from './segments.ts';

/**
 * Why a request failed: the daemon `refused` it (the message is its `errmsg`), does not know it (`unknown`), cannot be reached
 * (`unreachable`), or the connection `closed` before there was an answer; the request is `too-long` for the protocol; the answer is
 * `unexpected`; or more events came than were read (`overflow`).
 */
export type ViciFailure =
  | 'refused'
  | 'unknown'
  | 'unreachable'
  | 'closed'
  | 'too-long'
  | 'unexpected'
  | 'overflow';

/** A request that failed. */
export class ViciError extends IkedError {
  readonly kind: ViciFailure;
  /** What the daemon answered, if it refused: some commands say more than `errmsg`. */
  readonly answer: ViciMap;

  constructor(
    message: string,
    kind: ViciFailure = 'refused',
    options?: ErrorOptions & { readonly answer?: ViciMap },
  ) {
    super('VICI', message, options);
    this.kind = kind;
    this.answer = options?.answer ?? new Map();
  }
}

interface Reply {
  readonly type: number;
  readonly tree: Tree;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

type Listener = (data: Tree) => void;

/**
 * The client's end of a VICI connection: packets paired with their answers, events with their listeners. Requests go out one after the
 * other, however many are asked for at once. Messages are trees, in the order and with the repetitions of the wire.
 */
export class ViciChannel implements AsyncDisposable {
  readonly #stream: StreamConnection;
  readonly #segments = new SegmentReader();
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onClosed = new Set<(error: ViciError) => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed: ViciError | undefined;

  constructor(stream: StreamConnection) {
    this.#stream = stream;
    stream.onData((octets) => this.#received(octets));
    stream.onClose(() => this.#fail(new ViciError('the daemon closed the connection', 'closed')));
  }

  /**
   * Connects to the daemon's socket. Aborting the signal ends the connection, which is the protocol's only way to give
   * up a command that runs: whatever waits rejects, and SAs under way go on.
   */
  static async connect(
    streams: StreamSystem,
    path: string,
    signal?: AbortSignal,
  ): Promise<ViciChannel> {
    signal?.throwIfAborted();
    const channel = new ViciChannel(await streams.connect(path));
    const abort = (): void => channel.close(new ViciError('the client was aborted', 'closed'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    channel.onClosed(() => signal?.removeEventListener('abort', abort));
    return channel;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close(new ViciError('the client was closed', 'closed'));
    return Promise.resolve();
  }

  /** Calls back once, when the connection has ended for whatever reason; the result takes that back. */
  onClosed(handler: (error: ViciError) => void): () => void {
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed));
    this.#onClosed.add(handler);
    return () => void this.#onClosed.delete(handler);
  }

  /** Sends a request and gives its answer, whatever it says. Rejects with {@link ViciError} if there is none. */
  async call(command: string, input: Tree): Promise<Tree> {
    const reply = await this.#exchange(PacketType.CMD_REQUEST, command, input);
    if (reply.type === PacketType.CMD_UNKNOWN) {
      throw new ViciError(`the daemon does not know the command '${command}'`, 'unknown');
    }
    return reply.tree;
  }

  /** Calls back for each event of a name until the result is called. Rejects if the daemon does not know the event. */
  async listen(event: string, listener: Listener): Promise<() => Promise<void>> {
    const known = this.#listeners.get(event);
    const listeners = known ?? new Set();
    listeners.add(listener);
    if (known === undefined) {
      this.#listeners.set(event, listeners);
      const reply = await this.#exchange(PacketType.EVENT_REGISTER, event, []);
      if (reply.type !== PacketType.EVENT_CONFIRM) {
        this.#listeners.delete(event);
        throw new ViciError(`the daemon does not know the event '${event}'`, 'unknown');
      }
    }
    return async () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(event) !== listeners) return;
      this.#listeners.delete(event);
      if (this.#closed === undefined) await this.#exchange(PacketType.EVENT_UNREGISTER, event, []);
    };
  }

  // There are no sequence numbers: the next packet that is no event answers the request that was sent last.
  #exchange(type: PacketType, name: string, tree: Tree): Promise<Reply> {
    const segment = encodeSegment(type, name, tree);
    if (segment === undefined) {
      return Promise.reject(new ViciError(`'${name}' exceeds ${MAX_PACKET} octets`, 'too-long'));
    }
    const cut = tooLong([value(name, ''), ...tree]);
    if (cut !== undefined) return Promise.reject(new ViciError(`'${name}': ${cut}`, 'too-long'));
    const reply = this.#turn.then(
      () =>
        new Promise<Reply>((resolve, reject) => {
          if (this.#closed !== undefined) {
            reject(this.#closed);
            return;
          }
          this.#waiting.push({ resolve, reject });
          this.#stream.write(segment);
        }),
    );
    this.#turn = reply.catch(() => undefined);
    return reply;
  }

  #received(octets: Uint8Array): void {
    const result = this.#segments.push(octets);
    for (const packet of result.packets) this.#packet(packet);
    if (result.kind === 'too-long') {
      this.#stream.destroy();
      this.#fail(
        new ViciError(`the daemon announced a packet of ${result.length} octets`, 'closed'),
      );
    }
  }

  #packet(packet: Uint8Array): void {
    const head = readHead(packet);
    if (head === undefined) return;
    const { tree } = decodeMessage(packet, head.offset);
    if (head.type !== PacketType.EVENT) {
      this.#waiting.shift()?.resolve({ type: head.type, tree });
      return;
    }
    const listeners = this.#listeners.get(head.name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) listener(tree);
  }

  /** Stops and goes on reading what the daemon sends, answers included; it is slowed down by that. */
  pause(paused: boolean): void {
    if (paused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Ends the connection; whatever waits rejects with the error. */
  close(error: ViciError): void {
    this.#fail(error);
    this.#stream.destroy();
  }

  #fail(error: ViciError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
    for (const closed of this.#onClosed) closed(error);
  }
}

/** What the format cannot carry, in words: on the wire it would be cut, and mean something else. */
function tooLong(tree: Tree): string | undefined {
  for (const entry of tree) {
    const found =
      entry.name.length > MAX_NAME
        ? `a name of ${entry.name.length} octets, at most ${MAX_NAME} can be sent`
        : entry.kind === 'section'
          ? tooLong(entry.entries)
          : (entry.kind === 'list' ? entry.items : [entry.value]).some(isTooLong)
            ? `${entry.name} has more than ${MAX_VALUE} octets`
            : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const isTooLong = (item: Uint8Array): boolean => item.length > MAX_VALUE;
