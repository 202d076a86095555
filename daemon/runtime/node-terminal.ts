import type { Screen, Terminal, TerminalSize } from '../contracts/terminal.ts';
import { NodeScreen } from './node-screen.ts';

/** The terminal of this process. */
export class NodeTerminal implements Terminal {
  #interrupt: AbortController | undefined;

  constructor() {
    // Whoever read the output had enough: `swanctl --list-sas | head`.
    process.stdout.on('error', () => process.exit());
  }

  // Whoever listens ends by itself; without a listener Ctrl-C ends the program at once, whatever it waits for.
  get interrupted(): AbortSignal {
    if (this.#interrupt === undefined) {
      const controller = new AbortController();
      const interrupt = (): void => controller.abort();
      process.once('SIGINT', interrupt);
      process.once('SIGTERM', interrupt);
      this.#interrupt = controller;
    }
    return this.#interrupt.signal;
  }

  get size(): TerminalSize | undefined {
    const { isTTY, columns, rows } = process.stdout;
    return isTTY ? { columns, rows } : undefined;
  }

  screen(): Screen | undefined {
    const { stdin, stdout } = process;
    return stdin.isTTY && stdout.isTTY ? new NodeScreen(stdin, stdout) : undefined;
  }

  out(text: string | Uint8Array): void {
    process.stdout.write(text);
  }

  error(text: string): void {
    process.stderr.write(text);
  }

  askSecret(question: string): Promise<Uint8Array | undefined> {
    if (!process.stdin.isTTY) return Promise.resolve(undefined);
    process.stderr.write(question);
    return readHidden(process.stdin).finally(() => process.stderr.write('\n'));
  }
}

const ENTER = [0x0a, 0x0d, 0x04];
const BACKSPACE = [0x08, 0x7f];
const INTERRUPT = 0x03;

/** A line typed without echo; `undefined` if it was interrupted or ended without one. */
function readHidden(input: typeof process.stdin): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const typed: number[] = [];
    const end = (line: Uint8Array | undefined): void => {
      input.off('data', take);
      input.setRawMode(false);
      input.pause();
      typed.fill(0);
      resolve(line);
    };
    const take = (octets: Uint8Array): void => {
      for (const octet of octets) {
        if (octet === INTERRUPT || ENTER.includes(octet)) {
          end(octet === INTERRUPT ? undefined : Uint8Array.from(typed));
          return;
        }
        if (BACKSPACE.includes(octet)) typed.pop();
        else typed.push(octet);
      }
    };
    input.setRawMode(true);
    input.on('data', take);
    input.resume();
  });
}
