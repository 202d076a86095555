import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { section, type Tree, value } from '../../daemon/config/tree.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import { ask, RawClient, stream } from '../support/vici.ts';
import { backToBack, killedInBetween, neverReading } from '../support/vici-hostile.ts';
import { percentile } from './report.ts';
import { cpuMicros, residentOctets } from './usage.ts';

/**
 * Three hundred VICI clients of our daemon, hostile ones among them: what the daemon does for others before it answers `version`, the
 * longest turn of its event loop, memory. All in CPU time, so that it tells something on a machine that is busy with something else too. Needs neither root nor a peer.
 * Arguments: [clients] [connections] [seconds].
 */

const clients = Number(process.argv[2] ?? 300);
const connections = Number(process.argv[3] ?? 1000);
const seconds = Number(process.argv[4] ?? 10);

const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
  }
}
`;
/** Connections in one request. */
const CHUNK = 500;

const configuration: Tree = Array.from({ length: connections }, (_, i) =>
  section(`gw${i}`, [
    section('local', [value('auth', 'psk'), value('id', `moon${i}`)]),
    section('remote', [value('auth', 'psk'), value('id', `sun${i}`)]),
    section('children', [section('net', [])]),
  ]),
);

const folder = process.env['TMPDIR'] ?? '/tmp';
const stalls = join(folder, `vici-crowd-${process.pid}.json`);

/** The most CPU time of one turn of the event loop since the last call, milliseconds. */
async function longestStall(pid: number): Promise<number> {
  rmSync(stalls, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(stalls)) await sleep(5);
  await sleep(20);
  return JSON.parse(readFileSync(stalls, 'utf8')).cpu / 1000;
}

async function measure(what: string, daemon: DaemonProcess): Promise<void> {
  await longestStall(daemon.pid);
  const numbers = [clients, connections, seconds].map(String);
  const others = spawn(process.execPath, [import.meta.filename, ...numbers, what, daemon.socket], {
    stdio: 'inherit',
  });
  const ended = once(others, 'close');
  await sleep(1000);
  const cpu = cpuMicros(daemon.pid);
  const waits: number[] = [];
  using probe = await RawClient.connect(daemon.socket);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const began = cpuMicros(daemon.pid);
    await ask(probe, 'version');
    waits.push((cpuMicros(daemon.pid) - began) / 1000);
    await sleep(20);
  }
  const busy = (cpuMicros(daemon.pid) - cpu) / (seconds * 10_000);
  others.kill('SIGTERM');
  await ended;
  const figures = [0.5, 0.99, 1].map((share) => percentile(waits, share).toFixed(1));
  const stall = (await longestStall(daemon.pid)).toFixed(1);
  const memory = residentOctets(daemon.pid) >> 20;
  console.log(
    `| ${what} | ${figures.join(' / ')} ms | ${stall} ms | ${busy.toFixed(0)} % | ${memory} MiB |`,
  );
}

/** Clients that ask for what a monitoring program asks, once a second. */
async function watchers(path: string, count: number, signal: AbortSignal): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      using client = await RawClient.connect(path);
      await sleep((i * 1000) / count);
      while (!signal.aborted) {
        await ask(client, 'stats');
        await stream(client, 'list-sas', 'list-sa');
        await sleep(1000);
      }
    }),
  );
}

/** What is asked of the daemon meanwhile, by a process of its own: this one has to be free to ask. */
const LOADS: Readonly<Record<string, (path: string, signal: AbortSignal) => Promise<unknown>>> = {
  'nothing else': async () => undefined,
  [`${clients} clients, each two requests a second`]: (path, signal) =>
    watchers(path, clients, signal),
  [`${connections} connections listed again and again`]: async (path, signal) => {
    using client = await RawClient.connect(path);
    while (!signal.aborted) await stream(client, 'list-conns', 'list-conn');
  },
  '512 KiB back to back': backToBack,
  'one that never reads': async (path, signal) => {
    using _lazy = await neverReading(path, 1000);
    while (!signal.aborted) await sleep(50);
  },
  [`${clients} clients and all of that`]: async (path, signal) => {
    using _lazy = await neverReading(path, 1000);
    using slow = await RawClient.connect(path);
    const drip = setInterval(() => slow.write([0]), 1000);
    await Promise.all([
      watchers(path, clients, signal),
      backToBack(path, signal),
      killedInBetween(path),
    ]);
    clearInterval(drip);
  },
};

async function compare(): Promise<void> {
  process.env['NODE_OPTIONS'] = `--import ${join(import.meta.dirname, 'loop-probe.ts')}`;
  process.env['BENCH_STALLS'] = stalls;
  await using daemon = new DaemonProcess(CONF);
  await daemon.says('serving VICI at');
  delete process.env['NODE_OPTIONS'];
  using first = await RawClient.connect(daemon.socket);
  for (let i = 0; i < connections; i += CHUNK) {
    await ask(first, 'load-conn', configuration.slice(i, i + CHUNK));
  }
  console.log(
    '| beside | CPU time until `version` is answered: middle / 99 % / longest | longest turn | CPU of the daemon | memory |',
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const name of Object.keys(LOADS)) await measure(name, daemon);
  rmSync(stalls, { force: true });
}

const [, , , , , load, path] = process.argv;
if (load === undefined || path === undefined) {
  await compare();
} else {
  const over = new AbortController();
  process.once('SIGTERM', () => over.abort());
  await LOADS[load]?.(path, over.signal);
}
