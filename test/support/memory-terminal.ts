import type { Terminal } from '../../daemon/contracts/terminal.ts';

/** A terminal that keeps what is written; nobody sits at it. */
export class MemoryTerminal implements Terminal {
  stdout = '';
  stderr = '';
  readonly interrupted: AbortSignal = new AbortController().signal;
  readonly size = undefined;

  out(text: string | Uint8Array): void {
    this.stdout += typeof text === 'string' ? text : new TextDecoder().decode(text);
  }

  error(text: string): void {
    this.stderr += text;
  }

  screen(): undefined {
    return undefined;
  }

  askSecret(): Promise<Uint8Array | undefined> {
    return Promise.resolve(undefined);
  }
}
