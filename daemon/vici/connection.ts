import type { Tree } from '../config/tree.ts';
import type { Clock, Timer } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type { PeerCredentials, StreamConnection } from '../contracts/stream.ts';
import { errorText } from '../util/error.ts';
import { Throttle } from '../util/throttle.ts';
import { SUCCESS } from './answers.ts';
import type { FairShare } from './fair-share.ts';
import { CLOSE_ABOVE, Outbox } from './outbox.ts';
import { encodeSegment, MAX_PACKET, type PacketHead, PacketType, readHead } from './packet.ts';
import { SegmentReader } from './segments.ts';

/** Milliseconds a client may take for one segment. */
const SEGMENT_TIMEOUT = 30_000;
/** Requests and octets that may wait for their turn before the client is no longer read. */
const MAX_PENDING = 64;
const MAX_PENDING_OCTETS = 2 * MAX_PACKET;
/** Registrations of one client for one event, each of which it is sent once more; readers may not multiply the daemon's work. */
const MAX_REGISTRATIONS = 64;
const MAX_READER_REGISTRATIONS = 4;
/** Lines about malformed packets of one client, per milliseconds. */
const MAX_COMPLAINTS = 20;
const COMPLAINTS_WINDOW = 10_000;

/** What a connection hands its packets to. */
export interface ViciHandlers {
  /** The answer of a command; `undefined` if there is none of that name. */
  request(
    name: string,
    packet: Uint8Array,
    offset: number,
    connection: ViciConnection,
  ): Tree | Promise<Tree> | undefined;
  isEvent(name: string): boolean;
  /** The number of registrations of an event changed by this client. */
  registered(name: string, delta: 1 | -1): void;
  /** What this client makes us hold grew or shrank by so many octets; may close clients. */
  held(delta: number): void;
  closed(connection: ViciConnection): void;
}

export interface ViciConnectionServices {
  readonly clock: Clock;
  readonly log: Logger;
  /** Shared by all clients. */
  readonly turns: FairShare;
  /** Whether this client may change nothing. */
  readonly readOnly: boolean;
}

/** One client: its packets run strictly one after the other, its registrations end with it. */
export class ViciConnection {
  readonly #stream: StreamConnection;
  readonly #handlers: ViciHandlers;
  readonly #services: ViciConnectionServices;
  readonly #segments = new SegmentReader();
  readonly #outbox: Outbox;
  readonly #abort = new AbortController();
  readonly #registrations = new Map<string, number>();
  #pending: Uint8Array[] = [];
  #pendingOctets = 0;
  #running = false;
  #paused = false;
  #closed = false;
  #segmentTimer: Timer | undefined;
  /** Octets that were told to be held. */
  #told = 0;
  /** The command it asked for last. */
  lastCommand = '';
  readonly #complaints = new Throttle(MAX_COMPLAINTS, COMPLAINTS_WINDOW);

