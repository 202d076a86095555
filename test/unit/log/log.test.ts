import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { LogDatagrams, LogOutput, LogOutputs } from '../../../daemon/contracts/log-output.ts';
import { type FileTarget, uniformLevels } from '../../../daemon/contracts/log-targets.ts';
import type { LogRecord, LogSink } from '../../../daemon/contracts/logger.ts';
import { Hub } from '../../../daemon/log/hub.ts';
import { formatLines, harmless } from '../../../daemon/log/line-format.ts';
import { openLogs, prepareLogs } from '../../../daemon/log/open-logs.ts';
import { strftime } from '../../../daemon/log/strftime.ts';
import { isJournal, NodeLogOutputs } from '../../../daemon/runtime/node-log-output.ts';
import { until } from '../../support/vici.ts';

class MemoryOutput implements LogOutput {
  text = '';
  dropped = 0;
  closed = false;
  write(lines: string): void {
    this.text += lines;
  }
  close(): void {
    this.closed = true;
  }
}

class MemoryOutputs implements LogOutputs {
  readonly opened = new Map<string, MemoryOutput>();
  readonly entries = new Map<string, string[]>();
  readonly services: readonly string[];
  constructor(...services: readonly string[]) {
    this.services = services;
  }
  file(path: string): LogOutput {
    if (path.startsWith('/denied')) throw new Error('permission denied');
    return this.#open(path);
  }
  standard(stream: 'stdout' | 'stderr'): LogOutput {
    return this.#open(stream);
  }
  datagrams(path: string): LogDatagrams {
    if (!this.services.includes(path)) throw new Error('nobody listens there');
    const entries: string[] = [];
    this.entries.set(path, entries);
    const send = (entry: Uint8Array): void => void entries.push(new TextDecoder().decode(entry));
    return { send, dropped: 0, close: () => undefined };
  }
  text(name: string): string {
    return this.opened.get(name)?.text ?? '';
  }
  #open(name: string): MemoryOutput {
    const output = new MemoryOutput();
    this.opened.set(name, output);
    return output;
  }
}

const target = (members: Partial<FileTarget> = {}): FileTarget => ({
  kind: 'file',
  name: 'x',
  path: '/x.log',
  levels: uniformLevels(1),
  append: true,
  flushLine: false,
  ikeName: false,
  json: false,
  logLevel: false,
  ...members,
});
const lost = (count: number): string => `${count} lost\n`;
const wallClock = (): number => new Date(2026, 10, 21, 5, 6, 4, 7).getTime();
const services = (outputs: LogOutputs) => ({ outputs, wallClock, journal: false });

describe('the hub', () => {
  test('hands records to the sinks that want their level, and asks nobody otherwise', () => {
    const hub = new Hub();
    const seen: LogRecord[] = [];
    expect(hub.enabled('ike', 0)).toBe(false);
    const remove = hub.addSink({
      levelOf: (group) => (group === 'ike' ? 2 : 0),
      write: (record) => void seen.push(record),
    });
    expect([hub.enabled('ike', 2), hub.enabled('ike', 3), hub.enabled('knl', 1)]).toEqual([
      true,
      false,
      false,
    ]);
    hub.log('ike', 2, 'a');
    hub.log('ike', 3, 'b');
    hub.log('knl', 1, 'c');
    const tag = { name: '', uniqueId: 7 };
    const ike = hub.forIke(tag);
    ike.log('knl', 0, 'd');
    tag.name = 'gw';
    ike.log('ike', 1, 'e');
    expect(seen).toEqual([
      { group: 'ike', level: 2, message: 'a' },
      { group: 'knl', level: 0, message: 'd', ike: { name: '', uniqueId: 7 } },
      { group: 'ike', level: 1, message: 'e', ike: { name: 'gw', uniqueId: 7 } },
    ]);
    remove();
    expect(hub.enabled('ike', 0)).toBe(false);
  });

  test('survives sinks that throw or log themselves', () => {
    const hub = new Hub();
    let calls = 0;
    const sink: LogSink = {
      levelOf: () => 1,
      write: () => {
        calls++;
        hub.log('dmn', 1, 'again');
        throw new Error('broken');
      },
    };
    hub.addSink(sink);
    hub.log('dmn', 1, 'x');
    expect(calls).toBe(4);
    expect(hub.failures).toBe(4);
    hub.log('dmn', 1, 'y');
    expect(calls).toBe(8);
  });
});

