import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What systemd does for a socket with `Accept=yes`: a process for each connection, which is its descriptor 3. */
export class AcceptingService implements AsyncDisposable {
  readonly path: string;
  /** Processes started so far. */
  readonly started: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'accept-'));
  readonly #server: Server;

  /** Starts `argv` for each connection to {@link path}. */
  constructor(argv: readonly string[]) {
    this.path = join(this.#folder, 'socket');
    const [program = '', ...rest] = argv;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      const stdio = ['ignore', 'ignore', 'inherit', socket] as const;
      this.started.push(spawn(program, rest, { stdio: [...stdio], env: {} }));
      socket.destroy();
    }).listen(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const child of this.started) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true });
  }
}
