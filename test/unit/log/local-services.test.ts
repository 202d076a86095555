import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type FileTarget, uniformLevels } from '../../../daemon/contracts/log-targets.ts';
import { openLogs } from '../../../daemon/log/open-logs.ts';
import { DatagramQueue } from '../../../daemon/runtime/datagram-queue.ts';
import { NodeLogOutputs } from '../../../daemon/runtime/node-log-output.ts';
import plugin from '../../../plugins/local-datagram/plugin.ts';
import { DatagramReceiver } from '../../support/datagram-receiver.ts';
import { until } from '../../support/vici.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-services-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (path: string): FileTarget => ({
  kind: 'file',
  name: 'x',
  path,
  levels: uniformLevels(1),
  append: true,
  flushLine: false,
  ikeName: false,
  json: false,
  logLevel: false,
});

function datagramsTo(path: string) {
  const system = plugin.localDatagrams?.();
  if (system === undefined) throw new Error('the plugin sends no datagrams');
  return system.to(path);
}

describe('syslog and the journal', () => {
  test('get their entries through real sockets, and files the same lines', async () => {
    const sockets = { journal: join(folder, 'journal'), syslog: join(folder, 'syslog') };
    await using journal = new DatagramReceiver(sockets.journal);
    await using syslog = new DatagramReceiver(sockets.syslog);
    await until(() => journal.ready && syslog.ready);
    const outputs = new NodeLogOutputs();
    outputs.localDatagrams = plugin.localDatagrams?.();
    const levels = uniformLevels(1);
    const path = join(folder, 'beside.log');
    const logs = openLogs(
      [
        { kind: 'journal', levels },
        { ...file(path), kind: 'syslog', facility: 'daemon', mapLevel: -1 },
        file(path),
      ],
      { outputs, wallClock: () => Date.now(), journal: false, sockets },
    );
    logs.hub.log('ike', 1, 'initiating IKE_SA gw[1] to 192.0.2.1');
    logs.hub.log('ike', 2, 'not wanted');
    logs.hub.log('net', 1, `long ${'x'.repeat(200_000)}`);
    await until(() => journal.entries.length === 2 && syslog.entries.length === 2);
    await logs.close();
    expect(journal.entries[0]).toContain('MESSAGE=initiating IKE_SA gw[1] to 192.0.2.1\n');
    expect(journal.entries[0]).toContain('\nGROUP=IKE\n');
    expect(syslog.entries[0]).toMatch(
      /^<30>[A-Z][a-z]{2} [ \d]\d [\d:]{8} charon: 01\[IKE\] initiating IKE_SA gw\[1\] to 192\.0\.2\.1$/,
    );
    expect(syslog.entries[1]).toHaveLength(8192);
    expect(readFileSync(path, 'utf8')).toMatch(/^01\[IKE\] init.*\n01\[NET\] long x+\n$/);
    expect(logs.dropped).toBe(0);
  });

  test('may be restarted: what was logged meanwhile arrives in order', async () => {
    const path = join(folder, 'restarted');
    let first: DatagramReceiver | undefined = new DatagramReceiver(path);
    await until(() => first?.ready === true);
    const queue = new DatagramQueue(
      datagramsTo(path),
      (lost) => Buffer.from(`${lost} lost`),
      () => undefined,
    );
    queue.send(Buffer.from('before'));
    await until(() => first?.entries.length === 1);
    await first[Symbol.asyncDispose]();
    first = undefined;
    for (let i = 0; i < 5000; i++) queue.send(Buffer.from(`meanwhile ${i}`));
    await using second = new DatagramReceiver(path);
    await until(() => second.entries.some((entry) => entry.endsWith(' lost')), 20_000);
    expect(second.entries).toEqual([
      ...Array.from({ length: 4096 }, (_, i) => `meanwhile ${i}`),
      '904 lost',
    ]);
    expect(queue.dropped).toBe(904);
    queue.send(Buffer.from('after'));
    await until(() => second.entries.at(-1) === 'after');
    queue.close();
  });

  test('that never read stop nothing, and what they lose is bounded and counted', async () => {
    const path = join(folder, 'stalled');
    await using stalled = new DatagramReceiver(path, true);
    await until(() => stalled.ready);
    const queue = new DatagramQueue(
      datagramsTo(path),
      () => Buffer.from('lost'),
      () => undefined,
    );
    const entry = Buffer.alloc(1000, 'x');
    const started = performance.now();
    for (let i = 0; i < 50_000; i++) queue.send(entry);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(queue.dropped).toBeGreaterThan(40_000);
    queue.close();
    expect(queue.dropped).toBeLessThanOrEqual(50_000);
  });

  test('a path of any length is refused or used, never cut', () => {
    expect(datagramsTo(`/${'x'.repeat(300)}`).send(new Uint8Array(1))).toBe(36);
    expect(datagramsTo('').send(new Uint8Array(1))).toBe(22);
    expect(datagramsTo(join(folder, 'nobody')).send(new Uint8Array(1))).toBe(2);
    const closed = datagramsTo(join(folder, 'nobody'));
    closed.close();
    closed.close();
    expect(closed.send(new Uint8Array(1))).toBe(9);
    expect(datagramsTo('@charon-ts-test-nobody').send(new Uint8Array(1))).toBe(111);
  });
});