describe('lines', () => {
  const style = { ikeName: true, logLevel: false };

  test('look like those of charon', () => {
    const ike = { name: 'gw', uniqueId: 1 };
    const record: LogRecord = {
      group: 'ike',
      level: 1,
      message: 'initiating IKE_SA gw[1] to 10.9.0.2',
      ike,
    };
    expect(formatLines(record, style, '')).toBe(
      '01[IKE] <gw|1> initiating IKE_SA gw[1] to 10.9.0.2\n',
    );
    expect(formatLines({ ...record, ike: { name: '', uniqueId: 7 } }, style, '')).toMatch(
      /^01\[IKE\] <7> init/,
    );
    expect(formatLines({ ...record, level: 2 }, { ikeName: false, logLevel: true }, 'T ')).toMatch(
      /^T 01\[IKE2\] init/,
    );
    expect(formatLines({ ...record, message: 'a\nb' }, style, 'T ')).toBe(
      'T 01[IKE] <gw|1> a\nT 01[IKE] <gw|1> b\n',
    );
  });

  test('cannot steer a terminal', () => {
    expect(harmless('a\x1b[31mb\rc\x00\x7f\x9b\td\ne')).toBe('a?[31mb?c???\td\ne');
  });

  test('carry the time as configured', () => {
    const date = new Date(2026, 10, 3, 5, 6, 4);
    expect(strftime('%b %e %T', date)).toBe('Nov  3 05:06:04');
    expect(strftime('%Y-%m-%d %H:%M:%S %j %a %y%%', date)).toBe('2026-11-03 05:06:04 307 Tue 26%');
    expect(strftime('%F %R %I %p %u %Q', date)).toBe('2026-11-03 05:06 05 AM 2 %Q');
  });
});

