import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ExchangeObserver, MonitoringSnapshot } from '../../daemon/contracts/monitoring.ts';
import { exchangeName } from '../../daemon/proto/iana/exchange-types.ts';
import { TunnelMetrics } from './tunnel-metrics.ts';

/** Upper bounds of the latency of exchanges in seconds: from a network nearby to the end of retransmissions. */
const LATENCIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

/** `ike-init-in-req` and its like, of the counters of VICI. */
const MESSAGES = /^(ike-init|ike-auth|create-child|info)-(in|out)-(req|resp)$/;

/** The metrics of one daemon, in a registry of their own: two daemons in one process do not mix. */
export class DaemonMetrics implements ExchangeObserver {
  readonly #registry = new Registry();
  readonly #latency: Histogram<'exchange'>;
  readonly #retransmissions: Counter<'exchange'>;
  readonly #givenUp: Counter<'exchange'>;
  readonly #messages: Counter<'exchange' | 'direction' | 'type'>;
  readonly #counters: Counter<'counter'>;
  readonly #logLinesLost: Counter;
  readonly #single: Readonly<Record<SingleGauge, Gauge>>;
  readonly #ikeSas: Gauge<'state'>;
  readonly #pools: Gauge<'pool' | 'state'>;
  readonly #tunnels: TunnelMetrics;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#latency = new Histogram({
      name: 'charon_exchange_duration_seconds',
      help: 'Time from the first sending of a request of ours to its answer',
      labelNames: ['exchange'],
      buckets: LATENCIES,
      registers,
    });
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Counter<L>({ name: `charon_${name}_total`, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Gauge<L>({ name: `charon_${name}`, help, labelNames, registers });
    this.#retransmissions = counter('retransmissions', 'Requests sent once more', 'exchange');
    this.#givenUp = counter('exchanges_given_up', 'Requests that nobody answered', 'exchange');
    this.#messages = counter(
      'ike_messages',
      'IKE messages by exchange, direction (in, out) and type (req, resp), retransmissions left out',
      ...(['exchange', 'direction', 'type'] as const),
    );
    this.#counters = counter('events', 'Other counters of VICI by their name', 'counter');
    this.#logLinesLost = counter('log_lines_lost', 'Log lines that no log could take');
    this.#single = {
      startedAt: gauge('start_time_seconds', 'When the daemon started, since the epoch'),
      connections: gauge('connections', 'Connections loaded'),
      halfOpen: gauge('ike_sas_half_open', 'IKE_SAs that peers have begun, not established yet'),
      childSas: gauge('child_sas', 'CHILD_SAs installed'),
      scheduled: gauge('scheduled', 'Timers that wait'),
      viciClients: gauge('vici_clients', 'Clients of the VICI socket'),
    };
    this.#ikeSas = gauge('ike_sas', 'IKE_SAs by state', 'state');
    this.#pools = gauge(
      'pool_addresses',
      'Virtual IPs of a pool: size, online and offline (left, but reserved)',
      ...(['pool', 'state'] as const),
    );
    this.#tunnels = new TunnelMetrics(this.#registry);
  }

  answered(exchange: number, millis: number): void {
    this.#latency.observe({ exchange: exchangeName(exchange) }, millis / 1000);
  }

  retransmitted(exchange: number): void {
    this.#retransmissions.inc({ exchange: exchangeName(exchange) });
  }

  givenUp(exchange: number): void {
    this.#givenUp.inc({ exchange: exchangeName(exchange) });
  }

  /** Content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The metrics at the moment of a snapshot, in the text format of Prometheus. */
  text(snapshot: MonitoringSnapshot): Promise<string> {
    this.#single.startedAt.set(snapshot.startedAt / 1000);
    for (const name of SNAPSHOT_GAUGES) this.#single[name].set(snapshot[name]);
    this.#ikeSas.reset();
    for (const [state, count] of Object.entries(snapshot.ikeSasByState)) {
      this.#ikeSas.set({ state }, count);
    }
    this.#pools.reset();
    for (const { name: pool, ...states } of snapshot.pools) {
      for (const state of ['size', 'online', 'offline'] as const) {
        this.#pools.set({ pool, state }, states[state]);
      }
    }
    this.#tunnels.update(snapshot.tunnels);
    this.#updateCounters(snapshot);
    return this.#registry.metrics();
  }

  // They are counted elsewhere, and start anew with `reset-counters`, as counters of Prometheus may.
  #updateCounters({ counters, logLinesLost }: MonitoringSnapshot): void {
    this.#messages.reset();
    this.#counters.reset();
    for (const [name, count] of Object.entries(counters)) {
      const [, exchange, direction, type] = MESSAGES.exec(name) ?? [];
      if (exchange === undefined || direction === undefined || type === undefined) {
        this.#counters.inc({ counter: name }, count);
      } else this.#messages.inc({ exchange, direction, type }, count);
    }
    this.#logLinesLost.reset();
    this.#logLinesLost.inc(logLinesLost);
  }

  [Symbol.dispose](): void {
    this.#registry.clear();
  }
}

const SNAPSHOT_GAUGES = [
  'connections',
  'halfOpen',
  'childSas',
  'scheduled',
  'viciClients',
] as const;
type SingleGauge = (typeof SNAPSHOT_GAUGES)[number] | 'startedAt';
