import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { fromHex } from '../../daemon/util/hex.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { toTree, type ViciInput } from '../../daemon/vici/plain-input.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';

/** What a canned daemon says to a request: events first, then its answer. */
export interface CannedReply {
  readonly events: readonly { readonly name: string; readonly data: ViciInput }[];
  readonly answer: ViciInput;
}

/**
 * A daemon that says what a file tells it to, so that programs can be shown whatever a daemon might say:
 *
 *     node test/support/canned-vici.ts /run/canned.vici replies.json
 */
function serve(path: string, replies: Readonly<Record<string, CannedReply>>): void {
  rmSync(path, { force: true });
  createServer((socket) => {
    const segments = new SegmentReader();
    const send = (type: PacketType, name: string | undefined, data: ViciInput): void => {
      const segment = encodeSegment(type, name, toTree(data));
      if (segment !== undefined) socket.write(segment);
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const packet of segments.push(new Uint8Array(chunk)).packets) {
        const head = readHead(packet);
        if (head === undefined) continue;
        if (head.type !== PacketType.CMD_REQUEST) {
          send(PacketType.EVENT_CONFIRM, undefined, {});
          continue;
        }
        const reply = replies[head.name];
        if (reply === undefined) send(PacketType.CMD_UNKNOWN, undefined, {});
        for (const { name, data } of reply?.events ?? []) send(PacketType.EVENT, name, data);
        if (reply !== undefined) send(PacketType.CMD_RESPONSE, undefined, reply.answer);
      }
    });
  }).listen(path);
}

/** JSON has no octets: they are written as `{ "$hex": "…" }`. */
function octets(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$hex' in value)) return value;
  return fromHex(String(value.$hex));
}

const [path = '', file = ''] = process.argv.slice(2);
if (path !== '') serve(path, JSON.parse(readFileSync(file, 'utf8'), octets));
