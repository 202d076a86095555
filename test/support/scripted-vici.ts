import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tree } from '../../daemon/config/tree.ts';
import type { StreamConnection, StreamListener } from '../../daemon/contracts/stream.ts';
import { NodeStreams } from '../../daemon/runtime/node-stream.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';

/** What a scripted daemon sends back for a packet; nothing for no answer, `close` to hang up. */
export type Script = (
  type: number,
  name: string,
) => readonly (readonly [type: PacketType, event: string | undefined, tree: Tree])[] | 'close';

/** A daemon that says whatever a test wants, right or wrong, to everybody who connects. */
export class ScriptedVici implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'vici-'));
  readonly path = join(this.folder, 'charon.vici');
  connections = 0;
  readonly #open = new Set<StreamConnection>();
  #listener: StreamListener | undefined;

  static async start(script: Script): Promise<ScriptedVici> {
    const scripted = new ScriptedVici();
    const listener = await new NodeStreams().listen(scripted.path, {}, (connection) =>
      scripted.#serve(connection, script),
    );
    scripted.#listener = listener;
    return scripted;
  }

  /** Closes every connection there is. */
  hangUp(): void {
    for (const connection of this.#open) connection.destroy();
    this.#open.clear();
  }

  #serve(connection: StreamConnection, script: Script): void {
    this.connections += 1;
    this.#open.add(connection);
    const segments = new SegmentReader();
    connection.onData((octets) => {
      for (const packet of segments.push(octets).packets) {
        const head = readHead(packet);
        const replies = script(head?.type ?? -1, head?.name ?? '');
        if (replies === 'close') connection.destroy();
        else for (const [type, name, tree] of replies) send(connection, type, name, tree);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]();
    this.hangUp();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function send(
  connection: StreamConnection,
  type: PacketType,
  name: string | undefined,
  tree: Tree,
): void {
  const segment = encodeSegment(type, name, tree);
  if (segment !== undefined) connection.write(segment);
}

/** Registrations are confirmed, and every request gets this answer. */
export function answering(tree: Tree): Script {
  return (type) => [
    type === PacketType.CMD_REQUEST
      ? [PacketType.CMD_RESPONSE, undefined, tree]
      : [PacketType.EVENT_CONFIRM, undefined, []],
  ];
}
