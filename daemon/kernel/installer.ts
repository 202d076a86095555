import type { Clock } from '../contracts/clock.ts';
import type { StateJournal } from '../contracts/journal.ts';
import type {
  KernelEvent,
  KernelIpsec,
  KernelNet,
  KernelPolicy,
  KernelRoute,
  RuleMark,
  SaId,
  SaMode,
  SaProtocol,
  WantedSa,
} from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Awaitable } from '../util/awaitable.ts';
import { Emitter } from '../util/emitter.ts';
import { errorText } from '../util/error.ts';
import { hex32 } from '../util/hex.ts';
import { adopt, type ReservedSa } from './adoption.ts';
import { childPolicies } from './child-policies.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { type ChildHost, InstalledChildSa, type InstallOptions } from './installed-child.ts';
import { InstalledPolicies } from './installed-policies.ts';
import { OwnedSas } from './owned-sas.ts';
import { policyTable } from './policy-table.ts';
import { portBypassPolicies } from './port-bypass.ts';
import { Leftovers } from './recovery.ts';
import { type ReqidKey, Reqids } from './reqids.ts';
import { childRoutes, type RouteSpec, type RouteView, remembering, routeTable } from './routes.ts';
import type { Held, SharedObjects } from './shared-objects.ts';
import { type ShuntSpec, shuntPolicies, shuntRoutes } from './shunt-policies.ts';
import { type TrapSpec, trapPolicySpec } from './trap-policies.ts';

/** The options the installer obeys, read at each use because a reload may change them. */
export interface InstallerSettings {
  readonly installRoutes: boolean;
  /** Also for CHILD_SAs with interface ids, into those interfaces; not unless given. */
  readonly routesIntoInterfaces?: boolean;
  readonly routingTable: number;
  readonly routingTablePriority: number;
  /** Packets that look the table up; all unless given. */
  readonly ruleMark?: RuleMark;
  /** Octets, 0 for the interface's. */
  readonly routeMtu?: number;
  readonly routeMss?: number;
  readonly spiMin: number;
  readonly spiMax: number;
  readonly reqidBase: number;
}

export interface InstallerDeps {
  readonly kernel: KernelIpsec;
  readonly net: KernelNet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly journal: StateJournal;
  readonly settings: () => InstallerSettings;
}

/** Milliseconds between lost kernel events and the dump that makes up for them: losses come in bursts. */
const OVERRUN_SETTLE = 100;

/** RFC 3173 section 3.3: below are well-known ones, above private ones. */
const NEGOTIATED_CPIS = [0x100, 0xefff] as const;

const NO_ROUTES: readonly Held<KernelRoute>[] = [];

/** CHILD_SAs removed at a time when closing. */
const CLOSING_AT_ONCE = 64;

/**
 * Makes true in the kernel what IKE negotiated, and undoes it.
 *
 * Order of installing: inbound SA, outbound SA, inbound policies, routes, outbound policies.
 * - The inbound SA is first: the peer may send as soon as it knows of the CHILD_SA, and when a CHILD_SA replaces
 *   another one of equal selectors, the policies are there already and the SA alone decides whether a packet is dropped.
 * - Inbound policies precede outbound ones: the kernel drops decrypted packets that no policy asks for, so answers
 *   to our first packet must find their policy.
 * - The outbound policy is last: once it is there, packets that find no SA are held back and raise an acquire. It comes
 *   after the routes because those choose the source address, without which a packet of this host would miss the
 *   policy and leave in the clear.
 * - All of it is awaited before IKE answers the peer.
 *
 * Order of removing: outbound policies, routes, outbound SA, inbound SA, inbound policies.
 * - The outbound SA outlives its policy, or else a packet in between would raise an acquire for a CHILD_SA that is
 *   going away. With a trap or another CHILD_SA of equal selectors the policy is replaced, not removed: no packet
 *   ever meets a gap and none leaves in the clear.
 * - The inbound policies outlive the inbound SA: packets under way are still accepted while it is there, and clear-text
 *   ones with addresses from the tunnel are refused until the end.
 */