  constructor(stream: StreamConnection, handlers: ViciHandlers, services: ViciConnectionServices) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#services = services;
    this.#outbox = new Outbox(stream, {
      changed: () => this.#tell(),
      overflow: () =>
        this.close(`it does not read, more than ${CLOSE_ABOVE >> 20} MiB are waiting`),
      failed: (error) => this.close(`nothing can be sent to it: ${errorText(error)}`),
    });
    stream.onData((octets) => this.#received(octets));
    stream.onClose(() => this.#ended());
  }

  /** Who it is, if the system tells. */
  get peer(): PeerCredentials | undefined {
    return this.#stream.peer;
  }

  get readOnly(): boolean {
    return this.#services.readOnly;
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Octets held for the client: received and not yet handled, or not yet sent. */
  get held(): number {
    return this.#closed ? 0 : this.#segments.held + this.#pendingOctets + this.#outbox.queued;
  }

  /** How often the client registered for an event, and so how often it is sent. */
  registrationsOf(event: string): number {
    return this.#registrations.get(event) ?? 0;
  }

  /** Sends a segment made by `encodeSegment`, once per registration of the event. */
  sendEvent(event: string, segment: Uint8Array, droppable: boolean): void {
    for (let i = this.registrationsOf(event); i > 0 && !this.#closed; i--) {
      this.#outbox.push(segment, droppable);
    }
  }

  /** Sends segments of events, one behind the other, as they are. */
  sendBatch(segments: Uint8Array): void {
    if (!this.#closed) this.#outbox.push(segments, false);
  }

  /**
   * Counts what was streamed, and resolves when the client has read enough to be sent more and it is its turn.
   * `undefined` means at once.
   */
  ready(units = 1): Promise<void> | undefined {
    const space = this.#outbox.ready();
    const { turns } = this.#services;
    return space === undefined ? turns.goOn(units) : space.then(() => turns.goOn(units));
  }

  /** Disconnects the client and says why in the log. */
  close(why: string): void {
    if (this.#closed) return;
    this.#stream.destroy();
    this.#ended();
    // Only now: before, the line would be queued for this very client and close it once more.
    this.#services.log.log('cfg', 1, `disconnected vici client: ${why}`);
  }

  /** Disconnects without a word: the daemon ends. */
  destroy(): void {
    this.#stream.destroy();
    this.#ended();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#segmentTimer?.cancel();
    // What was not handled may hold secrets.
    for (const packet of this.#pending) packet.fill(0);
    this.#pending = [];
    this.#segments.wipe();
    this.#outbox.close();
    this.#tell();
    for (const [event, count] of this.#registrations) {
      for (let i = 0; i < count; i++) this.#handlers.registered(event, -1);
    }
    this.#registrations.clear();
    this.#abort.abort();
    this.#handlers.closed(this);
    const { dropped } = this.#outbox;
    if (dropped > 0) {
      this.#services.log.log('cfg', 1, `vici client missed ${dropped} log events, it did not read`);
    }
  }

  #received(octets: Uint8Array): void {
    if (this.#closed) return;
    const result = this.#segments.push(octets);
    for (const packet of result.packets) {
      this.#pending.push(packet);
      this.#pendingOctets += packet.length;
    }
    this.#watchSegment(result.packets.length > 0);
    void this.#work();
    this.#tell();
    if (result.kind === 'too-long') {
      this.close(
        `it announced a packet of ${result.length} octets, at most ${MAX_PACKET} are allowed`,
      );
    }
  }

  // The time counts from the first octet of a segment: sending one octet a second does not extend it.
  #watchSegment(completed: boolean): void {
    if (completed || !this.#segments.partial) {
      this.#segmentTimer?.cancel();
      this.#segmentTimer = undefined;
    }
    if (!this.#segments.partial || this.#segmentTimer !== undefined) return;
    this.#segmentTimer = this.#services.clock.after(SEGMENT_TIMEOUT, () => {
      this.close(`it did not finish a packet within ${SEGMENT_TIMEOUT / 1000} seconds`);
    });
  }

  async #work(): Promise<void> {
    if (this.#running) {
      this.#throttle();
      return;
    }
    this.#running = true;
    for (let packet = this.#pending.shift(); packet !== undefined; packet = this.#pending.shift()) {
      const turn = this.#services.turns.begin(packet.length);
      if (turn !== undefined) await turn;
      const answered = this.#closed ? undefined : this.#handle(packet);
      if (answered !== undefined) await answered;
      // It may have held a secret; whatever was kept of it is a copy.
      packet.fill(0);
      this.#pendingOctets -= packet.length;
      this.#tell();
      if (this.#closed) break;
      this.#throttle();
      // A client that asks without reading the answers is not asked for more.
      const space = this.#outbox.ready();
      if (space !== undefined) await space;
      if (this.#closed) break;
    }
    this.#running = false;
  }

  #tell(): void {
    const delta = this.held - this.#told;
    if (delta === 0) return;
    this.#told += delta;
    this.#handlers.held(delta);
  }

  #throttle(): void {
    const full = this.#pending.length > MAX_PENDING || this.#pendingOctets > MAX_PENDING_OCTETS;
    if (full === this.#paused || this.#closed) return;
    this.#paused = full;
    if (full) this.#stream.pause();
    else this.#stream.resume();
  }

  #handle(packet: Uint8Array): Promise<void> | undefined {
    const head = readHead(packet);
    if (head === undefined) {
      this.#complain(packet.length === 0 ? 'an empty packet' : 'a packet with a malformed name');
      return undefined;
    }
    switch (head.type) {
      case PacketType.CMD_REQUEST:
        return this.#request(head, packet);
      case PacketType.EVENT_REGISTER:
        this.#register(head.name);
        return undefined;
      case PacketType.EVENT_UNREGISTER:
        this.#unregister(head.name);
        return undefined;
      default:
        this.#complain(`a packet of unsupported type ${head.type}`);
        return undefined;
    }
  }

  #complain(what: string): void {
    const pass = this.#complaints.pass(this.#services.clock.now());
    if (pass === undefined) return;
    const more = pass.suppressed === 0 ? '' : ` (and ${pass.suppressed} more before)`;
    this.#services.log.log('cfg', 1, `received ${what} from vici client, ignored${more}`);
  }

  #request(head: PacketHead, packet: Uint8Array): Promise<void> | undefined {
    const answer = this.#handlers.request(head.name, packet, head.offset, this);
    if (answer === undefined) {
      this.#answer(PacketType.CMD_UNKNOWN, []);
      return undefined;
    }
    if (answer instanceof Promise)
      return answer.then((tree) => this.#answer(PacketType.CMD_RESPONSE, tree));
    this.#answer(PacketType.CMD_RESPONSE, answer);
    return undefined;
  }

  #register(name: string): void {
    if (!this.#handlers.isEvent(name)) {
      this.#answer(PacketType.EVENT_UNKNOWN, []);
      return;
    }
    const count = this.registrationsOf(name);
    if (count >= (this.readOnly ? MAX_READER_REGISTRATIONS : MAX_REGISTRATIONS)) {
      this.close(`it registered ${count} times for event '${name}'`);
      return;
    }
    this.#registrations.set(name, count + 1);
    this.#handlers.registered(name, 1);
    this.#answer(PacketType.EVENT_CONFIRM, []);
  }

  #unregister(name: string): void {
    const count = this.registrationsOf(name);
    if (count === 0) {
      this.#answer(PacketType.EVENT_UNKNOWN, []);
      return;
    }
    if (count === 1) this.#registrations.delete(name);
    else this.#registrations.set(name, count - 1);
    this.#handlers.registered(name, -1);
    this.#answer(PacketType.EVENT_CONFIRM, []);
  }

  #answer(type: PacketType, tree: Tree): void {
    if (this.#closed) return;
    const segment =
      tree === SUCCESS ? SUCCEEDED : (encodeSegment(type, undefined, tree) ?? tooLarge());
    this.#outbox.push(segment, false);
  }
}

// What nearly every command that changes something answers.
const SUCCEEDED = encodeSegment(PacketType.CMD_RESPONSE, undefined, SUCCESS) ?? tooLarge();

// A client whose answer is left out would wait for ever.
function tooLarge(): Uint8Array {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const segment = encodeSegment(PacketType.CMD_RESPONSE, undefined, [
    { kind: 'value', name: 'success', value: text('no') },
    { kind: 'value', name: 'errmsg', value: text(`answer exceeds ${MAX_PACKET} octets`) },
  ]);
  return segment ?? new Uint8Array(0);
}
