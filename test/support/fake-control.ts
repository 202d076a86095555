import { ConnectionStore } from '../../daemon/config/connection-store.ts';
import type { ChildConfig, ConnectionConfig } from '../../daemon/config/connection-types.ts';
import type { DaemonEvent } from '../../daemon/contracts/events.ts';
import { type ConnectionChange, NO_SAS } from '../../daemon/control/connection-change.ts';
import type {
  Control,
  DaemonStats,
  InitiateRequest,
  Listed,
  Outcome,
  ProgressSink,
  RedirectRequest,
  RekeyOutcome,
  RekeyRequest,
  SaSelector,
  TerminateOutcome,
  TerminateRequest,
} from '../../daemon/control/control.ts';
import type {
  ChildSaView,
  Explanation,
  IkeSaView,
  PolicyView,
} from '../../daemon/control/views.ts';
import { Counters } from '../../daemon/ike/counters.ts';
import { PoolStore } from '../../daemon/pools/pool-store.ts';
import type { IpAddress } from '../../daemon/proto/ip-address.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';
import { MemoryLog } from './memory-log.ts';

/** A daemon without IKE: connections are stored, SAs are whatever a test puts in. */
export class FakeControl implements Control {
  readonly store = new ConnectionStore();
  sas: IkeSaView[] = [];
  /** Policies that are listed, and whether more can be installed. */
  installed: PolicyView[] = [];
  installs = true;
  readonly counted = new Counters();
  /** What every explanation says. */
  explained: Explanation | undefined;
  readonly initiated: InitiateRequest[] = [];
  readonly terminated: TerminateRequest[] = [];
  readonly rekeyed: RekeyRequest[] = [];
  readonly redirected: RedirectRequest[] = [];
  /** What initiate does; a test may replace it. */
  onInitiate: (progress: ProgressSink, signal: AbortSignal) => Promise<Outcome> = () =>
    Promise.resolve({ ok: true });
  readonly pools = new PoolStore(new MemoryLog());
  readonly #listeners = new Set<(event: DaemonEvent) => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  raise(event: DaemonEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  loadConnection(config: ConnectionConfig, text?: string): Promise<ConnectionChange> {
    return Promise.resolve({ ...this.store.load(config, text), closed: NO_SAS, kept: NO_SAS });
  }

  unloadConnection(name: string): Promise<ConnectionChange | undefined> {
    const change = this.previewUnload(name);
    this.store.remove(name);
    return Promise.resolve(change);
  }

  isLoadedFrom(name: string, text: string): boolean {
    return this.store.isLoadedFrom(name, text);
  }

  previewLoad(config: ConnectionConfig): ConnectionChange {
    return { ...this.store.compare(config), closed: NO_SAS, kept: NO_SAS };
  }

  previewUnload(name: string): ConnectionChange | undefined {
    if (this.store.get(name) === undefined) return undefined;
    return { outcome: 'removed', keys: [], children: [], closed: NO_SAS, kept: NO_SAS };
  }

  connection(name: string): ConnectionConfig | undefined {
    return this.store.get(name);
  }

  connections(): readonly ConnectionConfig[] {
    return this.store.all();
  }

  findChild(
    child: string,
    ike?: string,
  ): { readonly connection: ConnectionConfig; readonly child: ChildConfig } | undefined {
    return this.store.findChild(child, ike);
  }

  initiate(
    request: InitiateRequest,
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<Outcome> {
    this.initiated.push(request);
    return this.onInitiate(progress, signal);
  }

  terminate(request: TerminateRequest, progress: ProgressSink): Promise<TerminateOutcome> {
    this.terminated.push(request);
    const matches = this.sas.filter((sa) => request.ike === undefined || sa.name === request.ike);
    if (matches.length === 0) {
      const errmsg = 'no matching SAs to terminate found';
      return Promise.resolve({ ok: false, errmsg, matches: 0, terminated: 0 });
    }
    for (const sa of matches) {
      progress({
        group: 'ike',
        level: 1,
        message: `deleting IKE_SA ${sa.name}[${sa.uniqueId}]`,
        ike: { name: sa.name, uniqueId: sa.uniqueId },
      });
    }
    this.sas = this.sas.filter((sa) => !matches.includes(sa));
    return Promise.resolve({ ok: true, matches: matches.length, terminated: matches.length });
  }

  async redirect(request: RedirectRequest): Promise<RekeyOutcome> {
    this.redirected.push(request);
    return request.ike === 'x'
      ? { ok: false, errmsg: 'no matching SAs to redirect found', matches: 0 }
      : { ok: true, matches: 2 };
  }

  rekey(request: RekeyRequest): Promise<RekeyOutcome> {
    this.rekeyed.push(request);
    const matches = this.sas.filter((sa) => request.ike === undefined || sa.name === request.ike);
    return Promise.resolve(
      matches.length === 0
        ? { ok: false, errmsg: 'no matching SAs to rekey found', matches: 0 }
        : { ok: true, matches: matches.length },
    );
  }

  install(child: string): Promise<Outcome> {
    const errmsg = `installing policy '${child}' failed`;
    return Promise.resolve(this.installs ? { ok: true } : { ok: false, errmsg });
  }

  uninstall(child: string, ike: string | undefined): Promise<Outcome> {
    const at = this.installed.findIndex(
      (policy) => policy.child === child && (ike === undefined || policy.ike === ike),
    );
    if (at < 0) return Promise.resolve({ ok: false, errmsg: `policy '${child}' not found` });
    this.installed.splice(at, 1);
    return Promise.resolve({ ok: true });
  }

  policies(): readonly PolicyView[] {
    return this.installed;
  }

  *listSas(selector: SaSelector): Iterable<Listed<IkeSaView>> {
    for (const sa of this.sas) {
      if (selector.ike !== undefined && sa.name !== selector.ike) continue;
      if (selector.ikeId !== undefined && sa.uniqueId !== selector.ikeId) continue;
      yield sa;
    }
  }

  explain(name: string): Promise<Explanation> {
    const { explained } = this;
    return explained === undefined
      ? Promise.reject(new Error('nothing to explain'))
      : Promise.resolve({ ...explained, name });
  }

  counters(): Counters {
    return this.counted;
  }

  stats(): DaemonStats {
    return {
      startedAtWallClock: Date.UTC(2026, 10, 21, 5, 54, 40),
      uptimeMillis: 3000,
      ikeSas: this.sas.length,
      halfOpen: 0,
      scheduled: 2,
      plugins: ['crypto-node'],
    };
  }

  reloadSettings(): Promise<Outcome> {
    return Promise.resolve({ ok: true });
  }

  onEvent(listener: (event: DaemonEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const net = (third: number): TrafficSelector => ({
  family: 4,
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  startAddress: Uint8Array.of(10, third, 0, 0),
  endAddress: Uint8Array.of(10, third, 255, 255),
});

/** The CHILD_SA of the captured example in the protocol's reference. */
export function childSaView(members: Partial<ChildSaView> = {}): ChildSaView {
  return {
    name: 'net',
    uniqueId: 2,
    reqid: 2,
    state: 'INSTALLED',
    mode: 'TUNNEL',
    installed: {
      protocol: 'ESP',
      encap: true,
      spiIn: 0x3efb9645,
      spiOut: 0xcb5d6145,
      ifIdIn: 0,
      ifIdOut: 0,
      algorithms: { encrAlg: 'AES_GCM_16', encrKeysize: 128 },
      in: { bytes: 168n, packets: 2n, use: 0 },
      out: { bytes: 168n, packets: 2n, use: 0 },
      rekeyTime: 3417,
      lifeTime: 3959,
      installTime: 1,
    },
    localTs: [net(1)],
    remoteTs: [net(2)],
    ...members,
  };
}

/** The IKE_SA of the captured example. */
export function ikeSaView(members: Partial<IkeSaView> = {}): IkeSaView {
  return {
    name: 'gw',
    uniqueId: 1,
    state: 'ESTABLISHED',
    localHost: '10.9.0.1' as IpAddress,
    localPort: 4500,
    localId: 'node-a.example',
    remoteHost: '10.9.0.2' as IpAddress,
    remotePort: 4500,
    remoteId: 'node-b.example',
    initiator: true,
    initiatorSpi: 'f0e4b0e438d1bca9',
    responderSpi: '8ccc7d8c5beaf6c5',
    natLocal: false,
    natRemote: true,
    natFake: false,
    ifIdIn: 0,
    ifIdOut: 0,
    algorithms: {
      encrAlg: 'AES_CBC',
      encrKeysize: 128,
      integAlg: 'HMAC_SHA2_256_128',
      prfAlg: 'PRF_HMAC_SHA2_256',
      dhGroup: 'ECP_256',
    },
    established: 1,
    rekeyTime: 13963,
    localVips: ['10.7.0.1' as IpAddress],
    remoteVips: [],
    tasksQueued: [],
    tasksActive: [],
    tasksPassive: [],
    children: [childSaView()],
    ...members,
  };
}
