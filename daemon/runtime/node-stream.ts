import { chmodSync, chownSync, lstatSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type {
  ListenOptions,
  PeerCredentials,
  StreamConnection,
  StreamListener,
  StreamSystem,
} from '../contracts/stream.ts';
import { IkedError } from '../util/error.ts';
import { descriptorLimit, tooManyOpen } from './descriptors.ts';
import { systemReason } from './system-reason.ts';

/** Connections waiting to be accepted; clients that do not block fail at once when it is full. */
const BACKLOG = 512;
/** `sun_path` holds 108 octets with the terminator. */
const MAX_PATH = 107;

/** A socket that cannot be opened; the message says what to do. */
export class StreamError extends IkedError {
  constructor(message: string, options?: ErrorOptions) {
    super('STREAM', message, options);
  }
}

/** What the host of the process gives. */
export interface StreamSettings {
  /** Listening sockets that the service manager opened, served instead of the paths they stand for. */
  readonly inherited?: ReadonlyMap<string, number>;
  /** Who is at the other end, by a descriptor. */
  readonly peerOf?: (descriptor: number) => PeerCredentials | undefined;
  /** Descriptors that the process may have open; what the system allows unless given. */
  readonly descriptors?: number;
}

/** UNIX sockets of the machine. */
export class NodeStreams implements StreamSystem {
  readonly #system: StreamSettings;
  readonly #limit: number;

  constructor(system: StreamSettings = {}) {
    this.#system = system;
    this.#limit = system.descriptors ?? descriptorLimit();
  }

  async listen(
    path: string,
    options: ListenOptions,
    onConnection: (connection: StreamConnection) => void,
  ): Promise<StreamListener> {
    const server = createServer((socket) => {
      const descriptor = descriptorOf(socket);
      const refusal = descriptor === undefined ? undefined : tooManyOpen(descriptor, this.#limit);
      if (refusal === undefined) {
        onConnection(new NodeStream(socket, this.#peer(descriptor)));
        return;
      }
      socket.destroy();
      options.onRefused?.(refusal);
    });
    // Accepting failed: the client is lost, and neither the server nor the daemon.
    const onError = (error: unknown): void => options.onRefused?.(systemReason(error));
    const inherited = this.#system.inherited?.get(path);
    if (inherited !== undefined) return serve(server, inherited, onError);
    checkPath(path);
    const owner = {
      uid: options.user === undefined ? -1 : lookUpId('/etc/passwd', 'user', options.user),
      gid: options.group === undefined ? -1 : lookUpId('/etc/group', 'group', options.group),
    };
    checkFolder(path);
    await removeStale(path);
    await bind(server, path, onError);
    try {
      chmodSync(path, 0o660);
      if (owner.uid >= 0 || owner.gid >= 0) chownSync(path, owner.uid, owner.gid);
    } catch (error) {
      server.close();
      throw new StreamError(`cannot set mode and owner of '${path}': ${systemReason(error)}`, {
        cause: error,
      });
    }
    return new NodeListener(server, path);
  }

  connect(path: string): Promise<StreamConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const fail = (error: Error): void => {
        reject(
          new StreamError(`cannot connect to '${path}': ${systemReason(error)}`, { cause: error }),
        );
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(new NodeStream(socket));
      });
    });
  }

  nextTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  // Whoever cannot be told is served all the same: the mode of the socket decides who may connect.
  #peer(descriptor: number | undefined): PeerCredentials | undefined {
    if (descriptor === undefined) return undefined;
    try {
      return this.#system.peerOf?.(descriptor);
    } catch {
      return undefined;
    }
  }
}

