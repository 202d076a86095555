/** The process at the other end when the connection was made, by the kernel's word. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** One established byte stream to a local process. Handlers are called from the event loop, never from a call made here. */
export interface StreamConnection {
  /** Absent where the system does not tell. */
  readonly peer?: PeerCredentials | undefined;
  /** Sets the one receiver; octets are a plain `Uint8Array`, never a `Buffer`, and belong to it. */
  onData(handler: (octets: Uint8Array) => void): void;
  /** Called once, when the peer is gone or the stream was destroyed; nothing is received or sent any more. */
  onClose(handler: () => void): void;
  /** Called when everything written has been handed to the system. */
  onDrain(handler: () => void): void;
  /** Queues octets, which the stream owns from now on; the result is how many octets are queued and not sent. */
  write(octets: Uint8Array): number;
  /** Stops and resumes the receiver: the peer is slowed down by the system's buffers. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
}

/** Who may use a listening socket. */
export interface ListenOptions {
  /** Owner and group, by name or number; the daemon's own if absent. */
  readonly user?: string;
  readonly group?: string;
  /** Told why, with every connection that was closed instead of served because the process is short of something. */
  readonly onRefused?: (reason: string) => void;
}

/** A listening socket; disposal stops listening and removes the socket file, connections stay. */
export interface StreamListener extends AsyncDisposable {
  readonly path: string;
}

/** Byte streams between processes of one machine. */
export interface StreamSystem {
  /**
   * Listens at a UNIX path, mode 0660. A socket file nobody answers on is replaced. Rejects with an `IkedError` whose
   * message says what to do: the path is in use, is no socket, or cannot be written.
   */
  listen(
    path: string,
    options: ListenOptions,
    onConnection: (connection: StreamConnection) => void,
  ): Promise<StreamListener>;
  /** Connects to a UNIX path. Rejects with an `IkedError` whose message names the path and the reason. */
  connect(path: string): Promise<StreamConnection>;
  /** Resolves once everything else that waits for its turn has had it: lets long work be interrupted. */
  nextTurn(): Promise<void>;
}
