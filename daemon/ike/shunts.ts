import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { PolicyView } from '../contracts/views.ts';
import type { InstalledPolicies } from '../kernel/installed-policies.ts';
import { printSelectorConfig } from '../proto/traffic-selector-text.ts';
import type { IkeEnvironment } from './environment.ts';
import { planShunt } from './trap-plan.ts';

interface Shunt {
  readonly kind: 'pass' | 'drop';
  readonly connection: ConnectionConfig;
  readonly child: ChildConfig;
  readonly kernel: InstalledPolicies;
}

/** Policies that let traffic pass without protection, or drop it, in order of installation. */
export class Shunts {
  readonly #env: Pick<IkeEnvironment, 'installer'>;
  readonly #byKey = new Map<string, Shunt>();

  constructor(env: Pick<IkeEnvironment, 'installer'>) {
    this.#env = env;
  }

  /** Whether that key has a shunt. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Installs or renews a shunt. Rejects leaving the old one as it was. */
  async install(
    key: string,
    kind: Shunt['kind'],
    connection: ConnectionConfig,
    child: ChildConfig,
  ): Promise<void> {
    const kernel = await this.#env.installer.installShunt(planShunt(kind, connection, child));
    const before = this.#byKey.get(key);
    this.#byKey.set(key, { kind, connection, child, kernel });
    await before?.kernel.remove();
  }

  /** Removes a shunt; false if there is none. */
  async uninstall(key: string): Promise<boolean> {
    const shunt = this.#byKey.get(key);
    if (shunt === undefined) return false;
    this.#byKey.delete(key);
    await shunt.kernel.remove();
    return true;
  }

  views(): readonly PolicyView[] {
    return [...this.#byKey.values()].map(({ kind, connection, child }) => ({
      kind,
      ike: connection.name,
      child: child.name,
      mode: kind,
      // As configured: what is dynamic stays so.
      localTs: child.localTs.map((ts) => printSelectorConfig(ts)),
      remoteTs: child.remoteTs.map((ts) => printSelectorConfig(ts)),
    }));
  }
}
