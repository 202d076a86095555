import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { list, type Tree } from '../../daemon/config/tree.ts';
import { encodeMessage } from '../../daemon/vici/message.ts';
import { MAX_PACKET, PacketType as P } from '../../daemon/vici/packet.ts';
import { RawClient } from './vici.ts';

/** A client of a VICI socket that registers for everything, asks so many times for all connections, and reads nothing. */
export async function neverReading(path: string, requests: number): Promise<RawClient> {
  const client = await RawClient.connect(path);
  client.socket.pause();
  for (const event of ['log', 'list-conn']) client.send(P.EVENT_REGISTER, event);
  for (let i = 0; i < requests; i++) client.send(P.CMD_REQUEST, 'list-conns');
  return client;
}

/** Sends requests of 512 KiB, of more elements than are taken and of as many as are, as fast as the daemon takes them; how many were answered. */
export async function backToBack(path: string, signal: AbortSignal): Promise<number> {
  using client = await RawClient.connect(path);
  const requests = [
    largest([list('x', new Array(170_000).fill(''))]),
    largest(Array.from({ length: 4 }, () => list('x', new Array(16_000).fill('12345')))),
  ];
  let answered = 0;
  while (!signal.aborted) {
    for (let i = 0; i < 4; i++) client.segment(requests[i % 2] ?? new Uint8Array(0));
    for (let i = 0; i < 4; i++) if ((await client.next())?.type === P.CMD_RESPONSE) answered++;
  }
  return answered;
}

/** A request with as much of a message as fits. */
function largest(tree: Tree): Uint8Array {
  const head = [P.CMD_REQUEST, 9, ...new TextEncoder().encode('get-conns')];
  const body = encodeMessage(tree).subarray(0, MAX_PACKET - head.length);
  const request = new Uint8Array(head.length + body.length);
  request.set(head);
  request.set(body, head.length);
  return request;
}

/** A process that registers for events, sends half a packet and is killed. */
export async function killedInBetween(path: string): Promise<void> {
  const half = `
    const socket = require('node:net').connect(${JSON.stringify(path)});
    socket.write(Buffer.from([0, 0, 0, 5, 3, 3, ...Buffer.from('log')]));
    socket.once('data', () => socket.write(Buffer.from([0, 1, 0, 0, 0, 9]), () => console.log('half')));`;
  const child = spawn(process.execPath, ['-e', half], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}
