import type { KernelPolicy, KernelRoute, KernelSa, SaEnds, SaUsage } from '../contracts/kernel.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { type Awaitable, andThen, proceed } from '../util/awaitable.ts';
import { run, settled, type Waits } from '../util/waits.ts';
import {
  childPolicies,
  inboundPolicies,
  outboundPolicies,
  succeedingPolicies,
} from './child-policies.ts';
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
  release(): Awaitable<void>;
}

/** What a CHILD_SA is put into. What there is to wait for comes as a promise, everything else at once. */
export interface ChildHost {
  readonly addSa: (sa: KernelSa) => Awaitable<HeldSa>;
  readonly addPolicy: (policy: KernelPolicy) => Awaitable<Held<KernelPolicy>>;
  /** Routes are a convenience: a failure is logged. */
  addRoutes(spec: ChildSaSpec): Awaitable<readonly Held<KernelRoute>[]>;
  /** Something could not be taken out of the kernel. */
  notRemoved(error: unknown): void;
  /** It is in the kernel. */
  installed(child: InstalledChildSa): void;
  /** It is in the kernel no more. */
  removed(child: InstalledChildSa): void;
}

/** What of a CHILD_SA is meant: what it receives, what it sends, or both. */
export type Halves = 'in' | 'out' | 'both';

/** Counters of both directions, as the kernel told them last. */
export interface ChildUsage {
  readonly in: SaUsage | undefined;
  readonly out: SaUsage | undefined;
}

/** The kernel told none. */
export const NO_USAGE: ChildUsage = { in: undefined, out: undefined };

/** How much of a CHILD_SA is put into the kernel. */
export interface InstallOptions {
  /** With `false` it receives only, until {@link InstalledChildSa.installOutbound}; default true. */
  readonly outbound?: boolean;
  /** The CHILD_SA it replaces: what they have in common is not worked out again. */
  readonly replaces?: InstalledChildSa | undefined;
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
  readonly #in = new Half();
  #out = new Half();

  private constructor(host: ChildHost, spec: ChildSaSpec) {
    this.#host = host;
    this.#spec = spec;
  }

