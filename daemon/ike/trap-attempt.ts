import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Attempt } from './acquires.ts';
import type { IkeSa } from './ike-sa.ts';
import { lacksCpu } from './per-cpu.ts';
import { type PacketSelectors, takes } from './triggers.ts';
import type { Outcome } from './waiters.ts';

/** Why a CHILD_SA is asked for, where that says more than the configuration. */
export interface Cause {
  /** Whom to connect to, or whose IKE_SA to use. */
  readonly peer?: IpAddress;
  readonly packet?: PacketSelectors;
  /** The CPU that sent it, where each has an SA of its own. */
  readonly cpu?: number;
}

/** What makes or reuses an IKE_SA. */
interface Initiator {
  initiate(
    connection: ConnectionConfig,
    child: ChildConfig,
    signal: AbortSignal | undefined,
    cause: Cause,
  ): { readonly sa: IkeSa; readonly outcome: Promise<Outcome> };
}

/** Asks for the CHILD_SA of a trap, with the packet that met it as the first selectors (RFC 7296 section 2.9). */
export function attemptFor(
  manager: Initiator,
  connection: ConnectionConfig,
  child: ChildConfig,
  packet: PacketSelectors,
  peer: IpAddress | undefined,
  cpu?: number,
): Attempt {
  const cause = { packet, ...(peer && { peer }), ...(cpu !== undefined && { cpu }) };
  const { sa, outcome: first } = manager.initiate(connection, child, undefined, cause);
  // The first CPU that asks gets the fallback, and its own right after.
  const outcome = first.then((result) =>
    result.ok && cpu !== undefined && lacksCpu(sa, child.name, cpu)
      ? manager.initiate(connection, child, undefined, cause).outcome
      : result,
  );
  const before = new Set(sa.children.keys());
  return {
    outcome: outcome.finally(() => sa.triggers.remove(child.name)),
    taker: () => taker(sa, child.name, packet, before),
  };
}

/** No address of a peer is configured: who it is, is known from a packet or from the IKE_SA there was. */
export function namesNobody({ remoteAddrs }: ConnectionConfig): boolean {
  return !remoteAddrs.some(({ kind }) => kind === 'host' || kind === 'name');
}

// An IKE_SA without children has been replaced meanwhile, and they went along.
function taker(
  sa: IkeSa,
  name: string,
  packet: PacketSelectors,
  before: ReadonlySet<number>,
): ReturnType<Attempt['taker']> {
  if (sa.children.size === 0) return 'new';
  const taking = [...sa.children].filter(
    ([, { config, terms }]) =>
      config.name === name && takes({ local: terms.localTs, remote: terms.remoteTs }, packet),
  );
  if (taking.length === 0) return 'none';
  return taking.some(([id]) => !before.has(id)) ? 'new' : 'old';
}
