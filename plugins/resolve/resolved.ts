import type { NameServer } from '../../daemon/contracts/name-servers.ts';
import { runProgram } from './run-program.ts';
import type { NameServerBackend } from './serial-name-servers.ts';

/**
 * systemd-resolved through resolvectl(1). Ours go before the servers that the interface has from elsewhere; domains
 * become routing domains, so that only their names are asked there first.
 */
export class Resolved implements NameServerBackend {
  readonly target = 'systemd-resolved';
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async apply(wanted: readonly NameServer[], gone: readonly NameServer[]): Promise<void> {
    const interfaces = new Set([...wanted, ...gone].map((server) => server.interfaceName));
    for (const name of interfaces) {
      const here = (all: readonly NameServer[]) => all.filter((one) => one.interfaceName === name);
      const [ours, before] = [here(wanted), here(gone)];
      const addresses = (all: readonly NameServer[]): string[] => all.map((one) => one.address);
      await this.#set('dns', name, addresses(ours), addresses(before));
      const domains = (all: readonly NameServer[]): string[] =>
        all.flatMap((one) => one.domains.map((domain) => `~${domain}`));
      if (domains([...ours, ...before]).length > 0) {
        await this.#set('domain', name, domains(ours), domains(before));
      }
    }
  }

  async #set(
    what: 'dns' | 'domain',
    interfaceName: string,
    ours: readonly string[],
    gone: readonly string[],
  ): Promise<void> {
    const present = listed(await runProgram(this.#path, [what, interfaceName]));
    const mine = new Set([...ours, ...gone]);
    const others = present.filter((word) => !mine.has(word));
    const next = [...new Set([...ours, ...others])];
    // An empty word clears the list.
    await runProgram(this.#path, [what, interfaceName, ...(next.length === 0 ? [''] : next)]);
  }
}

/** The words behind `Link 2 (eth0):`. */
function listed(output: string): readonly string[] {
  const words = /\):(.*)$/ms.exec(output)?.[1] ?? '';
  return words.split(/\s+/).filter((word) => word !== '');
}
