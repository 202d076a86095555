import type { Tree } from '../config/tree.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ListenOptions, StreamConnection, StreamListener } from '../contracts/stream.ts';
import { ConfigError } from '../util/error.ts';
import { Throttle } from '../util/throttle.ts';
import { clientText, onlyReads } from './access.ts';
import { failure } from './answers.ts';
import type { CommandContext } from './command.ts';
import { COMMANDS } from './commands/table.ts';
import { ViciConnection, type ViciHandlers } from './connection.ts';
import { Dispatcher } from './dispatcher.ts';
import { EventBatch } from './event-batch.ts';
import { GLOBAL_EVENTS, type GlobalEvent } from './events/global.ts';
import { STREAMED_EVENTS } from './events/streamed.ts';
import { FairShare } from './fair-share.ts';
import { type MessageBody, MessageWriter } from './message-writer.ts';
import { eventHead, writeSegment } from './packet.ts';
import { ReaderLog } from './reader-log.ts';
import type { ViciServices } from './services.ts';

/** Clients served at once, and how many of them may be at the socket for reading; more are turned away. */
const MAX_CLIENTS = 512;
const MAX_READERS = 128;
/** Octets held for all clients together; beyond that the one for whom most is held goes. */
const MAX_HELD = 256 * 1024 * 1024;
/** Milliseconds in which clients for whom the process has no room are one line of the log. */
const REFUSALS_WINDOW = 60_000;

/** The running VICI server; disposal disconnects everybody and removes the socket. */
export interface ViciServer extends AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  /** Clients connected now. */
  readonly clients: number;
}

