import type { Tree } from '../config/tree.ts';
import type { CallOptions } from './call-options.ts';
import { type ViciChannel, ViciError } from './channel.ts';
import { CommandStream } from './command-stream.ts';
import { decodeEvent, decodeFields, decodeNamed } from './decode.ts';
import { EventQueue, QueueIterator } from './event-queue.ts';
import type { GlobalEvents } from './generated/event-types.ts';
import { SessionCommands } from './generated/session-commands.ts';
import { toMap, toTree, type ViciInput, type ViciMap } from './plain-input.ts';
import { COMMAND_SCHEMAS, type CommandSchema } from './schema/commands.ts';
import { EVENT_SCHEMAS, type EventSchema } from './schema/events.ts';
import { SessionLink, type SessionWorld, type Subscription } from './session-link.ts';
import { Turns } from './turns.ts';

/** Where the daemon is and what happens when it goes away. */
export interface SessionOptions {
  /** Path of its socket; `/run/charon.vici` by default. */
  readonly path?: string | undefined;
  /** Gives up connecting for the first time. */
  readonly signal?: AbortSignal | undefined;
  /** How long a daemon that went away is looked for, milliseconds: 30 000 by default, `Infinity` for ever, 0 not at all. */
  readonly reconnectWithin?: number | undefined;
}

/** Where daemons serve VICI unless they were told otherwise. */
export const DEFAULT_PATH = '/run/charon.vici';
const DEFAULT_PATIENCE = 30_000;

/** An event and its data; `reconnected` says that events may have been missed. */
export type SessionEvent<N extends keyof GlobalEvents | 'reconnected'> =
  N extends keyof GlobalEvents
    ? { readonly event: N; readonly data: GlobalEvents[N] }
    : { readonly event: 'reconnected' };

/** The names {@link ViciSession.listen} takes. */
export type EventName = keyof GlobalEvents | 'reconnected';

const COMMANDS = new Map(COMMAND_SCHEMAS.map((schema) => [schema.name, schema]));
const EVENTS = new Map(EVENT_SCHEMAS.map((schema) => [schema.name, schema]));

/**
 * A session with the daemon: every command as a method, events by {@link listen}. Commands go out one after the other, however many are
 * asked for at once; one that waits for something (`initiate`) keeps those behind it waiting, which is why a second session is
 * cheap and allowed. The same goes for a loop that does not keep up: it holds up the others of its session.
 *
 * Each call takes an `AbortSignal`. Aborting one that waits for its turn takes it back. Aborting one that runs ends the connection, which
 * is the protocol's only way to give up; those behind it go on over a new connection. A call rejects with the signal's reason.
 *
 * When the daemon goes away, the call that runs rejects with a {@link ViciError} of kind `closed`: whether it was carried out is not
 * known, so it is not repeated. Calls that waited behind it and later ones are sent once the daemon is there again. Registrations for
 * events are renewed; what happened meanwhile is lost, and who asked for `reconnected` is told so.
 */
export class ViciSession extends SessionCommands implements AsyncDisposable {
  readonly #link: SessionLink;
  readonly #turns = new Turns(() => this.#flow());
  /** Queues that are full, and whether the command that runs fills one of them. */
  #full = 0;
  #runningFull = false;

  protected constructor(world: SessionWorld, options: SessionOptions) {
    super();
    const { path = DEFAULT_PATH, reconnectWithin = DEFAULT_PATIENCE } = options;
    this.#link = new SessionLink(world, path, reconnectWithin);
  }

  /** Connects over the given streams; rejects at once if the daemon is not there. */
  static over(world: SessionWorld, options: SessionOptions = {}): Promise<ViciSession> {
    return new ViciSession(world, options).open(options);
  }

  /** The first connection. */
  protected async open({ signal }: SessionOptions): Promise<this> {
    await this.#link.open(signal);
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#link.end(new ViciError('the session was closed', 'closed'));
    return Promise.resolve();
  }

