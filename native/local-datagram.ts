import { loadAddon, type NativeLocalDatagram } from './addon.ts';

/** Sends datagrams to one UNIX path; `@` in front stands for an abstract name. Nothing is opened before the first one. */
export class LocalDatagramSocket implements Disposable {
  readonly #socket: NativeLocalDatagram;
  readonly #path: Uint8Array;

  /** Throws `AddonLoadError`. */
  constructor(path: string) {
    this.#path = new TextEncoder().encode(path.replace(/^@/, '\0'));
    this.#socket = new (loadAddon().LocalDatagram)();
  }

  /** Answers 0 when the system has taken the octets, else a positive errno: EAGAIN where the reader is slow. Never waits. */
  send(octets: Uint8Array): number {
    return -this.#socket.send(this.#path, octets);
  }

  /** What was sent arrives all the same. Closing twice is fine. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
