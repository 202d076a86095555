import { list, section, type Tree, type TreeEntry, value } from '../config/tree.ts';
import type { StreamSystem } from '../contracts/stream.ts';
import { latin1 } from '../util/bytes.ts';
import { ViciChannel, ViciError } from './channel.ts';

/** What a request is written as: nested objects are sections, arrays lists, everything else key/values. */
export interface ViciInput {
  readonly [key: string]:
    | string
    | number
    | bigint
    | boolean
    | Uint8Array
    | readonly (string | Uint8Array)[]
    | ViciInput
    | undefined;
}

/** What an answer or event is read as; texts hold one character per octet. The first of equal keys counts. */
export type ViciMap = ReadonlyMap<string, string | readonly string[] | ViciMap>;

/** An event and its name. */
export interface ViciEvent {
  readonly name: string;
  readonly data: ViciMap;
}

/**
 * A client of the VICI socket. Requests go out one after the other, however many are asked for at once; answers are
 * promises, streams are async iterables.
 *
 * ```ts
 * await using vici = await ViciClient.connect(new NodeStreams(), '/run/charon.vici');
 * await vici.loadConn({ gw: { remote_addrs: ['192.0.2.1'], local: { auth: 'psk' }, remote: { auth: 'psk' } } });
 * for await (const line of vici.initiate({ child: 'net' })) console.log(line.get('msg'));
 * for await (const sa of vici.listSas()) console.log(...sa.keys());
 * ```
 */
export class ViciClient implements AsyncDisposable {
  readonly #channel: ViciChannel;

  constructor(channel: ViciChannel) {
    this.#channel = channel;
  }

  /** Connects to the daemon's socket, see {@link ViciChannel.connect}. */
  static async connect(
    streams: StreamSystem,
    path = '/run/charon.vici',
    signal?: AbortSignal,
  ): Promise<ViciClient> {
    return new ViciClient(await ViciChannel.connect(streams, path, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channel[Symbol.asyncDispose]();
  }

  /** Sends a request and gives its answer, whatever it says. Rejects with {@link ViciError} if there is none. */
  async call(command: string, input: ViciInput = {}): Promise<ViciMap> {
    return toMap(await this.#channel.call(command, toTree(input)));
  }

  /** The same, and rejects with `errmsg` unless the answer says `success=yes` or nothing about success. */
  async request(command: string, input: ViciInput = {}): Promise<ViciMap> {
    const answer = await this.call(command, input);
    const success = answer.get('success');
    if (success !== undefined && success !== 'yes') {
      throw new ViciError(String(answer.get('errmsg') ?? `${command} failed`));
    }
    return answer;
  }

  /**
   * Runs a command that streams events; ends when it has answered, throws {@link ViciError} if it failed. Leaving the
   * loop early waits for the answer, since commands of one connection run one after the other.
   */
  async *stream(command: string, event: string, input: ViciInput = {}): AsyncGenerator<ViciMap> {
    const queue = new EventQueue();
    const stop = await this.#channel.listen(event, (tree) =>
      queue.push({ name: event, data: toMap(tree) }),
    );
    try {
      this.request(command, input).then(
        () => queue.end(),
        (error: Error) => queue.end(error),
      );
      for await (const { data } of queue) yield data;
    } finally {
      await stop();
    }
  }

  /** Events as they come, until the signal is aborted; throws {@link ViciError} when the connection ends. */
  async *events(names: readonly string[], signal?: AbortSignal): AsyncGenerator<ViciEvent> {
    const queue = new EventQueue();
    const stops: (() => Promise<void>)[] = [];
    const forget = this.#channel.onClosed((error) => queue.end(error));
    const onAbort = (): void => queue.end();
    signal?.addEventListener('abort', onAbort);
    try {
      for (const name of names) {
        stops.push(
          await this.#channel.listen(name, (tree) => queue.push({ name, data: toMap(tree) })),
        );
      }
      if (signal?.aborted !== true) yield* queue;
    } finally {
      forget();
      signal?.removeEventListener('abort', onAbort);
      for (const stop of stops) await stop();
    }
  }

  version(): Promise<ViciMap> {
    return this.request('version');
  }

  stats(): Promise<ViciMap> {
    return this.request('stats');
  }

  /** Loads connections: name to section, as in swanctl.conf. */
  async loadConn(connections: ViciInput): Promise<void> {
    await this.request('load-conn', connections);
  }

  async unloadConn(name: string): Promise<void> {
    await this.request('unload-conn', { name });
  }

  async loadShared(key: {
    readonly id?: string;
    readonly type: string;
    readonly data: string | Uint8Array;
    readonly owners?: readonly string[];
  }): Promise<void> {
    await this.request('load-shared', key);
  }

  /** Log lines while an SA comes up; throws {@link ViciError} with the reason if it does not. */
  initiate(input: {
    readonly child?: string;
    readonly ike?: string;
    readonly timeout?: number;
    readonly loglevel?: number;
  }): AsyncGenerator<ViciMap> {
    return this.stream('initiate', 'control-log', input);
  }

  /** Log lines while SAs go down. */
  terminate(input: {
    readonly child?: string;
    readonly ike?: string;
    readonly 'child-id'?: number;
    readonly 'ike-id'?: number;
    readonly force?: boolean;
    readonly timeout?: number;
  }): AsyncGenerator<ViciMap> {
    return this.stream('terminate', 'control-log', input);
  }

  /** One map per IKE_SA, whose only key is the name of its connection. */
  listSas(input: { readonly ike?: string; readonly child?: string } = {}): AsyncGenerator<ViciMap> {
    return this.stream('list-sas', 'list-sa', input);
  }

  listConns(input: { readonly ike?: string } = {}): AsyncGenerator<ViciMap> {
    return this.stream('list-conns', 'list-conn', input);
  }
}

/** Events between their arrival and the loop that takes them. */
class EventQueue implements AsyncIterable<ViciEvent> {
  #items: ViciEvent[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  push(event: ViciEvent): void {
    this.#items.push(event);
    this.#wake?.();
  }

  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ViciEvent> {
    for (;;) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A request as a message tree; `undefined` is left out, booleans become `yes` and `no`. */
export function toTree(input: ViciInput): Tree {
  return Object.entries(input).flatMap(([name, content]): readonly TreeEntry[] => {
    if (content === undefined) return [];
    if (typeof content === 'boolean') return [value(name, content ? 'yes' : 'no')];
    if (typeof content !== 'object' || content instanceof Uint8Array) return [value(name, content)];
    if (isItems(content)) return [list(name, content)];
    return [section(name, toTree(content))];
  });
}

function isItems(
  content: ViciInput | readonly (string | Uint8Array)[],
): content is readonly (string | Uint8Array)[] {
  return Array.isArray(content);
}

/** A message tree as nested maps. */
export function toMap(tree: Tree): ViciMap {
  const map = new Map<string, string | readonly string[] | ViciMap>();
  for (const entry of tree) {
    if (map.has(entry.name)) continue;
    if (entry.kind === 'value') map.set(entry.name, latin1(entry.value));
    else if (entry.kind === 'list') map.set(entry.name, entry.items.map(latin1));
    else map.set(entry.name, toMap(entry.entries));
  }
  return map;
}
