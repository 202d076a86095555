import { connect } from 'node:net';
import type { Tree } from '../../daemon/config/tree.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';

/** What came before the answer of a command that streams. */
export interface Counted {
  readonly events: number;
  readonly octets: number;
}

/** Runs a command that streams events and counts them; none is decoded, so that the client costs next to nothing. */
export function countEvents(
  socketPath: string,
  command: string,
  event: string,
  input: Tree = [],
): Promise<Counted> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const segments = new SegmentReader();
    let [events, octets] = [0, 0];
    const send = (type: PacketType, name: string, tree: Tree): void => {
      const segment = encodeSegment(type, name, tree);
      if (segment !== undefined) socket.write(segment);
    };
    send(PacketType.EVENT_REGISTER, event, []);
    send(PacketType.CMD_REQUEST, command, input);
    socket.on('error', reject);
    socket.on('data', (chunk: Uint8Array) => {
      octets += chunk.length;
      for (const packet of segments.push(chunk).packets) {
        const type = readHead(packet)?.type;
        if (type === PacketType.EVENT) events++;
        if (type !== PacketType.CMD_RESPONSE) continue;
        socket.destroy();
        resolve({ events, octets });
      }
    });
  });
}
