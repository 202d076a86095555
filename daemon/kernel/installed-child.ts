import type { KernelPolicy, KernelRoute, KernelSa, SaEnds, SaUsage } from '../contracts/kernel.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { childPolicies, succeedingPolicies } from './child-policies.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import type { HeldSa } from './owned-sas.ts';
import { inboundSas, outboundSas, saEnds } from './sa-pair.ts';
import type { Held } from './shared-objects.ts';

/** Where the two ends of a CHILD_SA are. */
export interface ChildEnds {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** UDP encapsulation (RFC 3948) with these ports; absent without. */
  readonly encap?: { readonly localPort: number; readonly remotePort: number };
}

/** What can be taken out of the kernel again. */
export interface Removable {
  /** Without a promise if there is nothing to wait for. */
  release(): Promise<void> | undefined;
}

/** What a CHILD_SA is put into. */
export interface ChildHost {
  addSa(sa: KernelSa): Promise<HeldSa>;
  addPolicy(policy: KernelPolicy): Promise<Held<KernelPolicy>>;
  /** Routes are a convenience: a failure is logged. */
  addRoutes(spec: ChildSaSpec): Promise<readonly Held<KernelRoute>[]>;
  /** Something could not be taken out of the kernel. */
  notRemoved(error: unknown): void;
  /** It is in the kernel no more. */
  removed(child: InstalledChildSa): void;
}

/** What of a CHILD_SA is meant: what it receives, what it sends, or both. */
export type Halves = 'in' | 'out' | 'both';

/** How much of a CHILD_SA is put into the kernel. */
export interface InstallOptions {
  /** With `false` it receives only, until {@link InstalledChildSa.installOutbound}; default true. */
  readonly outbound?: boolean;
  /** The CHILD_SA it replaces: what they have in common is not worked out again. */
  readonly replaces?: InstalledChildSa;
}

/**
 * A CHILD_SA that is in the kernel, or half of it. Its steps follow each other, whoever asks for them: its own IKE_SA, another one
 * whose heir it is, or the network that changed.
 */
export class InstalledChildSa {
  readonly #host: ChildHost;
  #spec: ChildSaSpec;
  #sends = false;
  #removal: Promise<void> | undefined;
  /** The step that runs or waits last; it never rejects. */
  #last: Promise<void> | undefined;
  #in: Half = { sas: [], policies: [], routes: [] };
  #out: Half = { sas: [], policies: [], routes: [] };

  private constructor(host: ChildHost, spec: ChildSaSpec) {
    this.#host = host;
    this.#spec = spec;
  }

  /** Installs it; rejects with the kernel's error after undoing everything. */
  static async install(
    host: ChildHost,
    spec: ChildSaSpec,
    options: InstallOptions,
  ): Promise<InstalledChildSa> {
    const child = new InstalledChildSa(host, spec);
    const both = options.outbound ?? true;
    try {
      for (const sa of inboundSas(spec)) child.#in.sas.push(await host.addSa(sa));
      if (both) await child.#addOutboundSas();
      await child.#addPolicies('in', options.replaces);
      if (both) await child.#leadOut(options.replaces);
    } catch (error) {
      await child.remove();
      throw error;
    }
    return child;
  }

  /** As it is in the kernel now; another value after every change. The key octets may be wiped. */
  get spec(): ChildSaSpec {
    return this.#spec;
  }

  /** Whether what sends is in. */
  get sends(): boolean {
    return this.#sends;
  }

