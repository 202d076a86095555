/** Watches the requests that the daemon sends; every call must be cheap and must not throw. */
export interface ExchangeObserver {
  /** A request was answered so many milliseconds after it was sent first; `exchange` is its type. */
  answered(exchange: number, millis: number): void;
  /** It was sent once more. */
  retransmitted(exchange: number): void;
  /** Nobody answered. */
  givenUp(exchange: number): void;
}

/** What brings up a tunnel: the operator or the daemon at once, traffic, or only a request. */
export type TunnelStart = 'start' | 'trap' | 'none';

/** A child of the configuration, and whether a CHILD_SA of it is there. */
export interface TunnelView {
  readonly connection: string;
  readonly child: string;
  readonly start: TunnelStart;
  readonly up: boolean;
}

/** The state of a daemon at one moment, as numbers. */
export interface MonitoringSnapshot {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly connections: number;
  readonly ikeSasByState: Readonly<Record<string, number>>;
  readonly halfOpen: number;
  readonly childSas: number;
  readonly tunnels: readonly TunnelView[];
  /** Jobs and timers that wait. */
  readonly scheduled: number;
  /** Counters of VICI by their names, of the whole daemon. */
  readonly counters: Readonly<Record<string, number>>;
  readonly pools: readonly {
    readonly name: string;
    readonly size: number;
    readonly online: number;
    readonly offline: number;
  }[];
  readonly logLinesLost: number;
  readonly viciClients: number;
}

/** Read access to a daemon, for whoever monitors it. Nothing here changes anything. */
export interface MonitoringSource {
  /** Begins with a moment and takes a few turns of the event loop if there is much. */
  snapshot(): Promise<MonitoringSnapshot>;
  /** A JSON object for each IKE_SA, as `list-sas` of VICI tells it. */
  listSas(): AsyncIterable<string>;
  /** A JSON object for each connection, as `list-conns` of VICI tells it. */
  listConns(): AsyncIterable<string>;
  /** The daemon serves, and nothing has asked it to end. */
  readonly ready: boolean;
}

/** Where monitoring listens. */
export interface MonitoringSettings {
  /** An address of the loopback interface. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** What lets others watch the daemon. */
export interface Monitoring extends AsyncDisposable {
  readonly observer: ExchangeObserver;
  /** Opens the door; resolves to where it is (`127.0.0.1:9501`). Rejects with an `IkedError` that says what to do. */
  serve(source: MonitoringSource): Promise<string>;
}