describe('targets', () => {
  test('files have their own levels, names, levels and times', () => {
    const outputs = new MemoryOutputs();
    const logs = openLogs(
      [
        target({ path: '/a', levels: { ...uniformLevels(0), ike: 2 } }),
        target({
          path: '/b',
          ikeName: true,
          logLevel: true,
          timeFormat: '%b %e %T',
          timePrecision: 'ms',
        }),
      ],
      services(outputs),
    );
    const ike = logs.hub.forIke({ name: 'gw', uniqueId: 1 });
    ike.log('ike', 2, 'detail');
    ike.log('net', 1, 'sending');
    expect(outputs.text('/a')).toBe('01[IKE] detail\n');
    expect(outputs.text('/b')).toBe('Nov 21 05:06:04.007 01[NET1] <gw|1> sending\n');
  });

  test('JSON lines have the fields of charon', async () => {
    const outputs = new MemoryOutputs();
    const targets = [target({ path: '/j', json: true, ikeName: true, timeFormat: '%T' })];
    await prepareLogs(targets);
    const logs = openLogs(targets, services(outputs));
    logs.hub.forIke({ name: 'gw', uniqueId: 1 }).log('ike', 1, 'quote " and\nline');
    logs.hub.log('dmn', 0, 'plain');
    const [first = '', second = ''] = outputs.text('/j').split('\n');
    expect(JSON.parse(first)).toEqual({
      time: '05:06:04',
      thread: 1,
      group: 'IKE',
      level: 1,
      'ikesa-uniqueid': '1',
      'ikesa-name': 'gw',
      msg: 'quote " and\nline',
    });
    expect(JSON.parse(second)).toEqual({
      time: '05:06:04',
      thread: 1,
      group: 'DMN',
      level: 0,
      msg: 'plain',
    });
  });

  test('without any there is the console, or the journal with priorities', () => {
    const outputs = new MemoryOutputs();
    openLogs([], { ...services(outputs), consoleLevels: { ike: 2 } }).hub.log('ike', 2, 'x');
    expect(outputs.text('stdout')).toBe('01[IKE] x\n');
    const journal = new MemoryOutputs();
    const logs = openLogs([{ kind: 'journal', levels: uniformLevels(2) }], {
      ...services(journal),
      journal: true,
    });
    for (const level of [0, 1, 2] as const) logs.hub.log('cfg', level, `l${level}`);
    expect(journal.text('stdout')).toBe('<5>01[CFG] l0\n<6>01[CFG] l1\n<7>01[CFG] l2\n');
  });

  test('under systemd the journal comes in addition, with fields of its own', () => {
    const outputs = new MemoryOutputs('/run/systemd/journal/socket');
    const logs = openLogs([target({ path: '/a' })], { ...services(outputs), journal: true });
    logs.hub.forIke({ name: 'gw', uniqueId: 3 }).log('ike', 0, 'first\nPRIORITY=0');
    logs.hub.log('net', 2, 'too much');
    expect(outputs.text('/a')).toBe('01[IKE] first\n01[IKE] PRIORITY=0\n');
    const [entry = '', ...others] = outputs.entries.get('/run/systemd/journal/socket') ?? [];
    expect(others).toEqual([]);
    expect(entry.startsWith('MESSAGE\n\x10\0\0\0\0\0\0\0first\nPRIORITY=0\n')).toBe(true);
    expect(entry.split('\n').slice(3, -1)).toEqual([
      expect.stringMatching(/^MESSAGE_ID=[0-9a-f]{32}$/),
      'PRIORITY=5',
      'SYSLOG_IDENTIFIER=charon',
      'GROUP=IKE',
      'LEVEL=0',
      'THREAD=1',
      'IKE_SA_UNIQUE_ID=3',
      'IKE_SA_NAME=gw',
    ]);
  });

  test('syslog gets a line an entry, with facility, mapped level and identifier', () => {
    const outputs = new MemoryOutputs('/dev/log');
    const syslog = {
      kind: 'syslog',
      facility: 'daemon',
      levels: uniformLevels(2),
      ikeName: true,
      logLevel: true,
      mapLevel: 4,
    } as const;
    const logs = openLogs(
      [
        syslog,
        { ...syslog, facility: 'auth', levels: uniformLevels(0), mapLevel: -1, identifier: 'vpn' },
      ],
      services(outputs),
    );
    const entries = (): string[] => outputs.entries.get('/dev/log') ?? [];
    logs.hub.forIke({ name: 'gw', uniqueId: 1 }).log('ike', 0, 'up');
    // Both write to the same socket; the map of this test keeps the second.
    expect(entries()).toEqual(['<86>Nov 21 05:06:04 vpn: 01[IKE0] <gw|1> up']);
    logs.reconfigure([syslog]);
    for (const level of [0, 1, 2] as const) logs.hub.log('ike', level, `l${level}\nm`);
    expect(entries()).toEqual(
      [28, 29, 30].flatMap((priority, level) => [
        `<${priority}>Nov 21 05:06:04 charon: 01[IKE${level}] l${level}`,
        `<${priority}>Nov 21 05:06:04 charon: 01[IKE${level}] m`,
      ]),
    );
  });

  test('that cannot be opened are said in the others', () => {
    const outputs = new MemoryOutputs();
    const syslog = {
      kind: 'syslog',
      levels: uniformLevels(1),
      ikeName: false,
      logLevel: false,
      mapLevel: -1,
    } as const;
    openLogs(
      [
        target({ path: '/denied/x' }),
        { ...syslog, facility: 'daemon' },
        { ...syslog, facility: 'mail' },
        { kind: 'journal', levels: uniformLevels(1) },
      ],
      services(outputs),
    );
    expect(outputs.text('stdout')).toContain("cannot open log file '/denied/x': permission denied");
    expect(outputs.text('stdout')).toContain("cannot log to '/dev/log': nobody listens there");
    expect(outputs.text('stdout')).toContain("unknown syslog facility 'mail'");
    expect(outputs.text('stdout')).toContain("cannot log to '/run/systemd/journal/socket'");
  });

  test('are exchanged while running', () => {
    const outputs = new MemoryOutputs();
    const logs = openLogs([target({ path: '/a' })], services(outputs));
    logs.reconfigure([target({ path: '/b' })]);
    logs.hub.log('dmn', 1, 'x');
    expect(outputs.opened.get('/a')?.closed).toBe(true);
    expect([outputs.text('/a'), outputs.text('/b')]).toEqual(['', '01[DMN] x\n']);
  });
});