  /** A command that has no method; rejects like those that have. Texts of the answer hold one character per octet. */
  async call(command: string, input: ViciInput = {}, options?: CallOptions): Promise<ViciMap> {
    return toMap(await this.#send(command, toTree(input), options?.signal));
  }

  /**
   * Events as they come, from this call on: what a later command of this session causes is not missed. Ends when the loop is left or the
   * signal is aborted; throws {@link ViciError} when the daemon does not know an event or is gone for good.
   *
   * ```ts
   * for await (const { event, data } of session.listen(['ike-updown', 'child-updown'])) console.log(event, data.name, data.up);
   * ```
   */
  listen<const N extends EventName>(
    names: readonly N[],
    options?: CallOptions,
  ): QueueIterator<SessionEvent<N>> {
    const schemas = schemasOf(names);
    const queue = new EventQueue<SessionEvent<N>>((full) => this.#count(full));
    const wantsRenewals = names.some((name) => name === 'reconnected');
    const subscriptions = schemas.map(
      (schema, index): Subscription => ({
        event: schema.name,
        deliver: (tree) => deliver(queue, tree, schema, (data) => event<N>(schema.name, data)),
        renewed: () => {
          if (wantsRenewals && index === 0) queue.push(event<N>('reconnected', undefined));
        },
        fail: (error) => queue.end(error),
      }),
    );
    const { signal } = options ?? {};
    const stop = (): void => {
      signal?.removeEventListener('abort', stop);
      queue.end();
      this.#unsubscribe(subscriptions).catch(() => undefined);
    };
    if (signal?.aborted === true) queue.end();
    else this.#subscribe(subscriptions).catch((error) => queue.end(error));
    signal?.addEventListener('abort', stop, { once: true });
    return new QueueIterator(queue, stop);
  }

  protected override async ask<A>(
    command: string,
    input: object,
    options: CallOptions | undefined,
  ): Promise<A> {
    const schema = schemaOf(command);
    const answer = await this.#send(command, encode(schema, input, options), options?.signal);
    return decodeAnswer(schema, answer) as A;
  }

  protected override stream<E, A>(
    command: string,
    input: object,
    options: CallOptions | undefined,
  ): CommandStream<E, A> {
    const schema = schemaOf(command);
    const event = EVENTS.get(schema.stream ?? '');
    if (event === undefined) throw new TypeError(`${command} streams nothing`);
    const send = async (queue: EventQueue<E>): Promise<A> => {
      const tree = encode(schema, input, options);
      using _ = await this.#turns.take(options?.signal);
      return await this.#guarded(options?.signal, async (channel) => {
        const stop = await channel.listen(event.name, (data) =>
          deliver(queue, data, event, (decoded) => decoded as E),
        );
        try {
          return decodeAnswer(schema, accepted(command, await channel.call(command, tree))) as A;
        } finally {
          this.#runningFull = false;
          // A connection that ended took the registration with it.
          await stop().catch(() => undefined);
        }
      });
    };
    return new CommandStream(send, (full) => {
      this.#runningFull = full;
      this.#count(full);
    });
  }

  async #send(command: string, tree: Tree, signal: AbortSignal | undefined): Promise<Tree> {
    using _ = await this.#turns.take(signal);
    return await this.#guarded(signal, async (channel) =>
      accepted(command, await channel.call(command, tree)),
    );
  }

  /** Works with the connection; aborting the signal ends it. */
  async #guarded<T>(
    signal: AbortSignal | undefined,
    work: (channel: ViciChannel) => Promise<T>,
  ): Promise<T> {
    const channel = await untilAborted(this.#link.channel(), signal);
    const abort = (): void => channel.close(new ViciError('the call was aborted', 'closed'));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await work(channel);
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async #subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    using _ = await this.#turns.take();
    for (const subscription of subscriptions) await this.#link.subscribe(subscription);
  }

  async #unsubscribe(subscriptions: readonly Subscription[]): Promise<void> {
    using _ = await this.#turns.take();
    for (const subscription of subscriptions) await this.#link.unsubscribe(subscription);
  }

  #count(full: boolean): void {
    this.#full += full ? 1 : -1;
    this.#flow();
  }

  // Reading pauses while a loop does not keep up, so that the daemon waits or drops, unless somebody needs an answer: a call
  // made inside the loop would never get one.
  #flow(): void {
    const answerDue = this.#turns.waiting > 0 || (this.#turns.busy && !this.#runningFull);
    this.#link.pause(this.#full > 0 && !answerDue);
  }
}

function schemasOf(names: readonly EventName[]): readonly EventSchema[] {
  const schemas = [...new Set(names)].flatMap((name) => {
    if (name === 'reconnected') return [];
    const schema = EVENTS.get(name);
    if (schema?.scope !== 'global') throw new TypeError(`there is no event '${name}' to listen to`);
    return [schema];
  });
  if (schemas.length === 0) throw new TypeError('listen needs the name of an event');
  return schemas;
}

function schemaOf(command: string): CommandSchema {
  const schema = COMMANDS.get(command);
  if (schema === undefined) throw new TypeError(`there is no command '${command}'`);
  return schema;
}

/**
 * The request; keys that count by their presence are left out where they are false. Those that stand beside sections of any name come
 * with the options.
 */
function encode({ input: fields, sections }: CommandSchema, input: object, options = {}): Tree {
  const given = sections === undefined ? [] : Object.entries(options);
  const beside = given.filter(([name]) => fields[name] !== undefined);
  const entries = Object.entries(input).filter(
    ([name, content]) => fields[name]?.kind !== 'presence' || content !== false,
  );
  return [entries, beside].flatMap((list) => toTree(Object.fromEntries(list) as ViciInput));
}

function accepted(command: string, tree: Tree): Tree {
  const answer = toMap(tree);
  const success = answer.get('success');
  if (success === undefined || success === 'yes') return tree;
  const errmsg = answer.get('errmsg') ?? `${command} failed`;
  throw new ViciError(String(errmsg), 'refused', { answer });
}

function decodeAnswer({ output, outputSections }: CommandSchema, tree: Tree): unknown {
  if (outputSections !== undefined) return decodeNamed(tree, outputSections);
  return Object.keys(output).length === 0 ? undefined : decodeFields(tree, output);
}

/** Hands an event over, or ends the queue if it is not what the schema says. */
function deliver<T>(
  queue: EventQueue<T>,
  tree: Tree,
  schema: EventSchema,
  wrap: (data: object) => T,
): void {
  try {
    queue.push(wrap(decodeEvent(tree, schema)));
  } catch (error) {
    queue.end(error);
  }
}

function event<N extends EventName>(name: string, data: object | undefined): SessionEvent<N> {
  return (data === undefined ? { event: name } : { event: name, data }) as SessionEvent<N>;
}

/** The outcome of a promise, or the signal's reason if that comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
