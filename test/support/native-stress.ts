/**
 * Everything the addons can do, in an order that hurts: run it under sanitizers with `scripts/sanitize-native`, in a
 * network namespace of its own. Prints `survived`.
 */
import {
  LocalDatagramSocket,
  loadAddon,
  peerCredentials,
  RouteClient,
  UdpSocket,
  XfrmClient,
} from '../../native/index.ts';
import { hurtLibcrypto } from './native-stress-libcrypto.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const broadcast = Uint8Array.of(255, 255, 255, 255);
const loopback6 = new Uint8Array(16).fill(1, 15);
const ignore = (): void => undefined;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const collect = (): void => globalThis.gc?.();

await linkUp();
for (let i = 0; i < 20; i++) await round(i);
lifecycles();
localDatagrams();
hurtLibcrypto();
for (const descriptor of [-1, 0, 2 ** 30]) peerCredentials(descriptor);
await turn();
collect();
console.log('survived');

async function linkUp(): Promise<void> {
  using client = new RouteClient();
  const links = await client.listLinks();
  await client.setLinkUp(links.find(({ name }) => name === 'lo')?.ifindex ?? 1, true);
}

/** Sockets of every kind at once, with requests and datagrams under way when they are closed. */
async function round(number: number): Promise<void> {
  const xfrm = new XfrmClient();
  const routes = new RouteClient();
  const watchers = [xfrm.watch(ignore), routes.watch(ignore)];
  const echo: UdpSocket = new UdpSocket({
    family: 4,
    port: 0,
    bypass: true,
    onError: ignore,
    onBatch(batch) {
      for (let i = 0; i < batch.length; i++) {
        const [remote, remotePort] = [batch.remoteAddress(i), batch.remotePort(i)];
        const answer = { data: batch.data(i), remote, remotePort, tos: 8, mark: 3 };
        echo.send({ ...answer, local: batch.localAddress(i) });
      }
    },
  });
  const six: UdpSocket = new UdpSocket({
    family: 6,
    port: 0,
    bypass: true,
    onError: ignore,
    onBatch: () => six.close(),
  });
  const sender: UdpSocket = new UdpSocket({
    family: 4,
    port: 0,
    maxDatagram: 100,
    onError: ignore,
    onBatch() {
      if (number % 2 === 1) sender.close();
      collect();
    },
  });
  for (let i = 0; i < 400; i++) {
    sender.send({
      data: new Uint8Array((i * 170) % 65507),
      remote: i % 7 === 0 ? broadcast : loopback,
      remotePort: echo.port,
      local: i % 5 === 0 ? Uint8Array.of(127, 0, 0, 8) : undefined,
    });
  }
  const far = { remote: loopback6, remotePort: six.port, local: loopback6, ifindex: 1, tos: 4 };
  six.send({ data: new Uint8Array(5), ...far });
  const larval = { src: loopback, dst: loopback, protocol: 50, mode: 1, reqid: 1 };
  const requests: Promise<unknown>[] = [
    routes.listLinks(),
    routes.listRoutes(4),
    routes.listAddresses(),
    xfrm.listPolicies(),
    xfrm.listSas(),
    xfrm.allocateSpi({ ...larval, min: 256, max: 100_000 }),
  ];
  const settled = Promise.allSettled(requests);
  if (number % 3 > 0) await settled;
  for (let i = 0; i < 10; i++) {
    await turn();
    collect();
  }
  for (const one of [xfrm, routes, ...watchers, echo, sender, six, xfrm]) one.close();
  await settled;
  collect();
}

/** Objects never opened, opened and closed at once, and opened when they may not be. */
function lifecycles(): void {
  const { NetlinkSocket } = loadAddon();
  for (let i = 0; i < 100; i++) {
    new NetlinkSocket(ignore);
    const socket = new NetlinkSocket(ignore);
    socket.open(0);
    socket.close();
    socket.open(6);
  }
}

/** To paths that nobody reads, that are too long, that are none; of no octets and of more than a datagram has. */
function localDatagrams(): void {
  for (const path of [
    '',
    '@',
    '@nobody',
    '/nowhere/at/all',
    `/${'x'.repeat(107)}`,
    '/x'.repeat(4000),
  ]) {
    using socket = new LocalDatagramSocket(path);
    for (const length of [0, 1, 100_000, 2 ** 22]) socket.send(new Uint8Array(length));
    socket.close();
    socket.send(Uint8Array.of(1));
  }
}