describe('files', () => {
  test('rotated by renaming, again and again, lose no line and keep their order', async () => {
    const path = join(folder, 'rotated.log');
    const logs = openLogs([{ ...file(path), append: false }], {
      outputs: new NodeLogOutputs(),
      wallClock: () => Date.now(),
      journal: false,
    });
    let count = 0;
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 500; i++) logs.hub.log('dmn', 1, `line ${count++}`);
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      renameSync(path, `${path}.${round}`);
      for (let i = 0; i < 100; i++) logs.hub.log('dmn', 1, `line ${count++}`);
      logs.reopen();
    }
    await logs.close();
    const all = (): string =>
      [...Array.from({ length: 20 }, (_, round) => `${path}.${round}`), path]
        .map((name) => readFileSync(name, 'utf8'))
        .join('');
    await until(() => all().split('\n').length === count + 1);
    expect(all()).toBe(Array.from({ length: count }, (_, i) => `01[DMN] line ${i}\n`).join(''));
    expect(logs.dropped).toBe(0);
  });

  test('a named pipe that nobody reads is refused, one whose reader stalls drops and tells', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const outputs = new NodeLogOutputs();
    const options = { append: true, flushLine: true };
    const lost = (count: number): string => `${count} lost\n`;
    expect(() => outputs.file(path, options, lost)).toThrow('no such device or address');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = outputs.file(path, options, lost);
    for (let i = 0; i < 30; i++) output.write(`${'x'.repeat(99_999)}\n`);
    expect(output.dropped).toBeGreaterThan(10);
    const { dropped } = output;
    let text = '';
    const buffer = Buffer.alloc(65_536);
    await until(() => {
      try {
        text += buffer.toString('latin1', 0, readSync(reader, buffer));
      } catch {
        // Nothing there yet.
      }
      if (text.length > 500_000) output.write('again\n');
      return text.includes('again\n');
    }, 20_000);
    expect(text).toContain(`${dropped} lost\n`);
    output.close();
    closeSync(reader);
  });
});

test.each([
  ['socket', []],
  ['pipe', ['sh', '-c', '"$@" | { sleep 2; } 3>&1', '-']],
])(
  'a standard output that is a %s whose reader stalls keeps neither the event loop nor the end of a process waiting',
  async (_, wrapper) => {
    const program = `
    import { NodeLogOutputs } from '${new URL('../../../daemon/runtime/node-log-output.ts', import.meta.url).href}';
    const output = new NodeLogOutputs().standard('stdout', (lost) => lost + ' lost\\n');
    for (let i = 0; i < 30; i++) output.write('x'.repeat(99_999) + '\\n');
    const started = performance.now();
    process.on('exit', () => process.stderr.write('dropped ' + output.dropped + ' in ' + (performance.now() - started)));
    setTimeout(() => process.exit(0), 200);
  `;
    const [command = '', ...args] = [
      ...wrapper,
      process.execPath,
      '--input-type=module',
      '-e',
      program,
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (octets) => {
      errors += String(octets);
    });
    // Its standard output is never read.
    const code = await new Promise((resolve) => child.on('exit', resolve));
    child.stdout.destroy();
    expect(code).toBe(0);
    const [, dropped, millis] = /dropped (\d+) in (\d+)/.exec(errors) ?? [];
    expect(Number(dropped)).toBeGreaterThan(10);
    expect(Number(millis)).toBeLessThan(2000);
  },
);
