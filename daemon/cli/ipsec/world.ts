import type { Crypto } from '../../contracts/crypto.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import type { IpsecPlaces } from './load.ts';
import type { PidFiles, StarterSystem } from './starter.ts';

/** What the program sees of the world. */
export interface IpsecWorld {
  readonly terminal: Terminal;
  readonly files: OperatorFiles;
  readonly places: IpsecPlaces;
  readonly pids: PidFiles;
  readonly folders: {
    readonly libexec: string;
    readonly bin: string;
    readonly sbin: string;
    readonly conf: string;
    readonly pid: string;
  };
  /** Milliseconds that `up` and `down` wait, 0 for as long as it takes. */
  readonly timeout: number;
  /** Environment variables. */
  readonly variables: ReadonlyMap<string, string>;
  /** This program's own file. */
  readonly script: string;
  readonly version: string;
  readonly kernel: string;
  readonly starter: StarterSystem;
  /** The algorithms that a daemon has. */
  readonly crypto: () => Promise<Crypto>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Addresses of this host, for `statusall`. */
  readonly addresses: readonly string[];
  /** The process of a pid file; `undefined` if there is none that runs. */
  running(pidFile: string): number | undefined;
  signal(pid: number, name: 'SIGHUP' | 'SIGUSR1' | 'SIGTERM' | 'SIGKILL'): void;
  /** Starts this program again in the background. */
  fork(args: readonly string[]): { readonly ended: Promise<void> };
  /** The file of a utility that lies beside this program, such as `_updown` of a package; `undefined` if there is none. */
  utility(word: string): string | undefined;
  /** Runs a utility with more environment variables; resolves with its exit code. */
  run(
    file: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<number>;
}
