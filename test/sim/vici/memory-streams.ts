import type {
  ListenOptions,
  StreamConnection,
  StreamListener,
  StreamSystem,
} from '../../../daemon/contracts/stream.ts';
import { IkedError } from '../../../daemon/util/error.ts';

/** UNIX sockets of a simulated host: what is written arrives in the same turn, so that no time passes meanwhile. */
export class MemoryStreams implements StreamSystem {
  readonly #listening = new Map<string, (connection: StreamConnection) => void>();

  listen(
    path: string,
    _options: ListenOptions,
    onConnection: (connection: StreamConnection) => void,
  ): Promise<StreamListener> {
    this.#listening.set(path, onConnection);
    return Promise.resolve({
      path,
      [Symbol.asyncDispose]: () => {
        this.#listening.delete(path);
        return Promise.resolve();
      },
    });
  }

  connect(path: string): Promise<StreamConnection> {
    const accept = this.#listening.get(path);
    if (accept === undefined) {
      return Promise.reject(new IkedError('STREAM', `cannot connect to '${path}'`));
    }
    const [client, server] = [new MemoryStream(), new MemoryStream()];
    client.other = server;
    server.other = client;
    accept(server);
    return Promise.resolve(client);
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

class MemoryStream implements StreamConnection {
  other: MemoryStream | undefined;
  #onData: (octets: Uint8Array) => void = () => undefined;
  #onClose: () => void = () => undefined;
  #waiting: Uint8Array[] = [];
  #paused = false;
  #closed = false;

  onData(handler: (octets: Uint8Array) => void): void {
    this.#onData = handler;
  }

  onClose(handler: () => void): void {
    this.#onClose = handler;
  }

  onDrain(): void {}

  write(octets: Uint8Array): number {
    const copy = octets.slice();
    queueMicrotask(() => this.other?.take(copy));
    return 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const octets of this.#waiting.splice(0)) this.take(octets);
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    queueMicrotask(() => {
      this.closed();
      this.other?.closed();
    });
  }

  take(octets: Uint8Array): void {
    if (this.#closed) return;
    if (this.#paused) this.#waiting.push(octets);
    else this.#onData(octets);
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}
