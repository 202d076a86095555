import type { Clock, Timer } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type {
  KeyOrigin,
  LoadedKey,
  PrivateKeyHandle,
  PrivateKeyInput,
  PrivateKeys,
  SignatureScheme,
  SignatureVerifier,
} from '../contracts/signatures.ts';
import { Emitter } from '../util/emitter.ts';
import { errorText } from '../util/error.ts';
import { toHex } from '../util/hex.ts';
import { FrameReader } from './frame-reader.ts';
import { HandleBook, UNKNOWN_KIND } from './handles.ts';
import { MOST_KEY_OCTETS, MOST_MESSAGE_OCTETS, MOST_PASSPHRASE_OCTETS } from './limits.ts';
import { decodeAnswer, encodeRequest, type KeydRequest } from './protocol.ts';

/** The daemon's end of a key process. */
export interface KeydLink {
  /** Sends octets and wipes them once they are gone. */
  send(octets: Uint8Array): void;
  /** Lets it end by itself. */
  close(): void;
  kill(): void;
}

/** What a link tells. */
export interface KeydLinkEvents {
  received(octets: Uint8Array): void;
  /** It is gone, and this is how. Called once. */
  ended(how: string): void;
}

/** What {@link RemoteKeys} works with. */
export interface RemoteKeysServices {
  readonly signatures: Pick<SignatureVerifier, 'publicKey'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts a key process. Throws an error that says why it cannot. */
  readonly open: (events: KeydLinkEvents) => KeydLink;
}

/** Milliseconds without any answer while there are requests, after which the process counts as hung. The slowest request (decrypting a key) takes a tenth of it. */
const SILENCE = 60_000;
/** Milliseconds a process must have lived for the next one to be started at once. */
const HEALTHY = 10_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

