import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { list } from '../../daemon/config/tree.ts';
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

/** Sends requests of 512 KiB, of as many elements as fit, as fast as the daemon takes them; how many were answered. */
export async function backToBack(path: string, signal: AbortSignal): Promise<number> {
  using client = await RawClient.connect(path);
  const head = [P.CMD_REQUEST, 9, ...new TextEncoder().encode('get-conns')];
  const body = encodeMessage([list('x', new Array(170_000).fill(''))]);
  const request = new Uint8Array(MAX_PACKET);
  request.set(head);
  request.set(body.subarray(0, MAX_PACKET - head.length), head.length);
  let answered = 0;
  while (!signal.aborted) {
    for (let i = 0; i < 4; i++) client.segment(request);
    for (let i = 0; i < 4; i++) if ((await client.next())?.type === P.CMD_RESPONSE) answered++;
  }
  return answered;
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
