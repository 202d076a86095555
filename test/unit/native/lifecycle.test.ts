import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const index = new URL('../../../native/index.ts', import.meta.url).pathname;

/** Runs a module in a process of its own and returns what it printed; anything but a clean end throws. */
function child(source: string, ...flags: string[]): string {
  const program = `import * as native from ${JSON.stringify(index)};\n${source}`;
  const argv = [...flags, '--input-type=module-typescript', '-e', program];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`ended with ${status ?? signal}:\n${stdout}${stderr}`);
  return stdout.trim();
}

const countFds = `
import { readdirSync } from 'node:fs';
const fds = () => readdirSync('/proc/self/fd').length;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const settle = async () => { for (let i = 0; i < 20; i++) { gc?.(); await turn(); } };
`;

test('importing loads no addon and opens nothing', () => {
  const maps = `import { readFileSync } from 'node:fs';
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('netlink_xfrm'));
    native.loadAddon();
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('netlink_xfrm'));`;
  expect(child(maps)).toBe('false\ntrue');
});

test('closed clients and sockets are collected and give their descriptors back', () => {
  const out = child(
    `${countFds}
    const weak = [];
    native.loadAddon();
    await settle();
    const before = fds();
    const make = () => {
      const client = new native.XfrmClient();
      const watcher = client.watch(() => {}, []);
      const socket = new native.UdpSocket({ family: 4, port: 0, onBatch() {}, onError() {} });
      weak.push(new WeakRef(client), new WeakRef(socket));
      client.close(); client.close(); watcher.close(); watcher.close(); socket.close(); socket.close();
    };
    for (let i = 0; i < 200; i++) make();
    await settle();
    console.log(fds() - before, weak.filter((one) => one.deref() !== undefined).length);`,
    '--expose-gc',
  );
  expect(out).toBe('0 0');
});

test('datagrams outlive the socket that received them', () => {
  const out = child(
    `${countFds}
    const kept = [];
    const { NetlinkSocket } = native.loadAddon();
    await new Promise((resolve) => {
      const socket = new NetlinkSocket((datagrams) => {
        kept.push(...datagrams.map((one) => [one, one.slice()]));
        socket.close();
        resolve();
      });
      socket.open(0);
      const dump = new Uint8Array(32);
      new DataView(dump.buffer).setUint32(0, 32, true);
      dump.set([18, 0, 1, 3], 4);
      socket.send(dump);
    });
    await settle();
    console.log(kept.length > 0 && kept.every(([a, b]) => Buffer.compare(a, b) === 0));`,
    '--expose-gc',
  );
  expect(out).toBe('true');
});

test('objects that were never opened are collected', () => {
  const out = child(
    `${countFds}
    const { NetlinkSocket, UdpSocket } = native.loadAddon();
    for (let i = 0; i < 1000; i++) {
      new NetlinkSocket(() => {});
      new UdpSocket(new Uint8Array(64), new Uint32Array(16), new Uint8Array(64), new Uint32Array(16), () => {});
    }
    await settle();
    console.log('fine');`,
    '--expose-gc',
  );
  expect(out).toBe('fine');
});

test('an exception in a callback is an uncaught exception, and the socket goes on', () => {
  const out = child(`
    let caught = 0;
    process.on('uncaughtException', (error) => { caught++; console.log(error.message); });
    let calls = 0;
    const socket = new native.UdpSocket({
      family: 4, port: 0, onError() {},
      onBatch() { calls++; if (calls === 1) { send(); throw new Error('from the callback'); } socket.close(); },
    });
    const send = () => socket.send({ data: Uint8Array.of(1), remote: Uint8Array.of(127, 0, 0, 1), remotePort: socket.port });
    send();
    process.on('exit', () => console.log(caught, calls));`);
  expect(out).toBe('from the callback\n1 2');
});

