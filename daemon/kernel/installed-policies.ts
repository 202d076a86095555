import type { KernelPolicy, KernelRoute } from '../contracts/kernel.ts';
import type { Awaitable } from '../util/awaitable.ts';
import type { ChildPolicies } from './child-policies.ts';
import { releaseAll } from './installed-child.ts';
import type { Held } from './shared-objects.ts';

/** What the policies of a trap or a shunt are put into. */
export interface PolicyHost {
  readonly addPolicy: (policy: KernelPolicy) => Awaitable<Held<KernelPolicy>>;
  /** Something could not be taken out of the kernel. */
  notRemoved(error: unknown): void;
}

/** The policies and routes of a trap or a shunt, in the kernel. Order and reasons are those of CHILD_SAs. */
export class InstalledPolicies {
  readonly #host: PolicyHost;
  readonly #inbound: Held<KernelPolicy>[] = [];
  readonly #outbound: Held<KernelPolicy>[] = [];
  #routes: readonly Held<KernelRoute>[] = [];
  #removal: Promise<void> | undefined;

  private constructor(host: PolicyHost) {
    this.#host = host;
  }

  /** Installs them; rejects with the kernel's error after undoing everything. `addRoutes` never rejects. */
  static async install(
    host: PolicyHost,
    { inbound, outbound }: ChildPolicies,
    addRoutes: () => Awaitable<readonly Held<KernelRoute>[]>,
  ): Promise<InstalledPolicies> {
    const installed = new InstalledPolicies(host);
    try {
      for (const policy of inbound) installed.#inbound.push(await host.addPolicy(policy));
      installed.#routes = await addRoutes();
      for (const policy of outbound) installed.#outbound.push(await host.addPolicy(policy));
    } catch (error) {
      await installed.remove();
      throw error;
    }
    return installed;
  }

  /** Removes them, whatever fails on the way; failures are logged. */
  remove(): Promise<void> {
    this.#removal ??= this.#removeAll();
    return this.#removal;
  }

  async #removeAll(): Promise<void> {
    const order = [
      ...this.#outbound.toReversed(),
      ...this.#routes.toReversed(),
      ...this.#inbound.toReversed(),
    ];
    await releaseAll(this.#host, order);
  }
}
