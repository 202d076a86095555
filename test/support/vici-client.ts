import type { StreamSystem } from '../../daemon/contracts/stream.ts';
import { ViciChannel, ViciError } from '../../daemon/vici/channel.ts';
import { EventQueue, QueueIterator } from '../../daemon/vici/event-queue.ts';
import { toMap, toTree, type ViciInput, type ViciMap } from '../../daemon/vici/plain-input.ts';

/** An event and its name. */
export interface ViciEvent {
  readonly name: string;
  readonly data: ViciMap;
}

/**
 * A client of the VICI socket without types of answers, which sends whatever a test wants and tells what comes back. Requests go out
 * one after the other, however many are asked for at once.
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
    const queue = new EventQueue<ViciEvent>();
    const stop = await this.#channel.listen(event, (tree) =>
      queue.push({ name: event, data: toMap(tree) }),
    );
    try {
      this.request(command, input).then(
        () => queue.end(),
        (error: Error) => queue.end(error),
      );
      for await (const { data } of loop(queue)) yield data;
    } finally {
      await stop();
    }
  }

  /** Events as they come, until the signal is aborted; throws {@link ViciError} when the connection ends. */
  async *events(names: readonly string[], signal?: AbortSignal): AsyncGenerator<ViciEvent> {
    const queue = new EventQueue<ViciEvent>();
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
      if (signal?.aborted !== true) yield* loop(queue);
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

const loop = (queue: EventQueue<ViciEvent>): QueueIterator<ViciEvent> =>
  new QueueIterator(queue, () => undefined);