test('microtasks of a callback run before the next one, and an open socket keeps the process until unref', () => {
  const out = child(`
    const client = new native.RouteClient();
    const links = await client.listLinks();
    console.log(links.some(({ name }) => name === 'lo'));
    const watcher = client.watch(() => {});
    watcher.setRef(false);
    client.close();`);
  expect(out).toBe('true');
});

test('a worker thread may end with everything open and requests outstanding', () => {
  const out = child(`
    import { Worker } from 'node:worker_threads';
    const source = \`
      import(${JSON.stringify(index)}).then((native) => {
        const client = new native.RouteClient();
        const watcher = client.watch(() => {});
        const socket = new native.UdpSocket({ family: 4, port: 0, onBatch() {}, onError() {} });
        socket.send({ data: new Uint8Array(9), remote: Uint8Array.of(127, 0, 0, 1), remotePort: socket.port });
        client.listRoutes(4).catch(() => {});
        client.listLinks()
          .then(() => import('node:worker_threads'))
          .then(({ parentPort }) => parentPort.postMessage('open'));
      });\`;
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(source, { eval: true });
      await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
      await worker.terminate();
    }
    console.log('fine');`);
  expect(out).toBe('fine');
});

test('the process may exit with everything open', () => {
  const out = child(`
    const client = new native.RouteClient();
    client.watch(() => {});
    new native.UdpSocket({ family: 6, port: 0, onBatch() {}, onError() {} });
    client.listLinks().catch(() => {});
    console.log('exiting');
    process.exit(0);`);
  expect(out).toBe('exiting');
});

test('wrong arguments are TypeErrors, and use before open or after close is EBADF', () => {
  const out = child(`
    const { NetlinkSocket, UdpSocket } = native.loadAddon();
    const thrown = (action) => { try { action(); return 'nothing'; } catch (error) { return error.constructor.name; } };
    console.log(
      thrown(() => new NetlinkSocket()), thrown(() => new UdpSocket(1, 2, 3, 4, 5)),
      thrown(() => NetlinkSocket(() => {})));
    const socket = new NetlinkSocket(() => {});
    console.log(socket.send(new Uint8Array(16)), socket.setOption(1, 1, new Uint8Array(4)), socket.portId());
    console.log(thrown(() => socket.open('six')), socket.open(4711) < 0, socket.open(0), socket.open(0));
    socket.close();
    socket.close();
    console.log(socket.send(new Uint8Array(16)), socket.open(0));
    const records = new Uint32Array(16);
    records[1] = 1000;
    const udp = new UdpSocket(new Uint8Array(64), new Uint32Array(16), new Uint8Array(64), records, () => {});
    console.log(udp.flush(0, 1), udp.open(99), udp.open(2), udp.flush(0, 1), udp.flush(5, 1), udp.flush(0, 99));
    udp.close();`);
  expect(out.split('\n')).toEqual([
    'TypeError TypeError TypeError',
    '-9 -9 0',
    'TypeError true 0 -106',
    '-9 -9',
    '-9 -97 0 -22 -22 -22',
  ]);
});

test('memory that script detached under a socket ends it with an error, not with the process', () => {
  const out = child(`
    const { UdpSocket } = native.loadAddon();
    const slab = new Uint8Array(65536);
    const records = new Uint32Array(16);
    const told = [];
    const udp = new UdpSocket(slab, records, new Uint8Array(64), new Uint32Array(16), (count, status) => told.push([count, status]));
    udp.open(2);
    udp.bind(Uint8Array.of(127, 0, 0, 1), 0, 0);
    const port = udp.localPort();
    structuredClone(records.buffer, { transfer: [records.buffer] });
    const other = new native.UdpSocket({ family: 4, port: 0, onBatch() {}, onError() {} });
    other.send({ data: Uint8Array.of(1), remote: Uint8Array.of(127, 0, 0, 1), remotePort: port });
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.close();
    console.log(JSON.stringify(told), udp.localPort());`);
  expect(out).toBe('[[0,22]] -9');
});
