import { type ChildProcess, spawn } from 'node:child_process';

/** What a finished command left: exit code (128 + signal number when killed, 124 after its time limit) and output. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run: its standard input, and the milliseconds after which it is killed (default 60 s). */
export interface RunOptions {
  readonly input?: string;
  readonly timeoutMillis?: number;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a command to its end and resolves with what it left; rejects only when it could not be started. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('no command given');
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout = collect(child, 'stdout');
    const stderr = collect(child, 'stderr');
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMillis ?? 60_000);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const killed = 128 + (SIGNALS[signal ?? ''] ?? 0);
      resolve({ code: late ? 124 : (code ?? killed), stdout: stdout(), stderr: stderr() });
    });
    child.stdin?.on('error', () => {}); // a command may end without reading its input
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a command that must succeed and resolves with its standard output; rejects with command and output otherwise. */
export async function runOk(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const done = await run(argv, options);
  if (done.code !== 0) throw new Error(describe(argv, done));
  return done.stdout;
}

/** One readable text about a finished command, for failure messages. */
export function describe(argv: readonly string[], done: Finished): string {
  return `${argv.join(' ')}: exit code ${done.code}\n${done.stdout}${done.stderr}`.trimEnd();
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const parts: Uint8Array[] = [];
  child[stream]?.on('data', (part: Uint8Array) => parts.push(part));
  return () => Buffer.concat(parts).toString('utf8');
}
