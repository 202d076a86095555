import type { Logger } from './contracts/logger.ts';
import type { Monitoring, MonitoringSource } from './contracts/monitoring.ts';
import type { Control } from './control/control.ts';
import { tunnelCensus } from './control/tunnel-census.ts';
import type { IkeDaemon } from './daemon.ts';
import { errorText } from './util/error.ts';
import { writeConnection } from './vici/events/list-conn.ts';
import { writeSa } from './vici/events/list-sa.ts';
import { jsonText } from './vici/json-text.ts';
import { treeOf } from './vici/message-writer.ts';
import type { FieldTypes } from './vici/number-fields.ts';

/** What monitoring sees beside the daemon itself. */
export interface MonitoredProcess {
  readonly ready: boolean;
  readonly logLinesLost: number;
  readonly viciClients: number;
  /** Lets everything else run, in the middle of long work. */
  pause(): Promise<void>;
}

/** Read access to a daemon and its process. */
export function monitoringSource(
  { control, manager }: Pick<IkeDaemon, 'control' | 'manager'>,
  process: MonitoredProcess,
): MonitoringSource {
  return {
    get ready() {
      return process.ready;
    },
    async snapshot() {
      const { startedAtWallClock: startedAt, halfOpen, scheduled } = control.stats();
      const connections = control.connections();
      const sas = manager.tables.byId.values();
      const census = await tunnelCensus(sas, connections, () => process.pause());
      return {
        ...census,
        startedAt,
        halfOpen,
        scheduled,
        connections: connections.length,
        counters: control.counters().global,
        pools: control.pools.list(undefined, false),
        logLinesLost: process.logLinesLost,
        viciClients: process.viciClients,
      };
    },
    listSas: () => sasAsJson(control),
    listConns: () => connectionsAsJson(control),
  };
}

/** Opens the door for monitoring. A gateway must not be down because nobody can watch it. */
export async function serveMonitoring(
  monitoring: Monitoring,
  source: MonitoringSource,
  log: Logger,
): Promise<void> {
  try {
    log.log('dmn', 1, `serving metrics at http://${await monitoring.serve(source)}/metrics`);
  } catch (error) {
    log.log('dmn', 0, errorText(error));
  }
}

async function* sasAsJson(control: Control): AsyncIterable<string> {
  const types = await typesOf('list-sa');
  for await (const sa of control.listSas({})) {
    if (sa === undefined) continue;
    yield jsonText(
      treeOf((out) => writeSa(out, sa)),
      types,
    );
  }
}

async function* connectionsAsJson(control: Control): AsyncIterable<string> {
  const types = await typesOf('list-conn');
  for (const config of control.connections()) {
    yield jsonText(
      treeOf((out) => writeConnection(out, config)),
      types,
    );
  }
}

// The schema is loaded when somebody asks for JSON: most daemons never need it.
async function typesOf(event: string): Promise<FieldTypes> {
  const { eventFields } = await import('./vici/number-fields.ts');
  return eventFields(event);
}
