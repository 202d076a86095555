import type { AddressSpec, ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { PoolConfig } from '../config/pool.ts';
import type { ItemDiff } from '../config/pool-diff.ts';
import type { DaemonEvent } from '../contracts/events.ts';
import type { LogRecord } from '../contracts/logger.ts';
import type { Counters } from '../ike/counters.ts';
import type { PoolView } from '../pools/pool-store.ts';
import type { Identity } from '../proto/identity.ts';
import type { RedirectTarget } from '../proto/redirect-target.ts';
import type { Awaitable } from '../util/awaitable.ts';
import type { ConnectionChange } from './connection-change.ts';
import type { Explanation, IkeSaView, PolicyView } from './views.ts';

export type { DaemonEvent } from '../contracts/events.ts';

/** What happened to a request that can fail for reasons a person should read. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly errmsg: string };

export interface InitiateRequest {
  readonly child?: string;
  readonly ike?: string;
  /** Milliseconds; 0 waits without limit, negative returns at once. */
  readonly timeout: number;
  readonly initLimits: boolean;
}

/** Something to list: what has to be waited for is a promise, and what is gone by then `undefined`. */
export type Listed<T> = Awaitable<T | undefined>;

/** Which SAs are meant; 0 and undefined match anything. */
export interface SaSelector {
  readonly child?: string;
  readonly ike?: string;
  readonly childId?: number;
  readonly ikeId?: number;
}

export interface TerminateRequest extends SaSelector {
  readonly force: boolean;
  readonly timeout: number;
}

export interface RekeyRequest extends SaSelector {
  /** Reauthenticate instead; only if IKE_SAs are selected. */
  readonly reauth: boolean;
}

/** IKE_SAs to send to another gateway: all that is given must match. */
export interface RedirectRequest extends Pick<SaSelector, 'ike' | 'ikeId'> {
  readonly gateway: RedirectTarget;
  /** The peer's address is one of these. */
  readonly peerIp?: AddressSpec;
  /** The peer's identity, wildcards allowed. */
  readonly peerId?: Identity;
}

export type RekeyOutcome = Outcome & { readonly matches: number };

export type TerminateOutcome = Outcome & {
  readonly matches?: number;
  readonly terminated?: number;
};

/** What a waiting initiate or terminate passes on: every record of the affected IKE_SA. */
export type ProgressSink = (record: LogRecord) => void;

export interface DaemonStats {
  readonly startedAtWallClock: number;
  readonly uptimeMillis: number;
  readonly ikeSas: number;
  readonly halfOpen: number;
  readonly scheduled: number;
  readonly plugins: readonly string[];
}

/** Pools of virtual IPs. */
export interface PoolControl {
  /** Adds, updates or replaces a pool; one in use cannot be replaced by one of another range. */
  load(config: PoolConfig): Outcome;
  /** Removes a pool that nobody uses. */
  unload(name: string): Outcome;
  /** What `load` would change now, and why it would be refused, if it would. */
  compare(config: PoolConfig): ItemDiff & { readonly refused?: string };
  /** Why `unload` would be refused now, if it would. */
  whyStays(name: string): string | undefined;
  list(name: string | undefined, leases: boolean): readonly PoolView[];
}

/** The one door for anything that steers the daemon: VICI and tests go through it and nothing else. */
export interface Control {
  /** Adds or replaces a connection and runs its start actions. `text` stands for what it was read from. */
  loadConnection(
    config: ConnectionConfig,
    text?: string,
  ): ConnectionChange | Promise<ConnectionChange>;
  /** Whether the connection of that name was read from this: {@link loadConnection} would change nothing. */
  isLoadedFrom(name: string, text: string): boolean;
  /** Removes a connection and undoes its start actions; `undefined` if there is none of that name. */
  unloadConnection(
    name: string,
  ): ConnectionChange | undefined | Promise<ConnectionChange | undefined>;
  /** What {@link loadConnection} would do now. */
  previewLoad(config: ConnectionConfig): ConnectionChange;
  /** What {@link unloadConnection} would do now. */
  previewUnload(name: string): ConnectionChange | undefined;
  /** In order of loading. */
  connections(): readonly ConnectionConfig[];
  /** The connection of that name. */
  connection(name: string): ConnectionConfig | undefined;
  findChild(
    child: string,
    ike?: string,
  ): { readonly connection: ConnectionConfig; readonly child: ChildConfig } | undefined;
  readonly pools: PoolControl;
  /** Resolves when the SA is up, failed, or the time is over; `signal` (client gone) ends the wait, not the SA. */
  initiate(request: InitiateRequest, progress: ProgressSink, signal: AbortSignal): Promise<Outcome>;
  terminate(
    request: TerminateRequest,
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<TerminateOutcome>;
  /** Queues rekeying of every SA that matches and does not wait for it. */
  rekey(request: RekeyRequest): Promise<RekeyOutcome>;
  /** Sends the peers of all IKE_SAs that match to another gateway. */
  redirect(request: RedirectRequest): Promise<RekeyOutcome>;
  /** Installs the trap or shunt policy of a child. */
  install(child: string, ike: string | undefined): Promise<Outcome>;
  uninstall(child: string, ike: string | undefined): Promise<Outcome>;
  /** Installed traps, then shunts, each in order of installation. */
  policies(): readonly PolicyView[];
  /** Snapshots in order of creation, taken one at a time: a slow reader holds no IKE_SA. */
  listSas(selector: SaSelector): Iterable<Listed<IkeSaView>>;
  stats(): DaemonStats;
  /** Why a connection, or the one that a child belongs to, is not up. */
  explain(name: string): Promise<Explanation>;
  counters(): Counters;
  /** Re-reads strongswan.conf and reconfigures loggers. */
  reloadSettings(): Promise<Outcome>;
  /** Adds a listener for events; the returned function removes it. */
  onEvent(listener: (event: DaemonEvent) => void): () => void;
}