interface Waiter {
  readonly done: (result: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Private keys in a process of their own, which is started with the first key. If it dies its keys are gone: that is said loudly, whoever has keys is told, and a new
 * process is started with the next key, after a pause if it keeps dying.
 */
export class RemoteKeys implements PrivateKeys {
  readonly #services: RemoteKeysServices;
  readonly #handles: HandleBook;
  readonly #lost: Emitter<void>;
  readonly #waiting = new Map<number, Waiter>();
  #link: KeydLink | undefined;
  #reader = new FrameReader();
  #lastId = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #pause = 0;
  #watchdog: Timer | undefined;
  /** When the process last answered, or had nothing to answer. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #disposed = false;

  constructor(services: RemoteKeysServices) {
    this.#services = services;
    this.#handles = new HandleBook(services.signatures);
    this.#lost = new Emitter((error) =>
      services.log.log('dmn', 0, `a listener for lost keys failed: ${errorText(error)}`),
    );
  }

  async load(input: PrivateKeyInput): Promise<LoadedKey> {
    const { data, origin, kind, passphrase } = input;
    try {
      await this.#ready();
      const result = await this.#ask({ type: 'load', origin, kind, passphrase, data });
      const key = this.#handles.add(result.subarray(ID_OCTETS), origin);
      if (key !== undefined) return { ok: true, key };
      await this.#ask({ type: 'unload', keyId: toHex(result.subarray(0, ID_OCTETS)), origin });
      return { ok: false, reason: UNKNOWN_KIND };
    } catch (error) {
      return { ok: false, reason: errorText(error) };
    } finally {
      data.fill(0);
      passphrase?.fill(0);
    }
  }

  async unload(keyId: string, origin: KeyOrigin): Promise<boolean> {
    const gone = this.#handles.remove(keyId, origin);
    if (gone) await this.#quietly({ type: 'unload', keyId, origin });
    return gone;
  }

  async clear(origin: KeyOrigin): Promise<void> {
    this.#handles.clear(origin);
    await this.#quietly({ type: 'clear', origin });
  }

  find(keyId: string): PrivateKeyHandle | undefined {
    return this.#handles.find(keyId);
  }

  list(): readonly PrivateKeyHandle[] {
    return this.#handles.list();
  }

  sign(keyId: string, scheme: SignatureScheme, message: Uint8Array): Promise<Uint8Array> {
    if (this.#handles.find(keyId) === undefined)
      return Promise.reject(new Error(`there is no private key ${keyId}`));
    return this.#ask({ type: 'sign', keyId, scheme, message });
  }

  onLost(listener: () => void): () => void {
    return this.#lost.on(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#link?.close();
    this.#ended('was stopped');
  }

  /** Starts the process if there is none, not faster than pauses allow. */
  async #ready(): Promise<void> {
    if (this.#link !== undefined) return;
    const { clock } = this.#services;
    const wait = this.#startedAt + this.#pause - clock.now();
    if (wait > 0) await new Promise<void>((resolve) => clock.after(wait, resolve));
    if (this.#disposed) throw new Error('the daemon is shutting down');
    if (this.#link !== undefined) return;
    this.#startedAt = clock.now();
    this.#reader = new FrameReader();
    const link: KeydLink = this.#services.open({
      received: (octets) => {
        if (this.#link === link) this.#received(octets);
      },
      ended: (how) => {
        if (this.#link === link) this.#ended(how);
      },
    });
    this.#link = link;
  }

  #ask(request: KeydRequest): Promise<Uint8Array> {
    const link = this.#link;
    if (link === undefined) return Promise.reject(new Error('there is no key process'));
    const tooLarge = excess(request);
    if (tooLarge !== undefined) return Promise.reject(new Error(tooLarge));
    const id = this.#lastId;
    this.#lastId = (id + 1) % 2 ** 32;
    const frame = encodeRequest(id, request);
    return new Promise((done, failed) => {
      if (this.#waiting.size === 0) this.#heardAt = this.#services.clock.now();
      this.#waiting.set(id, { done, failed });
      this.#watch();
      link.send(frame);
    });
  }

  // A process that is gone has forgotten everything anyway.
  async #quietly(request: KeydRequest): Promise<void> {
    if (this.#link !== undefined) await this.#ask(request).catch(() => undefined);
  }

  #received(octets: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(octets)) {
        const answer = decodeAnswer(frame);
        if (answer === undefined) throw new Error(`an answer of unknown type ${frame.type}`);
        if (answer.type === 'ready' || answer.type === 'filler') continue;
        const waiter = this.#waiting.get(frame.id);
        if (waiter === undefined) throw new Error(`an answer that nobody waits for`);
        this.#waiting.delete(frame.id);
        if (answer.type === 'done') waiter.done(answer.result);
        else waiter.failed(new Error(answer.reason));
      }
      this.#heardAt = this.#services.clock.now();
    } catch (error) {
      this.#giveUp(`said what makes no sense (${errorText(error)})`);
    }
  }

  /** One timer, which looks when it fires what there was meanwhile: requests come and are answered by the thousand. */
  #watch(millis = SILENCE): void {
    this.#watchdog ??= this.#services.clock.after(millis, () => {
      this.#watchdog = undefined;
      if (this.#waiting.size === 0) return;
      const left = this.#heardAt + SILENCE - this.#services.clock.now();
      if (left > 0) this.#watch(left);
      else this.#giveUp(`did not answer for ${SILENCE / 1000} seconds`);
    });
  }

  #giveUp(why: string): void {
    this.#link?.kill();
    this.#ended(`${why} and was killed`);
  }

  #ended(how: string): void {
    this.#link = undefined;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const gone = this.#handles.drop();
    for (const { failed } of waiting) failed(new Error(`the key process ${how}`));
    if (this.#disposed) return;
    const { clock, log } = this.#services;
    const lived = clock.now() - this.#startedAt;
    this.#pause =
      lived > HEALTHY ? 0 : Math.min(Math.max(2 * this.#pause, FIRST_PAUSE), LONGEST_PAUSE);
    const loss =
      gone === 0
        ? 'it had no private keys'
        : `all private keys (${gone}) are gone, load them again`;
    log.log('dmn', 0, `the key process ${how}: ${loss}`);
    if (gone > 0) this.#lost.emit();
  }
}

const ID_OCTETS = 20;

/** Why a request is larger than the process takes. */
function excess(request: KeydRequest): string | undefined {
  if (request.type === 'load') {
    const { data, passphrase } = request;
    if (data.length > MOST_KEY_OCTETS)
      return `found ${data.length} octets, expected at most ${MOST_KEY_OCTETS}`;
    if (passphrase !== undefined && passphrase.length > MOST_PASSPHRASE_OCTETS)
      return `found a passphrase of ${passphrase.length} octets, expected at most ${MOST_PASSPHRASE_OCTETS}`;
  }
  if (request.type === 'sign' && request.message.length > MOST_MESSAGE_OCTETS)
    return `a message of ${request.message.length} octets to sign, expected at most ${MOST_MESSAGE_OCTETS}`;
  return undefined;
}
