import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseArguments } from '../../daemon/arguments.ts';
import { openServiceLogs } from '../../daemon/service-logs.ts';
import { DatagramReceiver } from '../support/datagram-receiver.ts';
import { until } from '../support/vici.ts';

const folder = mkdtempSync(join(tmpdir(), 'service-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a daemon in the background logs to syslog, with the levels of its command line', async () => {
  const parsed = parseArguments(['--use-syslog', '--debug-ike', '2']);
  if (parsed.kind !== 'run') throw new Error('it is told to run');
  const sockets = { journal: join(folder, 'journal'), syslog: join(folder, 'syslog') };
  await using syslog = new DatagramReceiver(sockets.syslog);
  await until(() => syslog.ready);
  const logs = await openServiceLogs([], {
    journalStream: undefined,
    consoleLevels: parsed.debugLevels,
    useSyslog: parsed.useSyslog,
    sockets,
  });
  logs.hub.log('ike', 2, 'in detail');
  logs.hub.log('cfg', 2, 'too much');
  await logs.reconfigure([]);
  logs.hub.log('cfg', 1, 'after a reload');
  await logs.close();
  await until(() => syslog.entries.length >= 2);
  const [first, second, ...more] = syslog.entries;
  expect(first).toMatch(/^<30>.*charon.*\[IKE\] in detail$/);
  expect(second).toMatch(/after a reload$/);
  expect(more).toEqual([]);
});
