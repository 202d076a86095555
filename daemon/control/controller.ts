import type { ConnectionStore } from '../config/connection-store.ts';
import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { DaemonEvent } from '../contracts/events.ts';
import type { LogHub } from '../contracts/logger.ts';
import { explain } from '../ike/attempts/explain.ts';
import { failureOf, noteUntried } from '../ike/attempts/note.ts';
import type { Counters } from '../ike/counters.ts';
import type { IkeSaManager } from '../ike/ike-sa-manager.ts';
import type { PoolStore } from '../pools/pool-store.ts';
import type { Emitter } from '../util/emitter.ts';
import { errorText } from '../util/error.ts';
import { type ConnectionChange, UNCHANGED } from './connection-change.ts';
import type {
  Control,
  DaemonStats,
  InitiateRequest,
  Listed,
  Outcome,
  PoolControl,
  ProgressSink,
  RedirectRequest,
  RekeyOutcome,
  RekeyRequest,
  SaSelector,
  TerminateOutcome,
  TerminateRequest,
} from './control.ts';
import { followLog } from './follow-log.ts';
import type { LeftoverGrace } from './leftover-grace.ts';
import { listSas } from './list-sas.ts';
import { redirect } from './redirect.ts';
import { rekey } from './rekey.ts';
import { affected, type SaFate, saFates } from './sa-fates.ts';
import { StartActions } from './start-actions.ts';
import { terminate } from './terminate.ts';
import type { Explanation, IkeSaView, PolicyView } from './views.ts';
import { within } from './within.ts';

export interface ControllerDeps {
  readonly clock: Clock;
  readonly hub: LogHub;
  readonly options: () => DaemonOptions;
  readonly manager: IkeSaManager;
  readonly connections: ConnectionStore;
  readonly pools: PoolStore;
  readonly events: Emitter<DaemonEvent>;
  readonly plugins: readonly string[];
  readonly reloadSettings: () => Promise<Outcome>;
  /** Looks a DNS name up and remembers the answer for matching; never rejects. */
  readonly resolve: (name: string) => Promise<unknown>;
  /** What a killed predecessor left in force waits for the configuration. */
  readonly grace: LeftoverGrace;
  /** Policies that let traffic of the attached networks pass. */
  readonly bypasses?: () => readonly PolicyView[];
}

