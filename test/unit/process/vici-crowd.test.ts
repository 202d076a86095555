import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { ask, RawClient, stream } from '../../support/vici.ts';
import { backToBack, killedInBetween, neverReading } from '../../support/vici-hostile.ts';

/** A daemon without a kernel, on ports the system chooses; `@` is its folder. */
const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
  }
}
`;

const CLIENTS = 300;
const CONNECTIONS = 50;
const NAMES = Array.from({ length: CONNECTIONS }, (_, i) => `gw${i}`);
const CONFIGURATION: Tree = NAMES.map((name, i) =>
  section(name, [
    list('remote_addrs', [`192.0.2.${i}`]),
    section('local', [value('auth', 'psk'), value('id', `moon${i}`)]),
    section('remote', [value('auth', 'psk'), value('id', `sun${i}`)]),
    section('children', [section('net', [list('remote_ts', [`10.${i}.0.0/16`])])]),
  ]),
);

/** Kilobytes of memory a process has taken at most. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** What a well-behaved client does; everything it is told has to be right. */
async function wellBehaved(path: string, number: number): Promise<void> {
  using client = await RawClient.connect(path);
  expect(await ask(client, 'version')).toContainEqual(['daemon', 'charon-ts']);
  expect(await ask(client, 'get-conns')).toEqual([['conns', NAMES]]);
  const ike = `gw${number % CONNECTIONS}`;
  const one = await stream(client, 'list-conns', 'list-conn', [value('ike', ike)]);
  expect(one.map(([entry]) => entry?.[0])).toEqual([ike]);
  const all = await stream(client, 'list-conns', 'list-conn');
  expect(all.map(([entry]) => entry?.[0])).toEqual(NAMES);
  const id = `client${number}`;
  const secret = [value('id', id), value('type', 'ike'), value('data', 'x'.repeat(32))];
  expect(await ask(client, 'load-shared', secret)).toEqual([['success', 'yes']]);
  const keys = new Map(await ask(client, 'get-shared')).get('keys');
  expect(keys).toContain(id);
  expect(await ask(client, 'unload-shared', [value('id', id)])).toEqual([['success', 'yes']]);
  expect(await ask(client, 'rekey', [value('ike', ike)])).toContainEqual([
    'errmsg',
    'no matching SAs to rekey found',
  ]);
}

test('three hundred clients at once, four of them hostile: the others get right answers, memory is bounded', async () => {
  await using daemon = new DaemonProcess(CONF);
  await daemon.says('serving VICI at');
  using first = await RawClient.connect(daemon.socket);
  expect(await ask(first, 'load-conn', CONFIGURATION)).toEqual([['success', 'yes']]);
  for (let i = 0; i < 20; i++) await wellBehaved(daemon.socket, i);
  const before = peakMemory(daemon.pid);

  const over = new AbortController();
  const lazy = await neverReading(daemon.socket, 1000);
  using slow = await RawClient.connect(daemon.socket);
  const drip = setInterval(() => slow.write([0]), 1000);
  slow.write([0]);
  const greedy = backToBack(daemon.socket, over.signal);
  const killed = killedInBetween(daemon.socket);
  try {
    await Promise.all(Array.from({ length: CLIENTS - 4 }, (_, i) => wellBehaved(daemon.socket, i)));
  } finally {
    clearInterval(drip);
    over.abort();
  }
  await killed;
  expect(await greedy).toBeGreaterThan(3);
  expect([slow.closed, lazy.closed]).toEqual([false, false]);
  const after = peakMemory(daemon.pid);
  // What C1 allows the hostile ones, and what a heap of so many requests grows to before it is collected.
  expect(after - before).toBeLessThan(256 * 1024);
  console.info(`memory of the daemon: ${before} kB before, at most ${after} kB`);

  // The one that reads nothing until now gets everything that it asked for.
  lazy.socket.resume();
  let answers = 0;
  while (answers < 1000) if ((await lazy.next())?.type === P.CMD_RESPONSE) answers++;
  lazy[Symbol.dispose]();
  expect(await ask(first, 'get-conns')).toEqual([['conns', NAMES]]);
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
}, 120_000);
