import { type Tree, value } from '../../daemon/config/tree.ts';
import type { StreamConnection, StreamSystem } from '../../daemon/contracts/stream.ts';
import { ViciChannel } from '../../daemon/vici/channel.ts';
import { decodeMessage } from '../../daemon/vici/message.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';

/** A request as a daemon gets it. */
export interface RecordedRequest {
  readonly command: string;
  readonly input: Tree;
}

/** What a daemon would say to a request; events come before the answer. */
export interface RecordedReply {
  readonly events?: readonly (readonly [name: string, data: Tree])[];
  readonly answer: Tree;
}

const AGREES: Tree = [value('success', 'yes')];

/** A connection to a daemon that agrees to everything, unless `reply` says more; `requests` fills with what it was asked. */
export async function recordingVici(
  reply: (request: RecordedRequest) => RecordedReply | undefined = () => undefined,
): Promise<{ readonly vici: ViciChannel; readonly requests: RecordedRequest[] }> {
  const requests: RecordedRequest[] = [];
  const segments = new SegmentReader();
  let receive: (octets: Uint8Array) => void = () => undefined;
  const send = (type: PacketType, name: string | undefined, tree: Tree): void => {
    const segment = encodeSegment(type, name, tree);
    if (segment !== undefined) queueMicrotask(() => receive(segment));
  };
  const stream: StreamConnection = {
    onData: (handler) => {
      receive = handler;
    },
    onClose: () => undefined,
    onDrain: () => undefined,
    write: (octets) => {
      for (const packet of segments.push(octets).packets) {
        const head = readHead(packet);
        if (head === undefined) continue;
        if (head.type !== PacketType.CMD_REQUEST) {
          send(PacketType.EVENT_CONFIRM, undefined, []);
          continue;
        }
        const request = { command: head.name, input: decodeMessage(packet, head.offset).tree };
        requests.push(request);
        const { events = [], answer } = reply(request) ?? { answer: AGREES };
        for (const [name, data] of events) send(PacketType.EVENT, name, data);
        send(PacketType.CMD_RESPONSE, undefined, answer);
      }
      return 0;
    },
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
  };
  const streams: StreamSystem = {
    listen: () => Promise.reject(new Error('nobody listens here')),
    connect: () => Promise.resolve(stream),
    nextTurn: () => Promise.resolve(),
  };
  return { vici: await ViciChannel.connect(streams, '/vici'), requests };
}

/** A tree as nested objects, for comparing; the octets of values are Latin-1 text. */
export function treeObject(tree: Tree): Record<string, unknown> {
  const text = (octets: Uint8Array): string => new TextDecoder('latin1').decode(octets);
  return Object.fromEntries(
    tree.map((entry) => {
      if (entry.kind === 'section') return [entry.name, treeObject(entry.entries)];
      if (entry.kind === 'list') return [entry.name, entry.items.map(text)];
      return [entry.name, text(entry.value)];
    }),
  );
}