  /** Installs it; fails with the kernel's error after undoing everything. At once if the kernel answers at once. */
  static install(
    host: ChildHost,
    spec: ChildSaSpec,
    options: InstallOptions,
  ): Awaitable<InstalledChildSa> {
    return run(InstalledChildSa.#install(host, spec, options));
  }

  static *#install(
    host: ChildHost,
    spec: ChildSaSpec,
    { outbound = true, replaces }: InstallOptions,
  ): Waits<InstalledChildSa> {
    const child = new InstalledChildSa(host, spec);
    try {
      yield* settled(child.#in.addSas(host, inboundSas(spec)));
      if (outbound) yield* settled(child.#addOutboundSas());
      yield* settled(child.#addPolicies('in', replaces));
      if (outbound) yield* settled(child.#leadOut(replaces));
    } catch (error) {
      yield* settled(child.remove());
      throw error;
    }
    host.installed(child);
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
    return this.#inTurn(() => this.#putOut(replaces));
  }

  #putOut(replaces: InstalledChildSa | undefined): Awaitable<void> {
    if (this.#sends || this.#removal !== undefined) return;
    return proceed(
      () =>
        andThen(this.#addOutboundSas(), () =>
          // Somebody wants it gone meanwhile: nothing is led to it any more.
          this.#removal === undefined ? this.#leadOut(replaces) : undefined,
        ),
      nothing,
      async (error) => {
        await this.#takeOut();
        throw error;
      },
    );
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
    const routes = await this.#host.addRoutes(spec);
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
    this.#out.routes = now;
    await releaseAll(this.#host, before);
  }

  /** Counters of both directions, before decompression and after it. */
  usage(): Awaitable<ChildUsage> {
    const received = this.#in.sas[0]?.usage();
    const sent = this.#out.sas[0]?.usage();
    if (received instanceof Promise || sent instanceof Promise) {
      return Promise.all([received, sent]).then(([told, toldToo]) => ({ in: told, out: toldToo }));
    }
    return received === undefined && sent === undefined ? NO_USAGE : { in: received, out: sent };
  }

  async #inTurn(step: () => Awaitable<void>): Promise<void> {
    const last = this.#last;
    // How the one before ended is nothing to this one.
    const turn = last === undefined ? step() : last.then(step, step);
    if (!(turn instanceof Promise)) return;
    this.#last = turn;
    try {
      await turn;
    } finally {
      if (this.#last === turn) this.#last = undefined;
    }
  }

  #addOutboundSas(): Awaitable<void> {
    this.#sends = true;
    return this.#out.addSas(this.#host, outboundSas(this.#spec));
  }

  /** Routes and outbound policies: what leads packets to outbound SAs that are there. */
  #leadOut(replaces: InstalledChildSa | undefined): Awaitable<void> {
    return andThen(this.#host.addRoutes(this.#spec), (held) => {
      if (held.length > 0) this.#out.routes = this.#out.routes.concat(held);
      return this.#addPolicies('out', replaces);
    });
  }

  #addPolicies(half: 'in' | 'out', replaces: InstalledChildSa | undefined): Awaitable<void> {
    const own = this.#half(half);
    // They go to the places of those, which may be taken away while the kernel is asked.
    const places = replaces === undefined ? NONE : replaces.#half(half).policies;
    if (replaces !== undefined && places.length > 0) {
      const those = places.map(({ wish }) => wish);
      const policies = succeedingPolicies(this.#spec, replaces.#spec, those);
      if (policies !== undefined) {
        return own.addPolicies(policies, (policy, i) =>
          (places[i] as Held<KernelPolicy>).beside(policy),
        );
      }
    }
    const policies = half === 'in' ? inboundPolicies(this.#spec) : outboundPolicies(this.#spec);
    return own.addPolicies(policies, this.#host.addPolicy);
  }

  #half(half: 'in' | 'out'): Half {
    return half === 'in' ? this.#in : this.#out;
  }

  #takeOut(): Awaitable<void> {
    this.#sends = false;
    const { policies, routes, sas } = this.#out;
    if (policies.length + routes.length + sas.length === 0) return;
    this.#out = new Half();
    const order = [...policies.toReversed(), ...routes.toReversed(), ...sas.toReversed()];
    return releaseAll(this.#host, order);
  }

  #removeAll(): Awaitable<void> {
    this.#host.removed(this);
    return andThen(this.#takeOut(), () => {
      const { sas, policies } = this.#in;
      return releaseAll(this.#host, [...sas, ...policies.toReversed()]);
    });
  }
}

/** Takes all of them out of the kernel, one after the other, whatever fails on the way; that is told to the host. */
export function releaseAll(
  host: Pick<ChildHost, 'notRemoved'>,
  list: readonly Removable[],
): Awaitable<void> {
  const release = (held: Removable): Awaitable<void> =>
    proceed(
      () => held.release(),
      nothing,
      (error) => host.notRemoved(error),
    );
  return inOrder(list, release, nothing);
}

function nothing(): void {}

const NONE: readonly never[] = [];

/** What one direction has in the kernel, in the order of installing. The lists grow by copies: they hold one or two for long. */
class Half {
  sas: readonly HeldSa[] = NONE;
  policies: readonly Held<KernelPolicy>[] = NONE;
  routes: readonly Held<KernelRoute>[] = NONE;

  addSas(host: ChildHost, sas: readonly KernelSa[]): Awaitable<void> {
    return inOrder(sas, host.addSa, (held) => {
      this.sas = this.sas.concat(held);
    });
  }

  addPolicies(
    policies: readonly KernelPolicy[],
    add: (policy: KernelPolicy, index: number) => Awaitable<Held<KernelPolicy>>,
  ): Awaitable<void> {
    return inOrder(policies, add, (held) => {
      this.policies = this.policies.concat(held);
    });
  }
}

/** Does something with one after the other and keeps what that gives, up to the first that fails. */
function inOrder<T, H>(
  list: readonly T[],
  act: (one: T, index: number) => Awaitable<H>,
  keep: (held: H) => void,
): Awaitable<void> {
  for (let i = 0; i < list.length; i++) {
    const held = act(list[i] as T, i);
    if (held instanceof Promise) return goOn(held, list, i + 1, act, keep);
    keep(held);
  }
}

async function goOn<T, H>(
  first: Promise<H>,
  list: readonly T[],
  from: number,
  act: (one: T, index: number) => Awaitable<H>,
  keep: (held: H) => void,
): Promise<void> {
  keep(await first);
  for (let i = from; i < list.length; i++) keep(await act(list[i] as T, i));
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
