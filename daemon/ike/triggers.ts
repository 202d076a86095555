import type { AcquireEvent } from '../contracts/kernel.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { ANY_PORT_END, isSubset } from '../proto/traffic-selector-math.ts';

/** The packet for which a CHILD_SA is wanted, as selectors: RFC 7296 section 2.9. */
export interface PacketSelectors {
  readonly local: TrafficSelector;
  readonly remote: TrafficSelector;
}

// ICMP, TCP, UDP, DCCP, ICMPv6, SCTP, UDP-Lite.
const WITH_PORTS: ReadonlySet<number> = new Set([1, 6, 17, 33, 58, 132, 136]);

/** The packet of an acquire; what the kernel says of ports is kept only where the protocol has them. */
export function packetOf(event: AcquireEvent): PacketSelectors {
  const tidy = (selector: TrafficSelector): TrafficSelector =>
    WITH_PORTS.has(selector.protocol)
      ? selector
      : { ...selector, startPort: 0, endPort: ANY_PORT_END };
  return { local: tidy(event.source), remote: tidy(event.destination) };
}

/** Whether selectors of a CHILD_SA or a trap take the packet. */
export function takes(
  selectors: {
    readonly local: readonly TrafficSelector[];
    readonly remote: readonly TrafficSelector[];
  },
  packet: PacketSelectors,
): boolean {
  return (
    selectors.local.some((selector) => isSubset(packet.local, selector)) &&
    selectors.remote.some((selector) => isSubset(packet.remote, selector))
  );
}

/**
 * Selectors to propose: with the packet before the configured ones, so that a peer that takes one only takes that one
 * (RFC 7296 section 2.9). The packet of a widened trap may lie outside; then it is left out.
 */
export function withPacketFirst(
  configured: {
    readonly local: readonly TrafficSelector[];
    readonly remote: readonly TrafficSelector[];
  },
  packet: PacketSelectors | undefined,
): typeof configured {
  if (packet === undefined || !takes(configured, packet)) return configured;
  return {
    local: [packet.local, ...configured.local],
    remote: [packet.remote, ...configured.remote],
  };
}

interface Trigger {
  readonly packet: PacketSelectors;
  readonly cpu: number | undefined;
}

/** The packets for which an IKE_SA is asked for CHILD_SAs, by the child's name, as long as they wait. */
export class Triggers {
  /** Made with the first: most IKE_SAs never have one. */
  #packets: Map<string, Trigger> | undefined;

  of(child: string): PacketSelectors | undefined {
    return this.#packets?.get(child)?.packet;
  }

  /** The CPU that sent the packet, where SAs are per CPU. */
  cpuOf(child: string): number | undefined {
    return this.#packets?.get(child)?.cpu;
  }

  add(child: string, packet: PacketSelectors, cpu?: number): void {
    this.#packets ??= new Map();
    this.#packets.set(child, { packet, cpu });
  }

  remove(child: string): void {
    this.#packets?.delete(child);
  }
}
