import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server on loopback that ends with its block and counts who came. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly connections: () => number;
}

/** Speaks TCP as the test wants it. */
export async function tcpServer(onConnection: (socket: Socket) => void): Promise<TestServer> {
  return listening(
    createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    }),
  );
}

/** Speaks HTTP. */
export async function httpServer(listener: RequestListener): Promise<TestServer> {
  return listening(createHttpServer(listener));
}

/** Answers every connection with these octets as soon as something was asked, and leaves the connection open. */
export function rawAnswer(text: string | Uint8Array): Promise<TestServer> {
  return tcpServer((socket) => socket.once('data', () => socket.write(text)));
}

/** Makes any server one that counts and ends with its block. */
export async function listening(server: Server, host = '127.0.0.1'): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
