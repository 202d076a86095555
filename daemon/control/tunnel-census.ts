import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { TunnelStart, TunnelView } from '../contracts/monitoring.ts';
import type { IkeSa } from '../ike/ike-sa.ts';

/** What is counted of the IKE_SAs and of the configuration. */
export interface TunnelCensus {
  readonly ikeSasByState: Readonly<Record<string, number>>;
  readonly childSas: number;
  /** Every child of the configuration that makes CHILD_SAs. */
  readonly tunnels: readonly TunnelView[];
}

/** IKE_SAs or connections looked at in one turn of the event loop. */
const AT_ONCE = 500;

/** Counts SAs by state and finds the tunnels that are configured, up or down; `pause` lets everything else run. */
export async function tunnelCensus(
  sas: Iterable<IkeSa>,
  connections: Iterable<ConnectionConfig>,
  pause: () => Promise<void>,
): Promise<TunnelCensus> {
  const ikeSasByState: Record<string, number> = {};
  const up = new Map<string, Set<string>>();
  let childSas = 0;
  let looked = 0;
  for (const sa of [...sas]) {
    if (++looked % AT_ONCE === 0) await pause();
    const state = sa.state.kind.toUpperCase();
    ikeSasByState[state] = (ikeSasByState[state] ?? 0) + 1;
    for (const child of sa.children.values()) {
      if (!child.live) continue;
      childSas++;
      noteUp(up, sa.connection?.name ?? '', child.config.name);
    }
  }
  const tunnels: TunnelView[] = [];
  for (const connection of [...connections]) {
    if (++looked % AT_ONCE === 0) await pause();
    const children = up.get(connection.name);
    for (const child of connection.children.values()) {
      if (child.mode === 'pass' || child.mode === 'drop') continue;
      tunnels.push({
        connection: connection.name,
        child: child.name,
        start: startOf(child),
        up: children?.has(child.name) === true,
      });
    }
  }
  return { ikeSasByState, childSas, tunnels };
}

function noteUp(up: Map<string, Set<string>>, connection: string, child: string): void {
  const children = up.get(connection);
  if (children === undefined) up.set(connection, new Set([child]));
  else children.add(child);
}

function startOf({ startAction: { start, trap } }: ChildConfig): TunnelStart {
  if (start) return 'start';
  return trap ? 'trap' : 'none';
}