  /**
   * Puts in what sends: from then on the outbound policies lead to this CHILD_SA. Doing it twice does nothing. The keys of
   * the specification must still be there. Rejects with `KernelError`; what receives stays. `replaces` is the CHILD_SA whose
   * traffic it takes over, if it is such a one.
   */
  installOutbound(replaces?: InstalledChildSa): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#sends || this.#removal !== undefined) return;
      try {
        await this.#addOutboundSas();
        // Somebody wants it gone meanwhile: nothing is led to it any more.
        if (this.#removal === undefined) await this.#leadOut(replaces);
      } catch (error) {
        await this.#takeOut();
        throw error;
      }
    });
  }

  /** Takes out what sends; packets under way are still received. Failures are logged. */
  removeOutbound(): Promise<void> {
    return this.#inTurn(() => this.#takeOut());
  }

  /** Removes it, whatever fails on the way; failures are logged and what is left is tried again at the end. */
  remove(): Promise<void> {
    this.#removal ??= this.#inTurn(() => this.#removeAll());
    return this.#removal;
  }

  /**
   * Its ends are elsewhere now: SAs, policies and routes of one direction or both follow, and no packet of ours meets a
   * gap. Rejects with `KernelError` where the kernel does not let them; the CHILD_SA then wants to be rekeyed.
   */
  move(ends: ChildEnds, halves: Halves = 'both'): Promise<void> {
    return this.#inTurn(() => this.#move(ends, halves));
  }

  async #move(ends: ChildEnds, halves: Halves): Promise<void> {
    if (this.#removal !== undefined) return;
    const { encap: _, ...rest } = this.#spec;
    const spec: ChildSaSpec = { ...rest, ...ends };
    const policies = childPolicies(spec);
    if (halves !== 'out') await moveHalf(this.#in, saEnds(spec, 'in'), policies.inbound);
    this.#spec = spec;
    if (!this.#sends || halves === 'in') return;
    const before = this.#out.routes;
    const routes = [...(await this.#host.addRoutes(spec))];
    try {
      await moveHalf(this.#out, saEnds(spec, 'out'), policies.outbound);
    } catch (error) {
      await releaseAll(this.#host, routes);
      throw error;
    }
    this.#out.routes = routes;
    await releaseAll(this.#host, before);
  }

  /** Addresses or routes of this host changed: its routes are those that it would get now. */
  reroute(): Promise<void> {
    return this.#inTurn(() => this.#reroute());
  }

  async #reroute(): Promise<void> {
    if (!this.#sends || this.#removal !== undefined) return;
    const before = this.#out.routes;
    const now = await this.#host.addRoutes(this.#spec);
    // Without a way to the peer the old ones stay wanted: they keep packets of this host from leaving another way.
    if (now.length === 0) return;
    this.#out.routes = [...now];
    await releaseAll(this.#host, before);
  }

  /** Counters of both directions, before decompression and after it. */
  async usage(): Promise<{ readonly in: SaUsage | undefined; readonly out: SaUsage | undefined }> {
    return { in: await this.#in.sas[0]?.usage(), out: await this.#out.sas[0]?.usage() };
  }

  async #inTurn(step: () => Promise<void>): Promise<void> {
    const last = this.#last;
    // How the one before ended is nothing to this one.
    const turn = last === undefined ? step() : last.then(step, step);
    this.#last = turn;
    try {
      await turn;
    } finally {
      if (this.#last === turn) this.#last = undefined;
    }
  }

  async #addOutboundSas(): Promise<void> {
    this.#sends = true;
    for (const sa of outboundSas(this.#spec)) this.#out.sas.push(await this.#host.addSa(sa));
  }

  /** Routes and outbound policies: what leads packets to outbound SAs that are there. */
  async #leadOut(replaces: InstalledChildSa | undefined): Promise<void> {
    const routes = await this.#host.addRoutes(this.#spec);
    if (routes.length > 0) this.#out.routes.push(...routes);
    await this.#addPolicies('out', replaces);
  }

  async #addPolicies(half: 'in' | 'out', replaces: InstalledChildSa | undefined): Promise<void> {
    const own = this.#half(half).policies;
    // They go to the places of those, which may be taken away while the kernel is asked.
    const places = replaces === undefined ? [] : replaces.#half(half).policies.slice();
    if (replaces !== undefined && places.length > 0) {
      const those = places.map(({ wish }) => wish);
      const policies = succeedingPolicies(this.#spec, replaces.#spec, those);
      if (policies !== undefined) {
        for (let i = 0; i < places.length; i++) {
          const held = (places[i] as Held<KernelPolicy>).beside(policies[i] as KernelPolicy);
          own.push(held instanceof Promise ? await held : held);
        }
        return;
      }
    }
    const policies = childPolicies(this.#spec);
    for (const policy of half === 'in' ? policies.inbound : policies.outbound) {
      own.push(await this.#host.addPolicy(policy));
    }
  }

  #half(half: 'in' | 'out'): Half {
    return half === 'in' ? this.#in : this.#out;
  }

  async #takeOut(): Promise<void> {
    this.#sends = false;
    const { policies, routes, sas } = this.#out;
    if (policies.length + routes.length + sas.length === 0) return;
    this.#out = { sas: [], policies: [], routes: [] };
    await releaseAll(this.#host, [...policies.reverse(), ...routes.reverse(), ...sas.reverse()]);
  }

  async #removeAll(): Promise<void> {
    this.#host.removed(this);
    await this.#takeOut();
    const { sas, policies } = this.#in;
    await releaseAll(this.#host, [...sas, ...policies.reverse()]);
  }
}

/** Takes all of them out of the kernel, one after the other, whatever fails on the way. */
export async function releaseAll(
  host: Pick<ChildHost, 'notRemoved'>,
  list: readonly Removable[],
): Promise<void> {
  for (const held of list) {
    try {
      const done = held.release();
      if (done !== undefined) await done;
    } catch (error) {
      host.notRemoved(error);
    }
  }
}

/** What one direction has in the kernel, in the order of installing. */
interface Half {
  readonly sas: HeldSa[];
  readonly policies: Held<KernelPolicy>[];
  routes: Held<KernelRoute>[];
}

// Policies that another CHILD_SA of equal selectors is in the place of stay out of the kernel; the others go with the SA.
async function moveHalf(
  { sas, policies }: Half,
  to: SaEnds,
  wanted: readonly KernelPolicy[],
): Promise<void> {
  const inForce = wanted.filter((_, index) => policies[index]?.inForce());
  for (const [index, sa] of sas.entries()) {
    await sa.move(to, index === sas.length - 1 ? inForce : []);
  }
  for (const [index, policy] of wanted.entries()) await policies[index]?.replace(policy);
}