export class KernelInstaller {
  readonly #deps: InstallerDeps;
  readonly #reqids: Reqids;
  readonly #sas: OwnedSas;
  readonly #policies: SharedObjects<KernelPolicy>;
  readonly #routes: SharedObjects<KernelRoute>;
  readonly #leftovers: Leftovers;
  readonly #events: Emitter<KernelEvent>;
  readonly #installed = new Set<InstalledChildSa>();
  readonly #host: ChildHost = {
    addSa: (sa) => this.#sas.add(sa),
    addPolicy: (policy) => this.#policies.acquire(policy),
    addRoutes: (spec) => this.#addRoutes(spec),
    notRemoved: (error) =>
      this.#log(`removing SAs, policies and routes failed: ${errorText(error)}`),
    installed: (child) => this.#installed.add(child),
    removed: (child) => this.#installed.delete(child),
  };
  #rule:
    | { readonly table: number; readonly priority: number; readonly mark: RuleMark | undefined }
    | undefined;
  #overrunPending = false;
  #view: RouteView | undefined;

  constructor(deps: InstallerDeps) {
    this.#deps = deps;
    this.#reqids = new Reqids(() => deps.settings().reqidBase);
    this.#sas = new OwnedSas(deps.kernel, deps.journal, deps.logger);
    this.#policies = policyTable(deps.kernel, deps.journal);
    this.#routes = routeTable(deps.net, deps.journal);
    this.#leftovers = new Leftovers(deps, this.#policies, this.#routes, this.#reqids);
    this.#events = new Emitter((error) =>
      deps.logger.log('knl', 1, `handling a kernel event failed: ${errorText(error)}`),
    );
    deps.kernel.onEvent((event) => this.#onKernelEvent(event));
  }

  /**
   * Takes over what a killed predecessor left in force, then sends lookups through our routing table. CHILD_SAs of
   * its that go on are adopted; where the kernel has lost one the result says `undefined`.
   */
  async start(
    left: readonly ChildSaSpec[] = [],
    reserved: readonly ReservedSa[] = [],
  ): Promise<readonly (InstalledChildSa | undefined)[]> {
    const { net, settings } = this.#deps;
    const adopted = left.length + reserved.length === 0 ? [] : await this.#adopt(left, reserved);
    const kept = new Set([...this.#policies.records(), ...this.#routes.records()]);
    const isKept = (record: string): boolean => kept.has(record) || this.#sas.has(record);
    await this.#leftovers.takeOver(isKept);
    const {
      installRoutes,
      routingTable: table,
      routingTablePriority: priority,
      ruleMark: mark,
    } = settings();
    if (!installRoutes || table === 0) return adopted;
    await net.addRule(table, priority, mark);
    this.#rule = { table, priority, mark };
    return adopted;
  }

  async #adopt(
    left: readonly ChildSaSpec[],
    reserved: readonly ReservedSa[],
  ): Promise<readonly (InstalledChildSa | undefined)[]> {
    const { kernel, journal } = this.#deps;
    const target = {
      host: this.#host,
      sas: this.#sas,
      policies: this.#policies,
      routes: this.#routes,
    };
    const adopted = await adopt(kernel, journal, target, left, reserved, (reason) =>
      this.#log(`taking over a CHILD_SA failed: ${reason}`),
    );
    await this.#attempt('putting routes right', () => this.#routes.settle());
    await this.#attempt('putting policies right', () => this.#policies.settle());
    return adopted;
  }

  /** Removes everything still there. The journal keeps only what the kernel refused to give up. */
  async close(): Promise<void> {
    const { net } = this.#deps;
    const installed = [...this.#installed];
    for (let i = 0; i < installed.length; i += CLOSING_AT_ONCE) {
      await Promise.all(installed.slice(i, i + CLOSING_AT_ONCE).map((child) => child.remove()));
    }
    await this.#attempt('removing policies', () => this.#policies.clear());
    await this.#attempt('removing routes', () => this.#routes.clear());
    await this.#sas.clear((sa, error) =>
      this.#log(`removing SPI ${hex32(sa.spi)} failed: ${errorText(error)}`),
    );
    const rule = this.#rule;
    this.#rule = undefined;
    if (rule !== undefined) {
      await this.#attempt('removing the routing rule', () =>
        net.deleteRule(rule.table, rule.priority, rule.mark),
      );
    }
  }

  /** Whether policies or routes of a killed predecessor are still in force. */
  get hasLeftovers(): boolean {
    return this.#leftovers.present;
  }

  /** Removes those of them that nothing of ours has replaced. */
  dropLeftovers(): Promise<void> {
    return this.#leftovers.drop();
  }

  /**
   * Reserves an inbound SPI, of IPComp a CPI; `install` or `releaseSpi` ends the reservation. At once if the kernel answers at
   * once, and then it throws what it otherwise rejects with, `KernelError`.
   */
  allocateSpi(
    local: IpAddress,
    remote: IpAddress,
    protocol: SaProtocol,
    reqid: number,
  ): Awaitable<ChildSpi> {
    const { spiMin, spiMax } = this.#deps.settings();
    const [min, max] = protocol === 108 ? NEGOTIATED_CPIS : [spiMin, spiMax];
    return this.#sas.reserve(local, remote, protocol, reqid, min, max);
  }

  /** Whether the kernel has SAs of this mode. */
  supportsMode(mode: SaMode): boolean {
    return this.#deps.kernel.supportsMode(mode);
  }

  /** CPUs that can have SAs of their own, 0 if none can. */
  get cpus(): number {
    return this.#deps.kernel.cpus;
  }

  /** Whether the kernel has IPComp with deflate. */
  supportsCompression(): boolean {
    return this.#deps.kernel.supports(108, undefined, undefined, undefined);
  }

  /** Gives an SPI back that no CHILD_SA took over; anything else is ignored. */
  releaseSpi(
    local: IpAddress,
    _remote: IpAddress,
    protocol: SaProtocol,
    spi: ChildSpi,
  ): Promise<void> {
    return this.#sas.giveBack(local, protocol, spi);
  }

  /** Whether an SPI is reserved, and no CHILD_SA has taken it over. */
  isReserved(sa: Pick<SaId, 'destination' | 'protocol' | 'spi'>): boolean {
    return this.#sas.isReserved(sa);
  }

  /** The reqid for these selectors, marks and interface ids: equal ones share it, counted. */
  acquireReqid(key: ReqidKey): number {
    return this.#reqids.acquire(key);
  }

  /** One more use of a reqid that is in use. */
  retainReqid(reqid: number): number {
    return this.#reqids.retain(reqid);
  }

  /** {@link acquireReqid} for a CHILD_SA of a predecessor, which has its reqid. */
  adoptReqid(key: ReqidKey, reqid: number): void {
    this.#reqids.adopt(key, reqid);
  }

  /** SAs that the kernel lost since they were installed or taken over are reported as expired. */
  async compare(): Promise<void> {
    await this.#attempt('comparing with the kernel', () => this.#reportMissing());
  }

  releaseReqid(reqid: number): void {
    this.#reqids.release(reqid);
  }

  /**
   * Installs a CHILD_SA. Fails with the kernel's error after undoing everything, the reserved SPI included. At once if the kernel
   * answers at once.
   */
  install(spec: ChildSaSpec, options: InstallOptions = {}): Awaitable<InstalledChildSa> {
    return InstalledChildSa.install(this.#host, spec, options);
  }

  /** Addresses or routes of this host changed: routes follow, and those that went down with an interface come back. */
  async reroute(): Promise<void> {
    const { net, settings } = this.#deps;
    if (!settings().installRoutes || this.#routes.size === 0) return;
    // One look at the addresses and at the way to each peer serves all CHILD_SAs.
    this.#view = remembering(net);
    try {
      for (const child of [...this.#installed]) await child.reroute();
    } finally {
      this.#view = undefined;
    }
    await this.#attempt('putting back routes', () => this.#routes.restore());
  }

  /** Installs the policies of a trap, one weaker than those of its CHILD_SA. Rejects having undone everything. */
  installTrap(spec: TrapSpec): Promise<InstalledPolicies> {
    const full = trapPolicySpec(spec);
    const policies = childPolicies(full);
    return InstalledPolicies.install(this.#host, policies, () => this.#addRoutes(full));
  }

  /** Installs policies that let traffic pass or drop it. Rejects having undone everything. */
  installShunt(spec: ShuntSpec): Promise<InstalledPolicies> {
    const routes = async (table: number) => shuntRoutes(spec, table);
    return InstalledPolicies.install(this.#host, shuntPolicies(spec), () =>
      this.#holdRoutes(routes),
    );
  }

  /** Lets IKE pass from and to these ports whatever policies there are, until `close`. Rejects having undone everything. */
  async installPortBypass(ports: readonly number[]): Promise<void> {
    await InstalledPolicies.install(this.#host, portBypassPolicies(ports), async () => []);
  }

  /** Lets the kernel ask again for an SA that could not be had. */
  async forgetAcquire(wanted: WantedSa): Promise<void> {
    await this.#attempt('forgetting an acquire', () => this.#deps.kernel.forgetAcquire(wanted));
  }

  /**
   * Adds a listener for events of the kernel. After an overrun, SAs found missing are reported as expired, and what packets wait for is
   * told again.
   */
  onEvent(handler: (event: KernelEvent) => void): void {
    this.#events.on(handler);
  }

  // A tunnel works without its route wherever the host's own routing leads the right way: no reason to fail.
  #addRoutes(spec: RouteSpec): Awaitable<readonly Held<KernelRoute>[]> {
    return this.#holdRoutes((table, intoInterfaces) =>
      childRoutes(spec, this.#view ?? this.#deps.net, table, intoInterfaces),
    );
  }

  #holdRoutes(
    routes: (table: number, intoInterfaces: boolean | undefined) => Promise<readonly KernelRoute[]>,
  ): Awaitable<readonly Held<KernelRoute>[]> {
    const settings = this.#deps.settings();
    if (!settings.installRoutes) return NO_ROUTES;
    const { routingTable, routesIntoInterfaces, routeMtu = 0, routeMss = 0 } = settings;
    const metrics = {
      ...(routeMtu > 0 && { mtu: routeMtu }),
      ...(routeMss > 0 && { mss: routeMss }),
    };
    const held: Held<KernelRoute>[] = [];
    const installed = this.#attempt('installing a route', async () => {
      for (const route of await routes(routingTable || 254, routesIntoInterfaces)) {
        held.push(
          await this.#routes.acquire(route.type === 'throw' ? route : { ...route, ...metrics }),
        );
      }
    });
    return installed.then(() => held);
  }

  async #attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#log(`${what} failed: ${errorText(error)}`);
    }
  }

  #log(sentence: string): void {
    this.#deps.logger.log('knl', 1, sentence);
  }

  #onKernelEvent(event: KernelEvent): void {
    this.#events.emit(event);
    if (event.kind !== 'overrun' || this.#overrunPending) return;
    this.#overrunPending = true;
    this.#log('events of the kernel were lost, comparing with what it has');
    this.#deps.clock.after(OVERRUN_SETTLE, () => {
      this.#overrunPending = false;
      void this.#attempt('comparing with the kernel', () => this.#reportMissed());
    });
  }

  async #reportMissed(): Promise<void> {
    await this.#reportMissing();
    for (const acquire of await this.#deps.kernel.listAcquires()) this.#events.emit(acquire);
  }

  async #reportMissing(): Promise<void> {
    const missing = await this.#sas.missing(() => this.#deps.kernel.listSas());
    for (const id of missing) this.#events.emit({ kind: 'expire', id, hard: true });
  }
}
