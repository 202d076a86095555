import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import type { StreamSystem } from '../../../daemon/contracts/stream.ts';
import { ViciChannel } from '../../../daemon/vici/channel.ts';
import { ElementType } from '../../../daemon/vici/element.ts';
import { decodeMessage } from '../../../daemon/vici/message.ts';
import { encodeSegment, PacketType } from '../../../daemon/vici/packet.ts';
import { SegmentReader } from '../../../daemon/vici/segments.ts';
import { createViciServer, type ViciServer } from '../../../daemon/vici/server.ts';
import type { ViciServices } from '../../../daemon/vici/services.ts';
import { type Plain, plain } from '../../support/vici.ts';
import { simCrypto, type World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';
import type { Auditor } from './auditor.ts';
import { MemoryStreams } from './memory-streams.ts';

/** Turns of the event loop that an answer may take before virtual time passes for it. */
const PATIENCE = 50;

/** A VICI server in front of the daemon of a host, and a client that tells an auditor everything that is said. */
export class Operator implements AsyncDisposable {
  readonly host: WorldHost;
  readonly events: { readonly name: string; readonly tree: Plain }[] = [];
  readonly #world: World;
  readonly #channel: ViciChannel;
  readonly #server: ViciServer;
  readonly #streams: MemoryStreams;
  readonly #auditor: Auditor | undefined;

  private constructor(
    world: World,
    host: WorldHost,
    channel: ViciChannel,
    server: ViciServer,
    streams: MemoryStreams,
    auditor: Auditor | undefined,
  ) {
    this.#world = world;
    this.host = host;
    this.#channel = channel;
    this.#server = server;
    this.#streams = streams;
    this.#auditor = auditor;
  }

  /** `change` may put something else in the place of what the server works with. */
  static async of(
    world: World,
    host: WorldHost,
    auditor?: Auditor,
    change: (services: ViciServices) => ViciServices = (services) => services,
  ): Promise<Operator> {
    const streams = new MemoryStreams();
    const server = await Operator.serve(world, host, streams, change);
    const channel = await ViciChannel.connect(streams, server.path);
    return new Operator(world, host, channel, server, streams, auditor);
  }

  /** The server alone. */
  static serve(
    world: World,
    host: WorldHost,
    streams: StreamSystem,
    change: (services: ViciServices) => ViciServices = (services) => services,
  ): Promise<ViciServer> {
    const { daemon } = host;
    const services: ViciServices = {
      control: daemon.control,
      keys: daemon.sharedKeys,
      privateKeys: host.privateKeys,
      credentials: daemon.credentials,
      credentialReader: daemon.credentials,
      crypto: simCrypto(),
      hub: host.log,
      options: daemon.options,
      clock: world.clock,
      streams,
      host: { daemon: 'charon', version: '0', sysname: 'Linux', release: '6', machine: 'x' },
    };
    return createViciServer(change(services));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /** From now on these events are kept and audited. */
  async watch(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#channel.listen(name, (tree) => {
        this.#auditor?.event(name, tree);
        this.events.push({ name, tree: plain(tree) });
      });
    }
  }

  /** Sends a request without letting time pass for its answer. */
  async begin(command: string, input: Tree = []): Promise<Tree> {
    this.#auditor?.request(command, input);
    const answer = await this.#channel.call(command, input);
    this.#auditor?.answer(command, answer);
    return answer;
  }

  /** The answer to a request, for which time passes if need be. */
  async ask(command: string, input: Tree = []): Promise<Plain> {
    return plain(await this.#patiently(this.begin(command, input)));
  }

  /** The same, as an object of the values at its top level. */
  async told(command: string, input: Tree = []): Promise<Readonly<Record<string, unknown>>> {
    return Object.fromEntries(await this.ask(command, input));
  }

  /** The events of a command that streams. */
  async stream(command: string, event: string, input: Tree = []): Promise<readonly Plain[]> {
    const found: Plain[] = [];
    const stop = await this.#channel.listen(event, (tree) => {
      this.#auditor?.event(event, tree);
      found.push(plain(tree));
    });
    const answer = await this.ask(command, input);
    await stop();
    if (new Map(answer).get('success') === 'no')
      throw new Error(String(new Map(answer).get('errmsg')));
    return found;
  }

  /** `errmsg` of a request that is refused. */
  async refusal(command: string, input: Tree = []): Promise<string> {
    const answer = new Map(await this.ask(command, input));
    if (answer.get('success') !== 'no') throw new Error(`${command} was not refused`);
    return String(answer.get('errmsg'));
  }

  /** `errmsg` of a request whose message is malformed: a section that ends without having begun. */
  async brokenRefusal(command: string): Promise<string> {
    this.#auditor?.request(command, []);
    const broken = encodeSegment(PacketType.CMD_REQUEST, command, []) ?? new Uint8Array();
    const stream = await this.#streams.connect(this.#server.path);
    const answer = new Promise<Tree>((resolve) => {
      const segments = new SegmentReader();
      stream.onData((octets) => {
        for (const packet of segments.push(octets).packets) resolve(decodeMessage(packet, 1).tree);
      });
    });
    const octets = Uint8Array.of(...broken, ElementType.SECTION_END);
    new DataView(octets.buffer).setUint32(0, octets.length - 4);
    stream.write(octets);
    const told = await this.#patiently(answer);
    stream.destroy();
    this.#auditor?.answer(command, told);
    return String(new Map(plain(told)).get('errmsg'));
  }

  async #patiently<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    for (let turn = 0; !settled && (turn < PATIENCE || this.host.work.pending > 0); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return settled ? promise : this.#world.during(promise);
  }
}

/** What a request is made of, as an object: arrays are lists, objects sections. */
export interface Wanted {
  readonly [key: string]: string | number | Uint8Array | readonly (string | Uint8Array)[] | Wanted;
}

/** The tree of such an object. */
export function tree(wanted: Wanted): Tree {
  return Object.entries(wanted).map(([name, content]): TreeEntry => {
    if (typeof content === 'string' || typeof content === 'number') return value(name, content);
    if (content instanceof Uint8Array) return value(name, content);
    if (isItems(content)) return list(name, content);
    return section(name, tree(content));
  });
}

function isItems(
  content: readonly (string | Uint8Array)[] | Wanted,
): content is readonly (string | Uint8Array)[] {
  return Array.isArray(content);
}
