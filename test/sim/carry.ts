import type {
  AcquireEvent,
  KernelPolicy,
  KernelSa,
  PolicyDirection,
  PolicyTemplate,
} from '../../daemon/contracts/kernel.ts';
import { type IpAddress, ipBytes, isUnspecified } from '../../daemon/proto/ip-address.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';
import { equalBytes } from '../../daemon/util/bytes.ts';
import { toHex } from '../../daemon/util/hex.ts';
import type { FakeKernel, FakeSa } from './fake-kernel.ts';

/** A packet of a user, without its contents. */
export interface DataPacket {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol; 1 unless said. */
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** That sends it; 0 unless said. */
  readonly cpu?: number;
}

/** What became of a packet. */
export type Fate =
  | { readonly kind: 'protected'; readonly spi: number }
  /** Crossed the wire readable and was let in. */
  | { readonly kind: 'clear' }
  /** Held back by the sender, which has raised an acquire. */
  | { readonly kind: 'held' }
  | { readonly kind: 'dropped'; readonly why: string };

/** A packet under way: the SAs it left by, the outermost first; none if it is readable. */
export interface Flight {
  readonly packet: DataPacket;
  readonly sas: readonly KernelSa[];
}

/**
 * Sends a packet from one host to another as Linux would: by the policies and SAs of both kernels. Addresses of the
 * outer packet are not compared where the SAs use UDP encapsulation, because a NAT may have changed them.
 */
export function carry(from: FakeKernel, to: FakeKernel, packet: DataPacket): Fate {
  const flight = depart(from, packet);
  return 'packet' in flight ? arrive(to, flight) : flight;
}

/** The sender's half of {@link carry}. */
export function depart(from: FakeKernel, packet: DataPacket): Flight | Fate {
  const out = lookup(from, 'out', packet);
  if (out === undefined) return { packet, sas: [] };
  if (out.action === 'block') return { kind: 'dropped', why: 'blocked by policy' };
  const [first] = out.templates;
  if (first === undefined) return { packet, sas: [] };
  const senders: FakeSa[] = [];
  for (const template of out.templates) {
    const fitting = [...from.sas.values()].filter(
      ({ sa }) =>
        sa?.direction === 'out' &&
        sa.reqid === template.reqid &&
        sa.protocol === template.protocol &&
        sa.destination === or(first.destination, packet.destination) &&
        (template.spi === 0 || sa.spi === template.spi),
    );
    const cpu = packet.cpu ?? 0;
    const own = fitting.find(({ sa }) => sa?.cpu === cpu);
    const sender = own ?? fitting.find(({ sa }) => sa?.cpu === undefined);
    // Linux asks for the SA of the CPU, and uses the one of all until then.
    if (out.perCpu && own === undefined && sender !== undefined) {
      from.ask(acquireFor(packet, template, out));
    }
    if (sender === undefined) {
      from.miss(packet, acquireFor(packet, template, out));
      return { kind: 'held' };
    }
    senders.unshift(sender);
  }
  for (const { sa } of senders) {
    if (sa !== undefined && !from.owns(sa.source)) {
      return { kind: 'dropped', why: 'its source address is gone' };
    }
  }
  for (const sender of senders) count(from, sender);
  return { packet, sas: senders.flatMap(({ sa }) => sa ?? []) };
}

/** The receiver's half of {@link carry}, any time later. */
export function arrive(to: FakeKernel, { packet, sas }: Flight): Fate {
  const passed: KernelSa[] = [];
  for (const sa of sas) {
    const receiver = [...to.sas.values()].find((entry) => takes(entry.sa, sa));
    if (receiver?.sa === undefined) return { kind: 'dropped', why: 'no such inbound SA' };
    const mismatch = difference(sa, receiver.sa);
    if (mismatch !== undefined) return { kind: 'dropped', why: mismatch };
    count(to, receiver);
    passed.push(receiver.sa);
  }
  return receive(to, packet, passed);
}

/** Sends again what was held back, as Linux does once there is an SA. */
export function carryHeld(from: FakeKernel, to: FakeKernel): readonly Fate[] {
  return from.held.splice(0).map((packet) => carry(from, to, packet));
}

/** Whether a packet would leave a host readable, and unless it says so nothing happens. */
export function leavesInClear(from: FakeKernel, packet: DataPacket): boolean {
  const out = lookup(from, 'out', packet);
  return out === undefined || (out.action === 'allow' && out.templates.length === 0);
}

function or(address: IpAddress, other: IpAddress): IpAddress {
  return isUnspecified(address) ? other : address;
}

