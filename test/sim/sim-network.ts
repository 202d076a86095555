import type {
  DatagramTransport,
  InboundDatagram,
  SendOptions,
} from '../../daemon/contracts/datagram.ts';
import { type Endpoint, endpointKey } from '../../daemon/proto/endpoint.ts';
import { familyOf, type IpAddress, isUnspecified } from '../../daemon/proto/ip-address.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimNat } from './sim-nat.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a link does to packets. Times in milliseconds, the others are probabilities. */
export interface LinkOptions {
  readonly latency: number;
  /** Added to the latency, evenly spread from 0. */
  readonly jitter: number;
  readonly loss: number;
  readonly duplicate: number;
  /** A packet is late by up to ten latencies and so overtaken by others. */
  readonly reorder: number;
  /** One bit flips. */
  readonly corrupt: number;
  /** Octets of an IP packet; longer ones vanish. */
  readonly mtu: number;
}

/** A UDP packet on its way; `source` and `destination` are those seen by the receiver. */
export interface SimPacket {
  readonly from: string;
  readonly to: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly data: Uint8Array;
  readonly dscp: number;
}

/** How a packet ended. */
export type PacketFate = 'delivered' | 'lost' | 'intercepted' | 'too big' | 'unreachable';

export interface PacketRecord {
  readonly at: number;
  readonly packet: SimPacket;
  readonly fate: PacketFate;
  readonly corrupted: boolean;
}

/** Decides about a packet: `undefined` drops it, an array replaces it. */
export type Interceptor = (packet: SimPacket) => readonly SimPacket[] | SimPacket | undefined;

/** A link of the simulation's default: 10 ms, perfect, Ethernet. */
export const perfectLink: LinkOptions = {
  latency: 10,
  jitter: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  corrupt: 0,
  mtu: 1500,
};

/** UDP between hosts in one process: everything that can happen to a packet, reproducibly. */
export class SimNetwork {
  readonly clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #hosts = new Map<IpAddress, SimHost>();
  readonly #nats = new Map<IpAddress, SimNat>();
  readonly #behind = new Map<string, SimNat>();
  readonly #listeners: ((record: PacketRecord) => void)[] = [];
  /** Applies to every packet sent from now on. */
  link: LinkOptions = perfectLink;
  /** Sees every packet after translation of addresses, before the link does anything to it. */
  intercept: Interceptor | undefined;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.clock = clock;
    this.#random = random;
  }

  /** Adds a host; one of the same name replaces it, as a restart does. */
  host(name: string, addresses: readonly IpAddress[]): SimHost {
    const host = new SimHost(this, name, addresses);
    for (const address of addresses) this.#hosts.set(address, host);
    return host;
  }

  /** A host has these addresses from now on; packets to those it had go nowhere. */
  readdress(host: SimHost, addresses: readonly IpAddress[]): void {
    for (const address of host.addresses) {
      if (this.#hosts.get(address) === host) this.#hosts.delete(address);
    }
    host.addresses = addresses;
    for (const address of addresses) this.#hosts.set(address, host);
  }

  /** Puts hosts behind a NAT with this public address. */
  nat(address: IpAddress, ...inside: readonly string[]): SimNat {
    const nat = new SimNat(address);
    this.#nats.set(address, nat);
    for (const name of inside) this.#behind.set(name, nat);
    return nat;
  }

  /** Takes hosts out from behind whatever NAT they were behind. */
  outside(...names: readonly string[]): void {
    for (const name of names) this.#behind.delete(name);
  }

  onPacket(listener: (record: PacketRecord) => void): void {
    this.#listeners.push(listener);
  }

  /** Sends as if a host had; for tests that forge packets, any source will do. */
  inject(source: Endpoint, destination: Endpoint, data: Uint8Array): void {
    this.#travel('(forged)', source, destination, data, 0);
  }

  /** Sends a packet on its way that {@link intercept} held back, as often as asked. */
  forward(packet: SimPacket): void {
    this.#cross(packet);
  }

  /** Used by hosts. */
  transmit(
    host: SimHost,
    source: Endpoint,
    destination: Endpoint,
    data: Uint8Array,
    dscp: number,
  ): void {
    const nat = this.#behind.get(host.name);
    this.#travel(host.name, nat?.outbound(source) ?? source, destination, data, dscp);
  }

  #travel(
    from: string,
    source: Endpoint,
    destination: Endpoint,
    data: Uint8Array,
    dscp: number,
  ): void {
    const copy = Uint8Array.from(data);
    const nat = this.#nats.get(destination.address);
    const target = nat === undefined ? destination : nat.inbound(destination.port);
    const host = target === undefined ? undefined : this.#hosts.get(target.address);
    const hidden = host !== undefined && nat === undefined && this.#behind.has(host.name);
    const packet: SimPacket = {
      from,
      to: host?.name ?? '?',
      source,
      destination: target ?? destination,
      data: copy,
      dscp,
    };
    if (host === undefined || hidden) {
      this.#record(packet, 'unreachable');
      return;
    }
    const chosen = this.intercept === undefined ? packet : this.intercept(packet);
    const packets = chosen === undefined ? [] : Array.isArray(chosen) ? chosen : [chosen];
    if (packets.length === 0) this.#record(packet, 'intercepted');
    for (const one of packets as readonly SimPacket[]) this.#cross(one);
  }

  #cross(packet: SimPacket): void {
    const { link } = this;
    const header = familyOf(packet.destination.address) === 4 ? 28 : 48;
    if (packet.data.length + header > link.mtu) {
      this.#record(packet, 'too big');
      return;
    }
    const copies = this.#random.chance(link.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random.chance(link.loss)) {
        this.#record(packet, 'lost');
        continue;
      }
      const corrupted = this.#random.chance(link.corrupt) && packet.data.length > 0;
      const arriving = corrupted ? this.#flipBit(packet) : packet;
      this.#record(arriving, 'delivered', corrupted);
      this.clock.after(this.#delay(), () => {
        const host = this.#hosts.get(arriving.destination.address);
        host?.deliver(arriving.destination, arriving.source, arriving.data);
      });
    }
  }

  #delay(): number {
    const { latency, jitter, reorder } = this.link;
    const spread = jitter > 0 ? this.#random.below(Math.ceil(jitter)) : 0;
    const late = this.#random.chance(reorder) ? this.#random.below(Math.ceil(10 * latency) + 1) : 0;
    return latency + spread + late;
  }

  #flipBit(packet: SimPacket): SimPacket {
    const data = Uint8Array.from(packet.data);
    const bit = this.#random.below(data.length * 8);
    data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return { ...packet, data };
  }

  #record(packet: SimPacket, fate: PacketFate, corrupted = false): void {
    const record = { at: this.clock.now(), packet, fate, corrupted };
    for (const listener of this.#listeners) listener(record);
  }
}