/** Opens the VICI sockets of the options and serves clients from then on. */
export async function createViciServer(services: ViciServices): Promise<ViciServer> {
  const options = services.options();
  const { user, group } = options;
  const path = socketPath('socket', options['plugins.vici.socket']);
  const reading = options['plugins.vici.read_only_socket'];
  const readingPath = reading && socketPath('read_only_socket', reading);
  const server = new Server(services);
  try {
    await server.listen(path, { ...(user && { user }), ...(group && { group }) }, false);
    if (readingPath) {
      const readers = options['plugins.vici.read_only_group'];
      const who = { ...(user && { user }), ...(readers && { group: readers }) };
      await server.listen(readingPath, who, true);
    }
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

function socketPath(option: string, uri: string): string {
  const path = uri.startsWith('unix://') ? uri.slice('unix://'.length) : '';
  if (path.startsWith('/')) return path;
  const name = `charon.plugins.vici.${option}`;
  throw new ConfigError(
    name,
    `${name} is '${uri}', only UNIX sockets are served: write unix:///run/charon.vici`,
  );
}

class Server implements ViciServer, ViciHandlers {
  readonly #services: ViciServices;
  readonly #log: Logger;
  readonly #dispatcher = new Dispatcher(COMMANDS);
  readonly #clients = new Set<ViciConnection>();
  /** What commands see of each client. */
  readonly #contexts = new WeakMap<ViciConnection, CommandContext>();
  readonly #events: ReadonlyMap<string, GlobalEvent>;
  /** Registrations of all clients; a source is connected only while somebody listens. */
  readonly #registrations = new Map<string, number>();
  readonly #disconnectSource = new Map<string, () => void>();
  readonly #listeners: StreamListener[] = [];
  readonly #readerLog: Logger;
  #readers = 0;
  #turnedAway = 0;
  readonly #refusals = new Throttle(1, REFUSALS_WINDOW);
  #held = 0;
  readonly #turns: FairShare;

  constructor(services: ViciServices) {
    this.#services = services;
    this.#turns = new FairShare(() => services.streams.nextTurn());
    this.#log = services.hub;
    this.#readerLog = new ReaderLog(services.hub, services.clock);
    this.#events = new Map(GLOBAL_EVENTS.map((event) => [event.name, event]));
  }

  get path(): string {
    return this.#listeners[0]?.path ?? '';
  }

  get clients(): number {
    return this.#clients.size;
  }

  async listen(path: string, options: ListenOptions, readOnly: boolean): Promise<void> {
    const { streams } = this.#services;
    this.#listeners.push(
      await streams.listen(
        path,
        { ...options, onRefused: (reason) => this.#refused(reason) },
        (stream) => this.#accept(stream, readOnly),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners) await listener[Symbol.asyncDispose]();
    for (const client of [...this.#clients]) client.destroy();
    for (const disconnect of this.#disconnectSource.values()) disconnect();
    this.#disconnectSource.clear();
  }

  #refused(reason: string): void {
    const pass = this.#refusals.pass(this.#services.clock.now());
    if (pass === undefined) return;
    const more = pass.suppressed === 0 ? '' : ` (and ${pass.suppressed} before)`;
    this.#log.log('cfg', 1, `vici client turned away: ${reason}${more}`);
  }

  #accept(stream: StreamConnection, readOnly: boolean): void {
    // Whoever may only read does not keep out those who steer.
    if (readOnly && this.#readers >= MAX_READERS) {
      stream.destroy();
      this.#readerLog.log(
        'cfg',
        1,
        `vici client turned away, ${MAX_READERS} readers are connected`,
      );
      return;
    }
    if (this.#clients.size >= MAX_CLIENTS) {
      stream.destroy();
      // One line per full house, not one per knock.
      if (this.#turnedAway++ === 0) {
        this.#log.log('cfg', 1, `vici client turned away, ${MAX_CLIENTS} are connected`);
      }
      return;
    }
    const { clock } = this.#services;
    const log = readOnly ? this.#readerLog : this.#log;
    const services = { clock, log, turns: this.#turns, readOnly };
    this.#clients.add(new ViciConnection(stream, this, services));
    if (readOnly) this.#readers++;
  }

  closed(connection: ViciConnection): void {
    if (this.#clients.delete(connection) && connection.readOnly) this.#readers--;
    if (this.#turnedAway > 0 && this.#clients.size < MAX_CLIENTS / 2) this.#turnedAway = 0;
  }

  held(delta: number): void {
    this.#held += delta;
    while (this.#held > MAX_HELD) {
      const [first, ...others] = this.#clients;
      if (first === undefined) return;
      const greediest = others.reduce((most, one) => (one.held > most.held ? one : most), first);
      greediest.close(
        `more than ${MAX_HELD >> 20} MiB are held for all clients, ${greediest.held >> 20} MiB of them for it`,
      );
    }
  }

  request(
    name: string,
    packet: Uint8Array,
    offset: number,
    connection: ViciConnection,
  ): Tree | Promise<Tree> | undefined {
    if (!this.#dispatcher.knows(name)) return undefined;
    const context = this.#contextOf(connection);
    if (connection.readOnly && !onlyReads(name)) {
      this.#said(connection, 1, `may not request: ${name}`);
      return failure(`'${name}' is not allowed here: this socket is for listing and watching only`);
    }
    // A program that loads thousands of connections is one line at the usual level, and so is one that asks for a list every second.
    const routine = onlyReads(name) || connection.lastCommand === name;
    connection.lastCommand = name;
    this.#said(connection, routine ? 2 : 1, `requests: ${name}`);
    return this.#dispatcher.run(name, packet, offset, context);
  }

  #contextOf(connection: ViciConnection): CommandContext {
    const known = this.#contexts.get(connection);
    if (known !== undefined) return known;
    const context: CommandContext = {
      services: this.#services,
      log: this.#log,
      readOnly: connection.readOnly,
      signal: connection.signal,
      event: (event, tree, droppable = false) => {
        if (connection.registrationsOf(event) === 0) return;
        const segment = this.#encodeEvent(event, tree);
        if (segment !== undefined) connection.sendEvent(event, segment, droppable);
      },
      batch: (event) =>
        new EventBatch(event, {
          registrations: () => connection.registrationsOf(event),
          send: (segments) => connection.sendBatch(segments),
          leftOut: () => this.#leftOut(event),
        }),
      ready: (units) => connection.ready(units),
    };
    this.#contexts.set(connection, context);
    return context;
  }

  #said({ peer, readOnly }: ViciConnection, level: 1 | 2, what: string): void {
    if (peer === undefined || !this.#log.enabled('cfg', level)) return;
    const log = readOnly ? this.#readerLog : this.#log;
    log.log('cfg', level, `${clientText(peer, readOnly)} ${what}`);
  }

  isEvent(name: string): boolean {
    return this.#events.has(name) || STREAMED_EVENTS.has(name);
  }

  registered(name: string, delta: 1 | -1): void {
    const event = this.#events.get(name);
    if (event === undefined) return;
    const count = (this.#registrations.get(name) ?? 0) + delta;
    this.#registrations.set(name, count);
    if (count === 1 && delta === 1) {
      const send = (message: MessageBody): void => this.#broadcast(event, message);
      this.#disconnectSource.set(name, event.connect(this.#services, send));
    } else if (count === 0) {
      this.#disconnectSource.get(name)?.();
      this.#disconnectSource.delete(name);
    }
  }

  #broadcast(event: GlobalEvent, message: MessageBody): void {
    const segment = this.#encodeEvent(event.name, message);
    if (segment === undefined) return;
    // Sending may disconnect a client, which changes the set.
    for (const client of [...this.#clients]) {
      client.sendEvent(event.name, segment, event.droppable);
    }
  }

  #encodeEvent(name: string, message: MessageBody): Uint8Array | undefined {
    const out = new MessageWriter();
    if (writeSegment(out, eventHead(name), message)) return out.take();
    this.#leftOut(name);
    return undefined;
  }

  #leftOut(event: string): void {
    // A log event about a log event that is too long could go on for ever.
    if (event === 'log') return;
    this.#log.log('cfg', 1, `vici event '${event}' is too long for a packet, left out`);
  }
}
