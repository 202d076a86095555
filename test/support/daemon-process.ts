import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../daemon/main.ts', import.meta.url));

/** How a daemon process ended, and all it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The daemon started as a user would, in a folder of its own that goes with it. */
export class DaemonProcess implements AsyncDisposable {
  readonly folder: string;
  readonly ended: Promise<Ended>;
  #over: Ended | undefined;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(
    conf: string | undefined,
    {
      args = [],
      wrapper = [],
      main = MAIN,
    }: { args?: readonly string[]; wrapper?: readonly string[]; main?: string } = {},
  ) {
    this.folder = mkdtempSync(join(tmpdir(), 'charon-'));
    const path = join(this.folder, 'strongswan.conf');
    if (conf !== undefined) writeFileSync(path, conf.replaceAll('@', this.folder));
    const [program = '', ...rest] = [...wrapper, process.execPath, main, ...args];
    this.#child = spawn(program, rest, {
      env: { ...process.env, STRONGSWAN_CONF: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (text) => {
      this.#stdout += String(text);
    });
    this.#child.stderr?.on('data', (text) => {
      this.#stderr += String(text);
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        this.#over = { code, stdout: this.#stdout, stderr: this.#stderr };
        resolve(this.#over);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get socket(): string {
    return join(this.folder, 'charon.vici');
  }

  /** Waits until a text was logged; fails with everything said if the process ends first. */
  async says(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      const over = this.#over;
      if (over !== undefined)
        throw new Error(
          `ended with ${over.code} before saying '${text}':\n${over.stdout}${over.stderr}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What it has said so far. */
  get output(): string {
    return this.#stdout;
  }

  /** Puts a file into its folder. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
