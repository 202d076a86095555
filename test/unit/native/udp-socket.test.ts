import { afterEach, expect, test } from 'vitest';
import type { NetlinkError } from '../../../native/errors.ts';
import {
  type DatagramBatch,
  UdpSocket,
  type UdpSocketOptions,
} from '../../../native/udp-socket.ts';

interface Received {
  readonly data: number[];
  readonly remote: string;
  readonly port: number;
  readonly local: string;
  readonly ifindex: number;
  readonly truncated: boolean;
}

interface Peer {
  readonly socket: UdpSocket;
  readonly received: Received[];
  readonly errors: NetlinkError[];
  /** Number of datagrams of each batch. */
  readonly batches: number[];
}

const open: UdpSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function peer(family: 4 | 6, more: Partial<UdpSocketOptions> = {}): Peer {
  const made: Omit<Peer, 'socket'> = { received: [], errors: [], batches: [] };
  const socket = new UdpSocket({
    family,
    port: 0,
    onBatch: (batch) => keep(batch, made),
    onError: (error) => made.errors.push(error),
    ...more,
  });
  open.push(socket);
  return { socket, ...made };
}

function keep(batch: DatagramBatch, made: Omit<Peer, 'socket'>): void {
  made.batches.push(batch.length);
  for (let i = 0; i < batch.length; i++) {
    made.received.push({
      data: [...batch.data(i)],
      remote: batch.remoteAddress(i).join('.'),
      port: batch.remotePort(i),
      local: batch.localAddress(i).join('.'),
      ifindex: batch.ifindex(i),
      truncated: batch.truncated(i),
    });
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(condition()).toBe(true);
}

const loopback4 = Uint8Array.of(127, 0, 0, 1);
const loopback6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

test('IPv4: each datagram comes with both addresses and its interface, from the source asked for', async () => {
  const [a, b] = [peer(4), peer(4)];
  const local = Uint8Array.of(127, 0, 0, 9);
  const remote = Uint8Array.of(127, 0, 0, 77);
  a.socket.send({ data: Uint8Array.of(1, 2), remote, remotePort: b.socket.port, local });
  await until(() => b.received.length === 1);
  expect(b.received[0]).toEqual({
    data: [1, 2],
    remote: '127.0.0.9',
    port: a.socket.port,
    local: '127.0.0.77',
    ifindex: 1,
    truncated: false,
  });
});

test('IPv6: each datagram comes with both addresses and its interface', async () => {
  const [a, b] = [peer(6), peer(6)];
  const { port } = b.socket;
  a.socket.send({ data: Uint8Array.of(3), remote: loopback6, remotePort: port, local: loopback6 });
  await until(() => b.received.length === 1);
  const text = loopback6.join('.');
  expect(b.received[0]).toMatchObject({ remote: text, local: text, data: [3], ifindex: 1 });
});

test('both families bind one port: IPv6 sockets are IPv6 only', () => {
  const { port } = peer(4).socket;
  expect(peer(6, { port }).socket.port).toBe(port);
});

test('sends of one turn leave together, in order, and are copied', async () => {
  const [a, b] = [peer(4), peer(4)];
  const data = new Uint8Array(4);
  for (let i = 0; i < 300; i++) {
    data.fill(i & 0xff);
    a.socket.send({ data, remote: loopback4, remotePort: b.socket.port });
  }
  await until(() => b.received.length === 300);
  expect(b.received.map((one) => one.data[0])).toEqual(
    Array.from({ length: 300 }, (_, i) => i & 0xff),
  );
  expect(Math.max(...b.batches)).toBeGreaterThan(1);
  expect(Math.max(...b.batches)).toBeLessThanOrEqual(64);
});

test('datagrams of zero and of the greatest length pass whole', async () => {
  const [a, b] = [peer(4), peer(4)];
  const sizes = [0, 1, 65507];
  for (const size of sizes) {
    const data = new Uint8Array(size).fill(5);
    a.socket.send({ data, remote: loopback4, remotePort: b.socket.port });
  }
  await until(() => b.received.length === 3);
  expect(b.received.map((one) => one.data.length)).toEqual(sizes);
});

test('a datagram longer than the limit is marked as cut', async () => {
  const [a, b] = [peer(4), peer(4, { maxDatagram: 4096 })];
  const data = new Uint8Array(5000);
  a.socket.send({ data, remote: loopback4, remotePort: b.socket.port });
  await until(() => b.received.length === 1);
  expect(b.received[0]).toMatchObject({ truncated: true });
  expect(b.received[0]?.data).toHaveLength(4096);
});

test('a datagram that cannot be sent is reported and does not keep the others', async () => {
  const [a, b] = [peer(4), peer(4)];
  const { port } = b.socket;
  const send = (remote: Uint8Array, more = {}): void =>
    a.socket.send({ data: Uint8Array.of(1), remote, remotePort: port, ...more });
  send(loopback4);
  send(Uint8Array.of(255, 255, 255, 255));
  send(loopback4, { local: Uint8Array.of(192, 0, 2, 1) });
  send(loopback6);
  a.socket.send({ data: new Uint8Array(65508), remote: loopback4, remotePort: port });
  a.socket.send({ data: new Uint8Array(300_000), remote: loopback4, remotePort: port });
  send(loopback4);
  await until(() => b.received.length === 2 && a.errors.length === 5);
  expect(a.errors.map(({ code }) => code).sort()).toEqual(
    expect.arrayContaining(['EAFNOSUPPORT', 'EMSGSIZE', 'EMSGSIZE']),
  );
  for (const error of a.errors) {
    expect(error.syscall).toBe('sendmmsg');
    expect(error.operation).toMatch(/^send /);
  }
});

test('a port in use names the address and EADDRINUSE', () => {
  const { port } = peer(4).socket;
  expect(() => peer(4, { port })).toThrow(
    expect.objectContaining({
      code: 'EADDRINUSE',
      syscall: 'bind',
      operation: `bind UDP 0.0.0.0 port ${port}`,
    }),
  );
});

test('closing twice, and from its own handler, is harmless; sends afterwards vanish', async () => {
  const b = peer(4);
  let calls = 0;
  const c: UdpSocket = new UdpSocket({
    family: 4,
    port: 0,
    onBatch: () => {
      calls++;
      c.close();
      c.close();
    },
    onError: () => undefined,
  });
  open.push(c);
  const { port } = c;
  b.socket.send({ data: Uint8Array.of(1), remote: loopback4, remotePort: port });
  await until(() => calls === 1);
  b.socket.send({ data: Uint8Array.of(1), remote: loopback4, remotePort: port });
  c.send({ data: Uint8Array.of(1), remote: loopback4, remotePort: b.socket.port });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls).toBe(1);
  expect(b.received).toEqual([]);
});

test('what is queued when a socket closes is sent', async () => {
  const [a, b] = [peer(4), peer(4)];
  a.socket.send({ data: Uint8Array.of(7), remote: loopback4, remotePort: b.socket.port });
  a.socket.close();
  await until(() => b.received.length === 1);
});

test('a TOS octet travels with the datagram', async () => {
  const [a, b] = [peer(4), peer(4)];
  a.socket.send({
    data: Uint8Array.of(1),
    remote: loopback4,
    remotePort: b.socket.port,
    tos: 0xb8,
  });
  await until(() => b.received.length === 1);
  expect(a.errors).toEqual([]);
});