describe('files of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are appended to or truncated, reopened after rotation, closed with the last words', async () => {
    const path = join(folder, 'a.log');
    const logs = openLogs([target({ path })], services(new NodeLogOutputs()));
    logs.hub.log('dmn', 1, 'one');
    await until(() => readFileSync(path, 'utf8') === '01[DMN] one\n');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    renameSync(path, `${path}.1`);
    logs.reconfigure([target({ path })]);
    logs.hub.log('dmn', 1, 'two');
    await logs.close();
    expect(readFileSync(path, 'utf8')).toBe('01[DMN] two\n');
    const fresh = openLogs(
      [target({ path, append: false, flushLine: true })],
      services(new NodeLogOutputs()),
    );
    fresh.hub.log('dmn', 1, 'three');
    await fresh.close();
    await until(() => readFileSync(path, 'utf8') === '01[DMN] three\n');
  });

  test('flush_line: a line is handed to the system at once, without it lines are gathered for a moment', async () => {
    const turns = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      for (const flushLine of [true, false]) {
        const path = join(folder, `flush-${flushLine}.log`);
        const logs = openLogs([target({ path, flushLine })], services(new NodeLogOutputs()));
        const written = (): boolean => readFileSync(path, 'utf8') === '01[DMN] one\n';
        logs.hub.log('dmn', 1, 'one');
        for (let i = 0; flushLine && i < 10_000 && !written(); i++) await turns(10);
        await turns(100);
        expect([flushLine, written()]).toEqual([flushLine, flushLine]);
        vi.advanceTimersByTime(50);
        for (let i = 0; i < 10_000 && !written(); i++) await turns(10);
        expect(written()).toBe(true);
        await logs.close();
      }
    } finally {
      vi.useRealTimers();
    }
  });

  test('a full disk drops lines, counts them, throws and blocks nothing', async () => {
    const output = new NodeLogOutputs().file('/dev/full', { append: true, flushLine: true }, lost);
    for (let i = 0; i < 100; i++) output.write('line\n');
    await until(() => output.dropped === 100);
    for (let i = 0; i < 40; i++) output.write(`${'x'.repeat(100_000)}\n`);
    expect(output.dropped).toBeGreaterThan(100);
    output.close();
    expect(() => output.write('late\n')).not.toThrow();
  });

  test('a path that cannot be opened gives the reason', () => {
    expect(() =>
      new NodeLogOutputs().file(join(folder, 'no', 'x'), { append: true, flushLine: false }, lost),
    ).toThrow(/^no such file or directory$/);
  });

  test('standard output is the journal only if it is that very socket', () => {
    expect([isJournal(undefined), isJournal('1:2'), isJournal('')]).toEqual([false, false, false]);
  });
});

test('any text makes whole lines without control characters', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      const lines = formatLines(
        { group: 'dmn', level: 1, message },
        { ikeName: true, logLevel: false },
        '',
      );
      expect(lines.endsWith('\n')).toBe(true);
      for (const line of lines.slice(0, -1).split('\n'))
        expect(line).toMatch(/^01\[DMN\] [^\p{Cc}]*(\t[^\p{Cc}]*)*$/u);
    }),
    { seed: 5, numRuns: 500 },
  );
});
