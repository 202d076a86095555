import type { NameServer } from '../../daemon/contracts/name-servers.ts';
import { runProgram } from './run-program.ts';
import type { NameServerBackend } from './serial-name-servers.ts';

/** The program of resolvconf(8) or openresolv: all servers are one entry, named like an interface. */
export class Resolvconf implements NameServerBackend {
  readonly target: string;
  readonly #path: string;
  readonly #entry: string;

  constructor(path: string, entry: string) {
    this.target = `${path} (${entry})`;
    this.#path = path;
    this.#entry = entry;
  }

  async apply(wanted: readonly NameServer[]): Promise<void> {
    if (wanted.length === 0) {
      await runProgram(this.#path, ['-d', this.#entry]);
      return;
    }
    const lines = wanted.map(({ address }) => `nameserver ${address}\n`).join('');
    await runProgram(this.#path, ['-a', this.#entry], lines);
  }
}
