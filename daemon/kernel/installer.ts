import type { Clock } from '../contracts/clock.ts';
import type { StateJournal } from '../contracts/journal.ts';
import {
  KernelError,
  type KernelEvent,
  type KernelIpsec,
  type KernelNet,
  type KernelPolicy,
  type KernelRoute,
  type KernelSa,
  type SaId,
  type SaUsage,
} from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { Emitter } from '../util/emitter.ts';
import { errorText } from '../util/error.ts';
import { hex32 } from '../util/hex.ts';
import { childPolicies } from './child-policies.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { policyTable } from './policy-table.ts';
import { saRecord } from './records.ts';
import { recover } from './recovery.ts';
import { type ReqidKey, Reqids } from './reqids.ts';
import { childRoutes, routeTable } from './routes.ts';
import { inboundId, inboundSa, outboundId, outboundSa } from './sa-pair.ts';
import type { Release, SharedObjects } from './shared-objects.ts';

/** The options the installer obeys, read at each use because a reload may change them. */
export interface InstallerSettings {
  readonly installRoutes: boolean;
  readonly routingTable: number;
  readonly routingTablePriority: number;
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

/** How much of a CHILD_SA is put into the kernel. */
export interface InstallOptions {
  /** With `false` it receives only, until {@link InstalledChildSa.installOutbound}; default true. */
  readonly outbound?: boolean;
}

/** A CHILD_SA that is in the kernel. */
export interface InstalledChildSa {
  /**
   * Puts in what sends: from then on the outbound policies lead to this CHILD_SA. Doing it twice does nothing. The keys of
   * the specification must still be there. Rejects with {@link KernelError}; what receives stays.
   */
  installOutbound(): Promise<void>;
  /** Takes out what sends; packets under way are still received. Failures are logged. */
  removeOutbound(): Promise<void>;
  /** Removes it, whatever fails on the way; failures are logged and what is left is tried again at the end. */
  remove(): Promise<void>;
  /** The peer's port, or ours, is another one: UDP encapsulation follows. Rejects with {@link KernelError}. */
  rebind(localPort: number, remotePort: number): Promise<void>;
  usage(): Promise<{ readonly in: SaUsage | undefined; readonly out: SaUsage | undefined }>;
}

/** Milliseconds between lost kernel events and the dump that makes up for them: losses come in bursts. */
const OVERRUN_SETTLE = 100;

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
  readonly #policies: SharedObjects<KernelPolicy>;
  readonly #routes: SharedObjects<KernelRoute>;
  readonly #events: Emitter<KernelEvent>;
  /** SAs and reserved SPIs that are ours, by journal record. */
  readonly #sas = new Map<string, SaId & { readonly reqid: number }>();
  /** Reserved SPIs not yet taken over by a CHILD_SA, by address, protocol and SPI. */
  readonly #reserved = new Map<string, string>();
  readonly #installed = new Set<InstalledChildSa>();
  #rule: { readonly table: number; readonly priority: number } | undefined;
  #overrunPending = false;

  constructor(deps: InstallerDeps) {
    this.#deps = deps;
    this.#reqids = new Reqids(() => deps.settings().reqidBase);
    this.#policies = policyTable(deps.kernel, deps.journal);
    this.#routes = routeTable(deps.net, deps.journal);
    this.#events = new Emitter((error) =>
      deps.logger.log('knl', 1, `handling a kernel event failed: ${errorText(error)}`),
    );
    deps.kernel.onEvent((event) => this.#onKernelEvent(event));
  }

  /** Cleans up after a killed predecessor, then sends lookups through our routing table. */
  async start(): Promise<void> {
    const { kernel, net, journal, logger, settings } = this.#deps;
    await recover(kernel, net, journal, logger);
    const { installRoutes, routingTable: table, routingTablePriority: priority } = settings();
    if (!installRoutes || table === 0) return;
    await net.addRule(table, priority);
    this.#rule = { table, priority };
  }

