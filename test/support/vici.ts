import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DaemonOptions, defaultOptions } from '../../daemon/config/options.ts';
import type { Tree } from '../../daemon/config/tree.ts';
import type { Clock } from '../../daemon/contracts/clock.ts';
import type { DaemonEvent } from '../../daemon/contracts/events.ts';
import { SharedKeyStore } from '../../daemon/credentials/shared-keys.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { InProcessKeys } from '../../daemon/keyd/in-process.ts';
import { NodeClock } from '../../daemon/runtime/node-clock.ts';
import { NodeStreams } from '../../daemon/runtime/node-stream.ts';
import { type DecodedMessage, decodeMessage } from '../../daemon/vici/message.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';
import { createViciServer, type ViciServer } from '../../daemon/vici/server.ts';
import cryptoNode from '../../plugins/crypto-node/plugin.ts';
import { FakeControl } from './fake-control.ts';
import { MemoryLog } from './memory-log.ts';
import { testCredentials } from './test-certificates.ts';
import { ViciClient } from './vici-client.ts';

const provider = cryptoNode.crypto?.();
/** The algorithms of node:crypto. */
export const testCrypto = createCrypto(provider === undefined ? [] : [provider]);

/** A VICI server over a fake daemon, at a socket of its own. */
export class ViciBench implements AsyncDisposable {
  readonly control = new FakeControl();
  readonly keys = new SharedKeyStore();
  readonly privateKeys = new InProcessKeys(testCrypto.signatures);
  readonly credentials = testCredentials(this.privateKeys);
  readonly log = new MemoryLog();
  readonly streams: NodeStreams;
  readonly folder = mkdtempSync(join(tmpdir(), 'vici-'));
  readonly path = join(this.folder, 'charon.vici');
  #server: ViciServer | undefined;

  private constructor(streams: NodeStreams) {
    this.streams = streams;
  }

  /** `settings` are added to the options; more sockets may be put into the folder that it gets. */
  static async start(
    clock: Clock = new NodeClock(),
    settings: (folder: string) => Partial<DaemonOptions> = () => ({}),
    streams = new NodeStreams(),
  ): Promise<ViciBench> {
    const bench = new ViciBench(streams);
    await bench.serve(clock, settings(bench.folder));
    return bench;
  }

  /** Serves again, after the server was disposed of. */
  async serve(
    clock: Clock = new NodeClock(),
    settings: Partial<DaemonOptions> = {},
  ): Promise<void> {
    const socket = { 'plugins.vici.socket': `unix://${this.path}` };
    const options = { ...defaultOptions(), ...socket, ...settings };
    this.#server = await createViciServer({
      control: this.control,
      keys: this.keys,
      privateKeys: this.privateKeys,
      credentials: this.credentials,
      credentialReader: this.credentials,
      crypto: testCrypto,
      hub: this.log,
      options: () => options,
      clock,
      streams: this.streams,
      host: { daemon: 'charon', version: '0.1.0', sysname: 'Linux', release: '6', machine: 'x' },
    });
  }

  get server(): ViciServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  client(): Promise<ViciClient> {
    return ViciClient.connect(this.streams, this.path);
  }

  /** A client that speaks octets. */
  raw(): Promise<RawClient> {
    return RawClient.connect(this.path);
  }

  /** What a client registered for an event receives when the daemon raises this. */
  async raised(name: string, event: DaemonEvent): Promise<Plain> {
    using client = await this.raw();
    client.send(PacketType.EVENT_REGISTER, name);
    await client.next();
    this.control.raise(event);
    return plain((await client.next())?.message.tree ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A received packet. */
export interface RawPacket {
  readonly type: number;
  readonly name: string;
  readonly message: DecodedMessage;
}

/** Sends whatever octets a test wants and hands out packets as they come. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #segments = new SegmentReader();
  readonly #packets: RawPacket[] = [];
  readonly #wakes: (() => void)[] = [];
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Uint8Array) => {
      for (const packet of this.#segments.push(chunk).packets) {
        const head = readHead(packet);
        if (head === undefined) throw new Error('the server sent a malformed packet');
        const message = decodeMessage(packet, head.offset);
        if (message.broken) throw new Error('the server sent a malformed message');
        this.#packets.push({ type: head.type, name: head.name, message });
      }
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static connect(path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  write(octets: Uint8Array | readonly number[]): void {
    this.socket.write(Uint8Array.from(octets));
  }

  /** A packet of these octets with its length in front. */
  segment(octets: Uint8Array | readonly number[]): void {
    const length = octets.length;
    this.write([length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255, ...octets]);
  }

  send(type: PacketType, name: string, tree: Tree = []): void {
    const segment = encodeSegment(type, name, tree);
    if (segment === undefined) throw new Error('too long');
    this.socket.write(segment);
  }

  /** The next packet; `undefined` once the server has closed the connection. */
  async next(): Promise<RawPacket | undefined> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#wakes.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

/** Waits until a condition holds, or fails. */
export async function until(condition: () => boolean, millis = 5000): Promise<void> {
  const end = Date.now() + millis;
  while (!condition()) {
    if (Date.now() > end) throw new Error('condition not reached in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A tree with values as text, for comparing: lists as arrays, sections as nested pairs. */
export type Plain = readonly (readonly [string, string | readonly string[] | Plain])[];

export function plain(tree: Tree): Plain {
  const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);
  return tree.map((entry) => {
    if (entry.kind === 'value') return [entry.name, text(entry.value)] as const;
    if (entry.kind === 'list') return [entry.name, entry.items.map(text)] as const;
    return [entry.name, plain(entry.entries)] as const;
  });
}

/** The answer to a command. */
export async function ask(client: RawClient, name: string, tree: Tree = []): Promise<Plain> {
  client.send(PacketType.CMD_REQUEST, name, tree);
  const answer = await client.next();
  if (answer?.type !== PacketType.CMD_RESPONSE) throw new Error(`no answer to ${name}`);
  return plain(answer.message.tree);
}

/** All events of a streaming command. */
export async function stream(
  client: RawClient,
  name: string,
  event: string,
  tree: Tree = [],
): Promise<Plain[]> {
  client.send(PacketType.EVENT_REGISTER, event);
  if ((await client.next())?.type !== PacketType.EVENT_CONFIRM)
    throw new Error(`no event ${event}`);
  client.send(PacketType.CMD_REQUEST, name, tree);
  const events: Plain[] = [];
  for (
    let packet = await client.next();
    packet?.type === PacketType.EVENT;
    packet = await client.next()
  ) {
    if (packet.name !== event) throw new Error(`unexpected event ${packet.name}`);
    events.push(plain(packet.message.tree));
  }
  client.send(PacketType.EVENT_UNREGISTER, event);
  await client.next();
  return events;
}

/** The contents of the section at a place. */
export const inner = (tree: Plain, index: number): Plain => (tree[index]?.[1] ?? []) as Plain;