/** The sockets of one host. */
export class SimHost implements DatagramTransport {
  readonly ikePort = 500;
  readonly nattPort = 4500;
  readonly name: string;
  addresses: readonly IpAddress[];
  readonly #network: SimNetwork;
  #handler: ((datagram: InboundDatagram) => void) | undefined;
  #closed = false;

  constructor(network: SimNetwork, name: string, addresses: readonly IpAddress[]) {
    this.#network = network;
    this.name = name;
    this.addresses = addresses;
  }

  onDatagram(handler: (datagram: InboundDatagram) => void): void {
    this.#handler = handler;
  }

  send(local: Endpoint, remote: Endpoint, data: Uint8Array, options?: SendOptions): void {
    if (this.#closed) return;
    const address = isUnspecified(local.address) ? this.#sourceFor(remote) : local.address;
    if (address === undefined || !this.addresses.includes(address)) return;
    this.#network.transmit(this, { address, port: local.port }, remote, data, options?.dscp ?? 0);
  }

  /** Hands a packet to the daemon in a buffer that is overwritten afterwards, as a socket's would be. */
  deliver(local: Endpoint, remote: Endpoint, data: Uint8Array): void {
    if (this.#closed || (local.port !== this.ikePort && local.port !== this.nattPort)) return;
    const buffer = Uint8Array.from(data);
    this.#handler?.({ data: buffer, local, remote });
    buffer.fill(0xaa);
  }

  /** The host dies: nothing leaves and nothing arrives any more. */
  close(): void {
    this.#closed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #sourceFor(remote: Endpoint): IpAddress | undefined {
    const family = familyOf(remote.address);
    return this.addresses.find((address) => familyOf(address) === family);
  }
}

/** Text of a packet's ends, for failure messages. */
export function printRoute(packet: SimPacket): string {
  return `${endpointKey(packet.source)} -> ${endpointKey(packet.destination)}`;
}
