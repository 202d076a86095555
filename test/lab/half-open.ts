import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { REPOSITORY } from './paths.ts';

const SELF = fileURLToPath(import.meta.url);

/**
 * Sends an IKE_SA_INIT request from a host and never goes on, so that the responder keeps a half-open IKE_SA; resolves
 * once it has answered. Proposes what plans propose: AES-GCM-128 or AES-CBC-128, X25519.
 */
export async function leaveHalfOpen(from: Host, address: string): Promise<void> {
  await from.ok([`${REPOSITORY}/node_modules/.bin/node`, SELF, address], { timeoutMillis: 15_000 });
}

/** An IKE_SA_INIT request with random key exchange data, written out by hand (RFC 7296 sections 3.1 to 3.9). */
export function bareInitRequest(): Uint8Array {
  const sa = payload(34, proposal([transform(1, 20, 128), transform(2, 5), transform(4, 31)]));
  const ke = payload(40, Buffer.concat([u16(31), u16(0), randomBytes(32)]));
  const nonce = payload(0, randomBytes(32));
  const body = Buffer.concat([sa, ke, nonce]);
  const header = Buffer.concat([
    randomBytes(8),
    Buffer.alloc(8),
    Buffer.of(33, 0x20, 34, 0x08),
    u32(0),
  ]);
  return Buffer.concat([header, u32(header.length + 4 + body.length), body]);
}

function proposal(transforms: readonly ((last: boolean) => Uint8Array)[]): Uint8Array {
  const list = Buffer.concat(transforms.map((make, i) => make(i === transforms.length - 1)));
  return Buffer.concat([
    Buffer.of(0, 0),
    u16(8 + list.length),
    Buffer.of(1, 1, 0, transforms.length),
    list,
  ]);
}

function transform(type: number, id: number, keyBits?: number): (last: boolean) => Uint8Array {
  const attribute =
    keyBits === undefined ? Buffer.alloc(0) : Buffer.concat([u16(0x800e), u16(keyBits)]);
  return (last) =>
    Buffer.concat([
      Buffer.of(last ? 0 : 3, 0),
      u16(8 + attribute.length),
      Buffer.of(type, 0),
      u16(id),
      attribute,
    ]);
}

function payload(next: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(next, 0), u16(4 + body.length), body]);
}

function u16(value: number): Uint8Array {
  return Buffer.of(value >> 8, value & 255);
}

function u32(value: number): Uint8Array {
  return Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
}

if (process.argv[1] === SELF) {
  const address = process.argv[2] ?? '';
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.once('message', () => socket.close());
  socket.send(bareInitRequest(), 500, address);
}
