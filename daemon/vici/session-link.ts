import type { Tree } from '../config/tree.ts';
import type { StreamSystem } from '../contracts/stream.ts';
import { errorText } from '../util/error.ts';
import { ViciChannel, ViciError } from './channel.ts';

/** What a session sees of the machine. */
export interface SessionWorld {
  readonly streams: StreamSystem;
  /** Waits so many milliseconds, or less when the signal is aborted; never rejects. */
  sleep(millis: number, signal: AbortSignal): Promise<void>;
}

/** Somebody who wants the events of a name, over however many connections. */
export interface Subscription {
  readonly event: string;
  deliver(tree: Tree): void;
  /** The connection was lost and there is a new one; what happened in between is not known. */
  renewed(): void;
  /** There will be no more. */
  fail(error: unknown): void;
}

/** First and longest wait between two attempts to connect, milliseconds. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

/**
 * A connection that comes back: when the daemon is gone it is looked for again while there are subscriptions, and at the next call
 * otherwise, each time for `patience` milliseconds. Subscriptions are renewed before anything else is sent.
 */
export class SessionLink {
  readonly #world: SessionWorld;
  readonly #path: string;
  readonly #patience: number;
  readonly #subscriptions = new Set<Subscription>();
  /** What the connection that is there, or being made, is registered for. */
  #registered = new Map<string, () => Promise<void>>();
  readonly #ending = new AbortController();
  #channel: ViciChannel | undefined;
  #connecting: Promise<ViciChannel> | undefined;
  #paused = false;
  /** Between the loss of a connection and looking for another one, on behalf of those who listen. */
  #pausing = false;

  constructor(world: SessionWorld, path: string, patience: number) {
    this.#world = world;
    this.#path = path;
    this.#patience = patience;
  }

  /** The first connection; rejects at once if the daemon is not there. */
  async open(signal?: AbortSignal): Promise<void> {
    const opening = new AbortController();
    const abort = (): void => opening.abort();
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#adopt(await this.#connect(opening.signal));
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The connection there is, or a new one. */
  channel(): Promise<ViciChannel> {
    if (this.#channel !== undefined) return Promise.resolve(this.#channel);
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Whether reading is held up, on this connection and those that follow. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#channel?.pause(paused);
  }

  /** Registers for the event, unless that was done before. Rejects if the daemon does not know it. */
  async subscribe(subscription: Subscription): Promise<void> {
    const channel = await this.channel();
    this.#subscriptions.add(subscription);
    try {
      if (!this.#registered.has(subscription.event)) await this.#register(channel, subscription);
    } catch (error) {
      // The next connection renews it.
      if (isClosed(error) && this.#patience > 0 && !this.#ending.signal.aborted) {
        this.#lookAgain();
        return;
      }
      this.#subscriptions.delete(subscription);
      throw error;
    }
  }

  /** Takes that back. */
  async unsubscribe(subscription: Subscription): Promise<void> {
    if (!this.#subscriptions.delete(subscription)) return;
    const { event } = subscription;
    if (this.#channel === undefined || this.#listeners(event).length > 0) return;
    const stop = this.#registered.get(event);
    this.#registered.delete(event);
    // A connection that ended took the registration with it.
    await stop?.().catch(() => undefined);
  }

  /** Ends for good; whoever waits gets the error. */
  end(error: ViciError): void {
    this.#ending.abort(error);
    this.#channel?.close(error);
    this.#failAll(error);
  }

  #listeners(event: string): readonly Subscription[] {
    return [...this.#subscriptions].filter((subscription) => subscription.event === event);
  }

  async #register(channel: ViciChannel, { event }: Subscription): Promise<void> {
    // The channel may be lost before this goes on.
    const registered = this.#registered;
    const stop = await channel.listen(event, (tree) => {
      for (const subscription of this.#listeners(event)) subscription.deliver(tree);
    });
    registered.set(event, stop);
  }

  #adopt(channel: ViciChannel): void {
    this.#channel = channel;
    if (this.#paused) channel.pause(true);
    channel.onClosed((error) => this.#lost(channel, error));
  }

  #lost(channel: ViciChannel, error: ViciError): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    this.#registered = new Map();
    if (this.#patience <= 0) this.#failAll(error);
    this.#lookAgain();
  }

  /** Whoever listens has no call that would find the connection lost. */
  #lookAgain(): void {
    const { signal } = this.#ending;
    if (signal.aborted || this.#channel !== undefined || this.#subscriptions.size === 0) return;
    const give = (reason: unknown): void => this.#failAll(reason);
    if (this.#connecting !== undefined) {
      this.#connecting.catch(give);
      return;
    }
    if (this.#pausing) return;
    this.#pausing = true;
    // A daemon that takes connections only to close them is not asked as fast as it can.
    this.#world
      .sleep(FIRST_WAIT, signal)
      .then(() => {
        this.#pausing = false;
        return this.channel();
      })
      .catch(give);
  }

  async #reconnect(): Promise<ViciChannel> {
    const { signal } = this.#ending;
    let left = this.#patience;
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      signal.throwIfAborted();
      if (this.#patience <= 0) throw new ViciError('the daemon closed the connection', 'closed');
      try {
        return await this.#attempt();
      } catch (error) {
        if (left <= 0 || signal.aborted) throw error;
      }
      const pause = Math.min(wait, left);
      left -= pause;
      await this.#world.sleep(pause, signal);
    }
  }

  async #connect(signal: AbortSignal): Promise<ViciChannel> {
    try {
      return await ViciChannel.connect(this.#world.streams, this.#path, signal);
    } catch (error) {
      throw signal.aborted
        ? error
        : new ViciError(errorText(error), 'unreachable', { cause: error });
    }
  }

  async #attempt(): Promise<ViciChannel> {
    const { signal } = this.#ending;
    const channel = await this.#connect(signal);
    for (const subscription of this.#subscriptions) subscription.renewed();
    for (const subscription of [...this.#subscriptions]) await this.#renew(channel, subscription);
    this.#adopt(channel);
    return channel;
  }

  async #renew(channel: ViciChannel, subscription: Subscription): Promise<void> {
    try {
      if (!this.#registered.has(subscription.event)) await this.#register(channel, subscription);
    } catch (error) {
      // It closed again: the next attempt renews all of them.
      if (isClosed(error)) {
        this.#registered = new Map();
        throw error;
      }
      this.#subscriptions.delete(subscription);
      subscription.fail(error);
    }
  }

  #failAll(error: unknown): void {
    const all = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const subscription of all) subscription.fail(error);
  }
}

const isClosed = (error: unknown): boolean => error instanceof ViciError && error.kind === 'closed';