// Node hides it.
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null && Reflect.get(handle, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

type OnError = (error: unknown) => void;

// Its owner, its mode and its file are the service manager's business.
async function serve(server: Server, fd: number, onError: OnError): Promise<StreamListener> {
  await listening(
    server,
    () => server.listen({ fd }),
    'cannot serve the socket of the service manager',
    onError,
  );
  return new NodeListener(server, `the socket of the service manager (descriptor ${fd})`);
}

class NodeListener implements StreamListener {
  readonly #server: Server;
  readonly path: string;

  constructor(server: Server, path: string) {
    this.#server = server;
    this.path = path;
  }

  [Symbol.asyncDispose](): Promise<void> {
    // Closing waits for all connections; nobody needs to wait for that, and libuv removes the file at once.
    this.#server.close();
    return Promise.resolve();
  }
}

class NodeStream implements StreamConnection {
  readonly #socket: Socket;
  readonly peer: PeerCredentials | undefined;

  constructor(socket: Socket, peer?: PeerCredentials) {
    this.#socket = socket;
    this.peer = peer;
    // A peer that went away is told by 'close', which follows every error.
    socket.on('error', () => undefined);
  }

  onData(handler: (octets: Uint8Array) => void): void {
    // A `Buffer` is no plain array: its `slice` is a view, and whoever copies a secret would wipe the copy.
    this.#socket.on('data', (chunk: Buffer) =>
      handler(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)),
    );
  }

  onClose(handler: () => void): void {
    this.#socket.once('close', () => handler());
  }

  onDrain(handler: () => void): void {
    this.#socket.on('drain', () => handler());
  }

  write(octets: Uint8Array): number {
    if (!this.#socket.writable) return 0;
    this.#socket.write(octets);
    return this.#socket.writableLength;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function bind(server: Server, path: string, onError: OnError): Promise<void> {
  const start = (): void => {
    // bind(2) happens within listen(): with this mask the socket is never open to others, not even for a moment.
    const restore = narrowUmask();
    server.listen({ path, backlog: BACKLOG });
    restore();
  };
  return listening(server, start, `cannot listen at '${path}'`, onError);
}

/** Resolves once the server listens; what fails from then on is for `onError`. */
function listening(
  server: Server,
  start: () => void,
  failure: string,
  onError: OnError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => {
      reject(new StreamError(`${failure}: ${systemReason(error)}`, { cause: error }));
    };
    server.once('error', refused);
    server.once('listening', () => {
      server.off('error', refused);
      server.on('error', onError);
      resolve();
    });
    start();
  });
}

function narrowUmask(): () => void {
  try {
    const old = process.umask(0o117);
    return () => void process.umask(old);
  } catch {
    // Worker threads may not change it; the mode is set after binding as well.
    return () => undefined;
  }
}

/** Removes a socket file nobody answers on; complains about anything else in its place. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new StreamError(
      `'${path}' exists and is no socket: remove it or set charon.plugins.vici.socket to another path`,
    );
  }
  if (await answers(path)) {
    throw new StreamError(
      `'${path}' is in use by another daemon: stop it or set charon.plugins.vici.socket to another path`,
    );
  }
  try {
    unlinkSync(path);
  } catch (error) {
    throw new StreamError(`cannot replace the old socket '${path}': ${systemReason(error)}`, {
      cause: error,
    });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A full backlog (EAGAIN) or a refusal by permission means that somebody is there.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function checkPath(path: string): void {
  if (!path.startsWith('/')) {
    throw new StreamError(
      `socket path '${path}' is not absolute: write it as unix:///run/charon.vici`,
    );
  }
  if (new TextEncoder().encode(path).length > MAX_PATH) {
    throw new StreamError(
      `socket path '${path}' is longer than ${MAX_PATH} octets: choose a shorter one`,
    );
  }
}

// libuv reports a missing folder as a lack of permission.
function checkFolder(path: string): void {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new StreamError(
      `cannot listen at '${path}': folder '${folder}' does not exist, create it or set charon.plugins.vici.socket to another path`,
    );
  }
}

/** The number of a user or group: numbers stand for themselves, names are looked up in the system's file. */
function lookUpId(file: string, kind: string, name: string): number {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  try {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields[0] === name) return Number(fields[2]);
    }
  } catch (error) {
    throw new StreamError(`cannot look up ${kind} '${name}': ${systemReason(error)}`, {
      cause: error,
    });
  }
  throw new StreamError(`${kind} '${name}' is not in ${file}: create it or correct charon.${kind}`);
}
