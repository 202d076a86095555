import { runSwanctl } from '../../daemon/cli/swanctl/program.ts';
import type { Screen, Terminal } from '../../daemon/contracts/terminal.ts';
import { latin1 } from '../../daemon/util/bytes.ts';
import { decodeTools } from './decode-tools.ts';
import { OperatorMemoryFiles } from './operator-memory-files.ts';
import { testCrypto, type ViciBench } from './vici.ts';

/** A terminal that remembers what was written to it. */
export class MemoryTerminal implements Terminal {
  stdout = '';
  stderr = '';
  readonly #interrupt = new AbortController();
  readonly interrupted: AbortSignal = this.#interrupt.signal;
  readonly size = undefined;

  out(text: string | Uint8Array): void {
    this.stdout += typeof text === 'string' ? text : latin1(text);
  }

  error(text: string): void {
    this.stderr += text;
  }

  askSecret(): Promise<Uint8Array | undefined> {
    return Promise.resolve(undefined);
  }

  /** What the program may draw on. */
  drawn: Screen | undefined;

  screen(): Screen | undefined {
    return this.drawn;
  }

  /** Presses the interrupt key. */
  interrupt(): void {
    this.#interrupt.abort();
  }
}

/** Runs our swanctl in this process, against the daemon of a bench, with texts of files by path. */
export async function swanctlOn(
  bench: Pick<ViciBench, 'path' | 'streams'>,
  words: readonly string[],
  terminal: MemoryTerminal = new MemoryTerminal(),
  files: Readonly<Record<string, string | Uint8Array>> = {},
  now: () => number = () => Date.UTC(2026, 10, 21, 12, 0, 0),
  environment: ReadonlyMap<string, string> = new Map(),
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const code = await runSwanctl([...words, '--uri', `unix://${bench.path}`], {
    terminal,
    files: new OperatorMemoryFiles(files),
    streams: bench.streams,
    decoders: () => Promise.resolve(decodeTools),
    crypto: () => Promise.resolve(testCrypto),
    environment,
    name: 'swanctl',
    version: '1.2.3',
    now,
  });
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}