// What the template leaves open is taken from the packet or from the route.
function acquireFor(
  packet: DataPacket,
  template: PolicyTemplate,
  policy: KernelPolicy,
): AcquireEvent {
  const { mode, protocol, reqid } = template;
  const side = (address: IpAddress, port = 0): TrafficSelector => {
    const octets = ipBytes(address);
    const ports = { startPort: port, endPort: port };
    return {
      family: octets.length === 4 ? 4 : 6,
      protocol: packet.protocol ?? 1,
      ...ports,
      startAddress: octets,
      endAddress: octets,
    };
  };
  return {
    kind: 'acquire',
    reqid,
    ...(policy.perCpu && { cpu: packet.cpu ?? 0 }),
    source: side(packet.source, packet.sourcePort),
    destination: side(packet.destination, packet.destinationPort),
    wanted: {
      source: or(template.source, packet.source),
      destination: or(template.destination, packet.destination),
      protocol,
      mode,
      reqid,
      ...(policy.mark && { mark: policy.mark }),
      ...(policy.ifId !== undefined && { ifId: policy.ifId }),
    },
  };
}

function receive(to: FakeKernel, packet: DataPacket, passed: readonly KernelSa[]): Fate {
  const [outer] = passed;
  // The simulation does not route: a packet is let in if it may enter as one for us and as one to forward.
  for (const direction of ['in', 'fwd'] as const) {
    if (direction === 'fwd' && passed.at(-1)?.mode === 'transport') continue;
    const policy = lookup(to, direction, packet);
    if (policy === undefined) {
      if (outer !== undefined) return { kind: 'dropped', why: `no ${direction} policy for it` };
      continue;
    }
    if (policy.action === 'block') return { kind: 'dropped', why: 'blocked by policy' };
    const demanded = policy.templates.filter((template) => !template.optional);
    if (demanded.length > 0 && outer === undefined) {
      return { kind: 'dropped', why: 'in the clear where policy protects' };
    }
    for (const { protocol, reqid, mode, source } of demanded) {
      const anySource = mode === 'transport' || isUnspecified(source);
      const fits = passed.some(
        (sa) =>
          sa.protocol === protocol &&
          sa.reqid === reqid &&
          sa.mode === mode &&
          (anySource || sa.source === source),
      );
      if (!fits) {
        return { kind: 'dropped', why: `another SA than the ${direction} policy demands` };
      }
    }
  }
  return outer === undefined ? { kind: 'clear' } : { kind: 'protected', spi: outer.spi };
}

function takes(receiver: KernelSa | undefined, sender: KernelSa | undefined): boolean {
  if (receiver?.direction !== 'in' || sender === undefined) return false;
  if (receiver.spi !== sender.spi || receiver.protocol !== sender.protocol) return false;
  return sender.encap !== undefined || receiver.destination === sender.destination;
}

/** What keeps two ends of an SA from understanding each other. */
function difference(sender: KernelSa, receiver: KernelSa): string | undefined {
  if (sender.mode !== receiver.mode) return 'modes differ';
  if ((sender.encap === undefined) !== (receiver.encap === undefined))
    return 'encapsulation differs';
  if (sender.esn !== receiver.esn) return 'sequence numbers differ';
  for (const part of ['encryption', 'integrity'] as const) {
    const [a, b] = [sender[part], receiver[part]];
    if (a === undefined && b === undefined) continue;
    if (a === undefined || b === undefined || a.id !== b.id) return `${part} differs`;
    if (!equalBytes(a.key, b.key)) return `${part} keys differ`;
  }
  return undefined;
}

function lookup(
  kernel: FakeKernel,
  direction: PolicyDirection,
  packet: DataPacket,
): KernelPolicy | undefined {
  let best: KernelPolicy | undefined;
  for (const policy of kernel.policies.values()) {
    if (policy.direction !== direction || !matches(policy, packet)) continue;
    if (best === undefined || policy.priority < best.priority) best = policy;
  }
  return best;
}

function matches(policy: KernelPolicy, packet: DataPacket): boolean {
  return (
    holds(policy.source, packet.source, packet.protocol ?? 1, packet.sourcePort ?? 0) &&
    holds(policy.destination, packet.destination, packet.protocol ?? 1, packet.destinationPort ?? 0)
  );
}

function holds(ts: TrafficSelector, address: IpAddress, protocol: number, port: number): boolean {
  const bytes = ipBytes(address);
  if (bytes.length !== ts.startAddress.length) return false;
  if (ts.protocol !== 0 && ts.protocol !== protocol) return false;
  if (port < ts.startPort || port > ts.endPort) return false;
  const text = toHex(bytes);
  return toHex(ts.startAddress) <= text && text <= toHex(ts.endAddress);
}

function count(kernel: FakeKernel, entry: FakeSa): void {
  const now = Math.trunc(kernel.wallClock() / 1000);
  if (now > 0) entry.lastUsed = now;
  entry.packets += 1n;
  entry.bytes += 84n;
}
