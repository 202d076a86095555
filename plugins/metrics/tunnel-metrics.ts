import { Gauge, type Registry } from 'prom-client';
import type { TunnelStart, TunnelView } from '../../daemon/contracts/monitoring.ts';

/** Tunnels told one by one; where there are more, only those that are down and shall be up, and no more than that. */
const LIMIT = 1000;

const STARTS: readonly TunnelStart[] = ['start', 'trap', 'none'];

/** Which configured tunnels are up, and which are down. */
export class TunnelMetrics {
  readonly #totals: Gauge<'state' | 'start'>;
  readonly #each: Gauge<'connection' | 'child' | 'start'>;
  readonly #omitted: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#totals = new Gauge({
      name: 'charon_tunnels',
      help: 'Configured children by state (up, down) and by what brings them up (start, trap, none: on request)',
      labelNames: ['state', 'start'],
      registers,
    });
    this.#each = new Gauge({
      name: 'charon_tunnel_up',
      help: `1 if a configured child has a CHILD_SA, else 0; of more than ${LIMIT} only those of start that are down`,
      labelNames: ['connection', 'child', 'start'],
      registers,
    });
    this.#omitted = new Gauge({
      name: 'charon_tunnels_omitted',
      help: 'Configured children that charon_tunnel_up leaves out because there are too many',
      registers,
    });
  }

  update(tunnels: readonly TunnelView[]): void {
    this.#totals.reset();
    for (const start of STARTS) {
      for (const state of ['up', 'down']) this.#totals.set({ state, start }, 0);
    }
    for (const { start, up } of tunnels) this.#totals.inc({ state: up ? 'up' : 'down', start });
    const told = tunnels.length <= LIMIT ? tunnels : tunnels.filter(isMissing).slice(0, LIMIT);
    this.#each.reset();
    for (const { connection, child, start, up } of told) {
      this.#each.set({ connection, child, start }, up ? 1 : 0);
    }
    this.#omitted.set(tunnels.length - told.length);
  }
}

function isMissing({ start, up }: TunnelView): boolean {
  return start === 'start' && !up;
}