  /** Removes everything still there. The journal keeps only what the kernel refused to give up. */
  async close(): Promise<void> {
    const { net, kernel, journal } = this.#deps;
    const installed = [...this.#installed];
    for (let i = 0; i < installed.length; i += CLOSING_AT_ONCE) {
      await Promise.all(installed.slice(i, i + CLOSING_AT_ONCE).map((child) => child.remove()));
    }
    await this.#attempt('removing policies', () => this.#policies.clear());
    await this.#attempt('removing routes', () => this.#routes.clear());
    for (const [record, sa] of [...this.#sas]) {
      await this.#attempt(`removing SPI ${hex32(sa.spi)}`, async () => {
        await kernel.deleteSa(sa);
        this.#sas.delete(record);
        journal.remove(record);
      });
    }
    this.#reserved.clear();
    const rule = this.#rule;
    this.#rule = undefined;
    if (rule !== undefined) {
      await this.#attempt('removing the routing rule', () =>
        net.deleteRule(rule.table, rule.priority),
      );
    }
  }

  /** Reserves an inbound SPI; `install` or `releaseSpi` ends the reservation. */
  async allocateSpi(
    local: IpAddress,
    remote: IpAddress,
    protocol: 50 | 51,
    reqid: number,
  ): Promise<ChildSpi> {
    const { kernel, journal, settings } = this.#deps;
    const { spiMin, spiMax } = settings();
    const spi = await kernel.allocateSpi(remote, local, protocol, reqid, spiMin, spiMax);
    const sa = { source: remote, destination: local, spi, protocol, reqid };
    const record = saRecord(sa);
    // Only the kernel knows the number beforehand; a larval SA that escapes the journal here expires by itself.
    journal.add(record);
    this.#sas.set(record, sa);
    this.#reserved.set(reservationKey(local, protocol, spi), record);
    return spi;
  }

  /** Gives an SPI back that no CHILD_SA took over; anything else is ignored. */
  async releaseSpi(
    local: IpAddress,
    _remote: IpAddress,
    protocol: 50 | 51,
    spi: ChildSpi,
  ): Promise<void> {
    const key = reservationKey(local, protocol, spi);
    const record = this.#reserved.get(key);
    const sa = record === undefined ? undefined : this.#sas.get(record);
    if (record === undefined || sa === undefined) return;
    this.#reserved.delete(key);
    await this.#attempt(`releasing SPI ${hex32(spi)}`, () => this.#deleteSa(record, sa));
  }

  /** The reqid for these selectors, marks and interface ids: equal ones share it, counted. */
  acquireReqid(key: ReqidKey): number {
    return this.#reqids.acquire(key);
  }

  releaseReqid(reqid: number): void {
    this.#reqids.release(reqid);
  }

  /** Installs a CHILD_SA. Rejects with the kernel's error after undoing everything, the reserved SPI included. */
  async install(spec: ChildSaSpec, options: InstallOptions = {}): Promise<InstalledChildSa> {
    const undo: UndoLists = { outbound: [], inbound: [] };
    const both = options.outbound ?? true;
    try {
      undo.inbound.push(await this.#addInboundSa(spec));
      if (both) undo.outbound.push(await this.#addSa(outboundSa(spec)));
      for (const policy of childPolicies(spec).inbound) {
        undo.inbound.splice(1, 0, await this.#policies.acquire(policy));
      }
      if (both) await this.#leadOut(spec, undo);
    } catch (error) {
      await this.#undo(inOrder(undo));
      throw error;
    }
    // Exactly as long as needed, because they are kept as long as the CHILD_SA.
    const kept = { outbound: undo.outbound.slice(), inbound: undo.inbound.slice() };
    return this.#handle(spec, kept, both);
  }

  /** Routes and outbound policies: what leads packets to an outbound SA that is there. */
  async #leadOut(spec: ChildSaSpec, { outbound }: UndoLists): Promise<void> {
    for (const route of await this.#wantedRoutes(spec)) outbound.unshift(route);
    for (const policy of childPolicies(spec).outbound) {
      outbound.unshift(await this.#policies.acquire(policy));
    }
  }

  /** Adds a listener for events of the kernel. After an overrun, SAs found missing are reported as expired. */
  onEvent(handler: (event: KernelEvent) => void): void {
    this.#events.on(handler);
  }

  #handle(spec: ChildSaSpec, undo: UndoLists, both: boolean): InstalledChildSa {
    const { kernel } = this.#deps;
    let sends = both;
    let removal: Promise<void> | undefined;
    const child: InstalledChildSa = {
      installOutbound: async () => {
        if (sends || removal !== undefined) return;
        sends = true;
        try {
          undo.outbound.push(await this.#addSa(outboundSa(spec)));
          await this.#leadOut(spec, undo);
        } catch (error) {
          sends = false;
          await this.#undo(undo.outbound.splice(0));
          throw error;
        }
      },
      removeOutbound: () => {
        sends = false;
        return this.#undo(undo.outbound.splice(0));
      },
      remove: () => {
        this.#installed.delete(child);
        removal ??= this.#undo(inOrder(undo));
        return removal;
      },
      rebind: async (localPort, remotePort) => {
        if (spec.encap === undefined) return;
        const out = { sourcePort: localPort, destinationPort: remotePort };
        if (sends) await kernel.updateEncap(outId, out);
        await kernel.updateEncap(inId, { sourcePort: remotePort, destinationPort: localPort });
      },
      usage: async () => ({
        in: await kernel.querySa(inId),
        out: await kernel.querySa(outId),
      }),
    };
    const [inId, outId] = [inboundId(spec), outboundId(spec)];
    this.#installed.add(child);
    return child;
  }

  async #undo(undo: readonly Release[]): Promise<void> {
    for (const step of undo) {
      await this.#attempt('removing a CHILD_SA', step);
    }
  }

  // Completes a reservation, so that the record made by it goes over into the SA's hands.
  async #addInboundSa(spec: ChildSaSpec): Promise<Release> {
    const key = reservationKey(spec.local, spec.protocol, spec.spiIn);
    const record = this.#reserved.get(key);
    const reserved = record === undefined ? undefined : this.#sas.get(record);
    this.#reserved.delete(key);
    const sa = inboundSa(spec);
    try {
      const release = await this.#addSa(sa);
      if (record !== undefined && record !== saRecord(sa)) this.#forgetSa(record);
      return release;
    } catch (error) {
      if (record !== undefined && reserved !== undefined) {
        await this.#attempt(`releasing SPI ${hex32(spec.spiIn)}`, () =>
          this.#deleteSa(record, reserved),
        );
      }
      throw error;
    }
  }

  async #addSa(sa: KernelSa): Promise<Release> {
    const { kernel, journal, logger } = this.#deps;
    const id: SaId & { readonly reqid: number } = {
      source: sa.source,
      destination: sa.destination,
      spi: sa.spi,
      protocol: sa.protocol,
      reqid: sa.reqid,
      ...(sa.mark && { mark: sa.mark }),
      ...(sa.ifId !== undefined && { ifId: sa.ifId }),
    };
    const record = saRecord(id);
    const known = this.#sas.get(record);
    if (sa.direction === 'out' && known !== undefined) throw spiTaken(sa, true);
    journal.add(record);
    this.#sas.set(record, id);
    try {
      await kernel.addSa(sa);
    } catch (error) {
      if (known === undefined) this.#forgetSa(record);
      else this.#sas.set(record, known);
      if (!(error instanceof KernelError) || error.errnoName !== 'EEXIST') throw error;
      throw spiTaken(sa, this.#holds(sa), error);
    }
    logger.log('knl', 2, `added SAD entry with SPI ${hex32(sa.spi)} and reqid {${sa.reqid}}`);
    return () => this.#deleteSa(record, id);
  }

  async #deleteSa(record: string, sa: SaId): Promise<void> {
    await this.#deps.kernel.deleteSa(sa);
    this.#forgetSa(record);
    this.#deps.logger.log('knl', 2, `deleted SAD entry with SPI ${hex32(sa.spi)}`);
  }

  #holds(sa: SaId): boolean {
    for (const ours of this.#sas.values()) {
      if (ours.spi === sa.spi && ours.destination === sa.destination) return true;
    }
    return false;
  }

  #forgetSa(record: string): void {
    this.#sas.delete(record);
    this.#deps.journal.remove(record);
  }

  // A tunnel works without its route wherever the host's own routing leads the right way: no reason to fail.
  async #wantedRoutes(spec: ChildSaSpec): Promise<Release[]> {
    const { net, settings } = this.#deps;
    const { installRoutes, routingTable } = settings();
    const releases: Release[] = [];
    if (!installRoutes) return releases;
    await this.#attempt('installing a route', async () => {
      for (const route of await childRoutes(spec, net, routingTable || 254)) {
        releases.push(await this.#routes.acquire(route));
      }
    });
    return releases;
  }

  async #attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#deps.logger.log('knl', 1, `${what} failed: ${errorText(error)}`);
    }
  }

  #onKernelEvent(event: KernelEvent): void {
    this.#events.emit(event);
    if (event.kind !== 'overrun' || this.#overrunPending) return;
    this.#overrunPending = true;
    this.#deps.clock.after(OVERRUN_SETTLE, () => {
      this.#overrunPending = false;
      void this.#attempt('comparing with the kernel', () => this.#reportMissing());
    });
  }

  async #reportMissing(): Promise<void> {
    const before = [...this.#sas];
    const present = new Set((await this.#deps.kernel.listSas()).map(saRecord));
    for (const [record, id] of before) {
      if (present.has(record) || !this.#sas.has(record)) continue;
      this.#events.emit({ kind: 'expire', id, hard: true });
    }
  }
}

/** How to undo an installation, each list in the order to run it. */
interface UndoLists {
  /** Policies, routes, SA. */
  readonly outbound: Release[];
  /** SA, policies. */
  readonly inbound: Release[];
}

/** The order of removing. */
function inOrder({ outbound, inbound }: UndoLists): readonly Release[] {
  return outbound.concat(inbound);
}

function reservationKey(local: IpAddress, protocol: number, spi: ChildSpi): string {
  return `${local} ${protocol} ${spi}`;
}

function spiTaken(sa: KernelSa, ours: boolean, cause?: KernelError): Error {
  const which = `SPI ${hex32(sa.spi)} towards ${sa.destination}`;
  const message = ours
    ? `the peer chose ${which}, which another CHILD_SA of ours still uses`
    : `the kernel has an SA with ${which} that is not ours: remove it (ip xfrm state) or let the peer choose again`;
  if (cause === undefined) return new KernelError('add SA', 17, 'EEXIST', message);
  return new KernelError(cause.operation, cause.errno, cause.errnoName, message, { cause });
}