/** Steers the daemon: what VICI, tests and start actions do goes through here. */
export class Controller implements Control {
  readonly pools: PoolControl;
  readonly #deps: ControllerDeps;
  readonly #startedAt: number;
  readonly #startedAtWallClock: number;
  readonly #actions: StartActions;

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    this.pools = deps.pools;
    this.#startedAt = deps.clock.now();
    this.#startedAtWallClock = deps.clock.wallClock();
    this.#actions = new StartActions(deps.manager, deps.hub, (done) => deps.grace.starting(done));
  }

  loadConnection(
    config: ConnectionConfig,
    text?: string,
  ): ConnectionChange | Promise<ConnectionChange> {
    const { connections, manager, grace } = this.#deps;
    const before = connections.get(config.name);
    const diff = connections.load(config, text);
    const { outcome } = diff;
    if (outcome === 'unchanged') return UNCHANGED;
    grace.loaded();
    this.#resolveNames(config.localAddrs);
    this.#resolveNames(config.remoteAddrs);
    // As stored: what did not change is still the same object.
    const after = connections.get(config.name) ?? config;
    manager.loaded(after);
    return this.#settled(diff, this.#actions.changed({ before, after, outcome }));
  }

  unloadConnection(
    name: string,
  ): ConnectionChange | undefined | Promise<ConnectionChange | undefined> {
    const { connections } = this.#deps;
    const before = connections.get(name);
    if (before === undefined) return undefined;
    connections.remove(name);
    const change = { before, after: undefined, outcome: 'removed' } as const;
    return this.#settled(REMOVED, this.#actions.changed(change));
  }

  // Peers that connect are matched against what the names stand for now; nobody waits for the lookup.
  #resolveNames(specs: ConnectionConfig['localAddrs']): void {
    for (const { kind, text } of specs)
      if (kind === 'name') this.#deps.resolve(text).catch(() => {});
  }

  // Most changes wait for nothing.
  #settled(
    diff: Omit<ConnectionChange, 'closed' | 'kept'>,
    fates: readonly SaFate[] | Promise<readonly SaFate[]>,
  ): ConnectionChange | Promise<ConnectionChange> {
    if (fates instanceof Promise) return fates.then((done) => this.#settled(diff, done));
    this.#deps.grace.loaded();
    return { ...diff, ...affected(fates) };
  }

  isLoadedFrom(name: string, text: string): boolean {
    return this.#deps.connections.isLoadedFrom(name, text);
  }

  previewLoad(config: ConnectionConfig): ConnectionChange {
    const { connections, manager } = this.#deps;
    const before = connections.get(config.name);
    const diff = connections.compare(config);
    const change = { before, after: config, outcome: diff.outcome };
    return { ...diff, ...affected(saFates(manager.tables, change)) };
  }

  previewUnload(name: string): ConnectionChange | undefined {
    const { connections, manager } = this.#deps;
    const before = connections.get(name);
    if (before === undefined) return undefined;
    const change = { before, after: undefined, outcome: 'removed' } as const;
    return { ...REMOVED, ...affected(saFates(manager.tables, change)) };
  }

  connections(): readonly ConnectionConfig[] {
    return this.#deps.connections.all();
  }

  connection(name: string): ConnectionConfig | undefined {
    return this.#deps.connections.get(name);
  }

  findChild(
    child: string,
    ike?: string,
  ): { readonly connection: ConnectionConfig; readonly child: ChildConfig } | undefined {
    return this.#deps.connections.findChild(child, ike);
  }

  async initiate(
    request: InitiateRequest,
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { manager, hub, connections, clock } = this.#deps;
    const { child: childName, ike: ikeName, timeout } = request;
    if (childName === undefined && ikeName === undefined) return no('missing configuration name');
    const found = childName === undefined ? undefined : connections.findChild(childName, ikeName);
    if (childName !== undefined && found === undefined) {
      return no(`CHILD_SA config '${childName}' not found`);
    }
    const mode = found?.child.mode;
    if (mode === 'pass' || mode === 'drop') {
      return no(`CHILD_SA '${childName}' has mode ${mode}: it is installed, not initiated`);
    }
    const connection = found?.connection ?? connections.get(ikeName ?? '');
    if (connection === undefined) return no(`IKE_SA config '${ikeName}' not found`);
    const what =
      childName === undefined ? `IKE_SA '${connection.name}'` : `CHILD_SA '${childName}'`;
    if (request.initLimits && this.#overLimits()) {
      const errmsg = `establishing ${what} not possible at the moment due to limits`;
      noteUntried(manager.environment, connection, errmsg, { kind: 'limits' }, childName);
      return no(errmsg);
    }
    hub.log('cfg', 1, `vici initiating ${childName === undefined ? what : `'${childName}'`}`);
    const waiting = new AbortController();
    const { sa, outcome } = manager.initiate(connection, found?.child, waiting.signal);
    // Clients come and go while a peer is tried for ever: nothing of them stays.
    using _waiting = { [Symbol.dispose]: () => waiting.abort() };
    if (timeout < 0) return { ok: true };
    using _log = followLog(hub, [sa], progress);
    const result = await within(clock, outcome, timeout, signal);
    if (result === undefined) return no(`${what} not established after ${timeout}ms`);
    return result.ok ? result : no(`establishing ${what} failed: ${result.errmsg}`);
  }

  terminate(
    request: TerminateRequest,
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<TerminateOutcome> {
    return terminate(this.#deps, request, progress, signal);
  }

  async rekey(request: RekeyRequest): Promise<RekeyOutcome> {
    return rekey(this.#deps, request);
  }

  async redirect(request: RedirectRequest): Promise<RekeyOutcome> {
    return redirect(this.#deps, request);
  }

  async install(child: string, ike: string | undefined): Promise<Outcome> {
    const found = this.findChild(child, ike);
    if (found === undefined) return no('configuration name not found');
    this.#deps.hub.log('cfg', 1, `vici installing '${child}'`);
    try {
      await this.#deps.manager.policies.install(found.connection, found.child, false);
      return { ok: true };
    } catch (error) {
      const errmsg = `installing policy '${child}' failed: ${errorText(error)}`;
      const { environment } = this.#deps.manager;
      noteUntried(environment, found.connection, errmsg, failureOf(error), child);
      return no(errmsg);
    }
  }

  async uninstall(child: string, ike: string | undefined): Promise<Outcome> {
    const { policies } = this.#deps.manager;
    const found = policies.find(child, ike);
    if (found === undefined) return no(`policy '${child}' not found`);
    this.#deps.hub.log('cfg', 1, `vici uninstalling '${child}'`);
    const removed = await policies.uninstall(found.connection, child);
    return removed ? { ok: true } : no(`policy '${child}' not found`);
  }

  policies(): readonly PolicyView[] {
    return [...this.#deps.manager.policies.views(), ...(this.#deps.bypasses?.() ?? [])];
  }

  listSas(selector: SaSelector): Iterable<Listed<IkeSaView>> {
    return listSas(this.#deps.manager.tables, selector);
  }

  stats(): DaemonStats {
    const { clock, manager, plugins } = this.#deps;
    return {
      startedAtWallClock: this.#startedAtWallClock,
      uptimeMillis: clock.now() - this.#startedAt,
      ikeSas: manager.size,
      halfOpen: manager.guard.halfOpen,
      scheduled: manager.scheduled,
      plugins,
    };
  }

  explain(name: string): Promise<Explanation> {
    const { manager } = this.#deps;
    const setup = {
      env: manager.environment,
      sasOf: (connection: string) => manager.tables.ofConnection(connection),
      hasPolicy: (connection: string, child: string) =>
        manager.policies.installed(connection, child) !== 'no',
    };
    return explain(setup, name);
  }

  counters(): Counters {
    return this.#deps.manager.counters;
  }

  reloadSettings(): Promise<Outcome> {
    return this.#deps.reloadSettings();
  }

  onEvent(listener: (event: DaemonEvent) => void): () => void {
    return this.#deps.events.on(listener);
  }

  #overLimits(): boolean {
    const { options, manager } = this.#deps;
    const { init_limit_half_open: halfOpen, init_limit_job_load: jobs } = options();
    return (
      (halfOpen > 0 && manager.guard.halfOpen >= halfOpen) ||
      (jobs > 0 && manager.jobs.queued > jobs)
    );
  }
}

const REMOVED = { outcome: 'removed', keys: [], children: [] } as const;

function no(errmsg: string): Outcome {
  return { ok: false, errmsg };
}
