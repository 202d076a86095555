import { concatBytes, utf8 } from '../util/bytes.ts';
import { fromHex } from '../util/hex.ts';
import { run, settled, type Waits } from '../util/waits.ts';
import { FrameReader } from './frame-reader.ts';
import type { KeepRequest, KeyKeeper } from './keeper.ts';
import { KeyError } from './key-error.ts';
import {
  decodeRequest,
  encodeAnswer,
  type KeydAnswer,
  type KeydFrame,
  type KeydRequest,
} from './protocol.ts';

/** Answers requests of one stream with a keeper; requests overlap, and answers come in any order. */
export class KeydServer {
  readonly #keeper: KeyKeeper;
  readonly #send: (frame: Uint8Array) => void;
  readonly #reader = new FrameReader();
  #open = 0;
  /** Answers to what was received together, which go together; `undefined` while nothing is being received. */
  #answers: Uint8Array[] | undefined;

  constructor(keeper: KeyKeeper, send: (frame: Uint8Array) => void) {
    this.#keeper = keeper;
    this.#send = send;
    send(encodeAnswer(0, { type: 'ready' }));
  }

  /** Requests without an answer yet: who reads the stream stops reading if there are many. */
  get open(): number {
    return this.#open;
  }

  /** Takes octets of the stream and wipes them. Throws `KeydProtocolError` if the stream cannot be followed. */
  receive(octets: Uint8Array): void {
    let frames: readonly KeydFrame[];
    try {
      frames = this.#reader.push(octets);
    } finally {
      octets.fill(0);
    }
    const answers: Uint8Array[] = [];
    this.#answers = answers;
    for (const frame of frames) void run(this.#answer(frame));
    this.#answers = undefined;
    const [first, ...others] = answers;
    if (first !== undefined) this.#send(others.length === 0 ? first : concatBytes(...answers));
  }

  *#answer(frame: KeydFrame): Waits<void> {
    this.#open++;
    const request = decodeRequest(frame);
    const send = (answer: KeydAnswer): void => {
      if (request?.type === 'load') this.#say(encodeAnswer(0, { type: 'filler' }));
      this.#say(encodeAnswer(frame.id, answer));
    };
    try {
      if (request === undefined)
        throw new KeyError(`an unknown or malformed request of type ${frame.type}`);
      const result = yield* settled(this.#run(request));
      send({ type: 'done', result });
    } catch (error) {
      // nothing but what is meant for people
      const reason = error instanceof KeyError ? error.message : 'an internal error of keyd';
      send({ type: 'failed', reason });
    } finally {
      frame.body.fill(0);
      this.#open--;
    }
  }

  #say(frame: Uint8Array): void {
    if (this.#answers === undefined) this.#send(frame);
    else this.#answers.push(frame);
  }

  async #load(request: KeepRequest): Promise<Uint8Array> {
    const { keyId, spki } = await this.#keeper.load(request);
    return concatBytes(fromHex(keyId) ?? utf8(keyId), spki);
  }

  #run(request: KeydRequest): Uint8Array | Promise<Uint8Array> {
    switch (request.type) {
      case 'load':
        return this.#load(request);
      case 'sign':
        return this.#keeper.sign(request.keyId, request.scheme, request.message);
      case 'unload':
        return Uint8Array.of(this.#keeper.unload(request.keyId, request.origin) ? 1 : 0);
      case 'clear':
        this.#keeper.clear(request.origin);
        return new Uint8Array(0);
    }
  }
}
