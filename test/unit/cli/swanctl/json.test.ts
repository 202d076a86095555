import { expect, test } from 'vitest';
import { list, section, value } from '../../../../daemon/config/tree.ts';
import { jsonText } from '../../../../daemon/vici/json-text.ts';
import { connectionConfig } from '../../../support/connections.ts';
import { childSaView, ikeSaView } from '../../../support/fake-control.ts';
import { MemoryTerminal, swanctlOn } from '../../../support/swanctl-run.ts';
import { ViciBench } from '../../../support/vici.ts';

test('numbers keep every digit, and what is no number stays text', () => {
  const types = { numbers: ['bytes', 'odd', 'zero', 'minus'] };
  const tree = [
    value('bytes', 18446744073709551615n),
    value('odd', '1e3'),
    value('zero', '007'),
    value('minus', -5),
    value('other', 5),
  ];
  expect(jsonText(tree, types)).toBe(
    '{"bytes":18446744073709551615,"odd":"1e3","zero":"007","minus":-5,"other":"5"}',
  );
});

test('octets, names and texts of every kind make valid JSON', () => {
  const tree = [
    value('data', Uint8Array.of(0, 255, 128)),
    value('latin', Uint8Array.of(0xe9)),
    value('utf8', 'ä"\\\n\u0000'),
    section('__proto__', [value('constructor', 1)]),
    section('', []),
    list('items', [Uint8Array.of(0xff), 'x']),
  ];
  const read = JSON.parse(jsonText(tree, { octets: ['data'] }));
  expect(read.data).toBe('AP+A');
  expect(read).toMatchObject({ latin: 'é', utf8: 'ä"\\\n\u0000', items: ['ÿ', 'x'] });
  expect(Object.keys(read)).toEqual(['data', 'latin', 'utf8', '__proto__', '', 'items']);
});

test('of equal names the first counts', () => {
  expect(jsonText([value('a', 'x'), value('a', 'y')])).toBe('{"a":"x"}');
});

test('--list-sas is one array of what the daemon sends, numbers as numbers', async () => {
  await using bench = await ViciBench.start();
  const child = childSaView();
  const many = { ...child.installed, in: { bytes: 2n ** 63n, packets: 7n } };
  bench.control.sas = [
    ikeSaView({ children: [{ ...child, installed: many } as never] }),
    ikeSaView(),
  ];
  const { code, stdout } = await swanctlOn(bench, ['--list-sas', '--json']);
  expect(code).toBe(0);
  expect(stdout).toContain('"bytes-in":9223372036854775808,');
  const [first, second] = JSON.parse(stdout);
  expect(second.gw).toMatchObject({ uniqueid: 1, state: 'ESTABLISHED', established: 1 });
  expect(first.gw['child-sas']['net-2']).toMatchObject({
    'packets-in': 7,
    'spi-in': '3efb9645',
    'local-ts': ['10.1.0.0/16'],
  });
});

test('every listing is one document, an empty one too', async () => {
  await using bench = await ViciBench.start();
  const listing = async (...words: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await swanctlOn(bench, [...words, '--json']);
    expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  for (const word of ['sas', 'conns', 'pols', 'certs', 'authorities']) {
    expect(await listing(`--list-${word}`)).toEqual([]);
  }
  await bench.control.loadConnection(connectionConfig('gw'));
  expect(await listing('--list-conns')).toMatchObject([
    { gw: { version: 'IKEv2', local_port: 500 } },
  ]);
  expect(await listing('--list-pools')).toEqual({});
  expect(await listing('--list-algs')).toMatchObject({ encryption: {} });
  expect(await listing('--counters')).toMatchObject({ counters: { '': { 'child-rekey': 0 } } });
  expect(await listing('--stats')).toMatchObject({
    ikesas: { total: 0 },
    plugins: ['crypto-node'],
  });
  expect(await listing('--version')).toEqual({
    program: 'swanctl',
    version: '6.1.0',
    'charon-ts': '1.2.3',
  });
  expect(await listing('--version', '--daemon')).toMatchObject({ daemon: 'charon' });
});

test('a refusal fails, unlike a dump', async () => {
  await using bench = await ViciBench.start();
  const { code, stdout, stderr } = await swanctlOn(bench, ['--counters', '--name', 'x', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ success: 'no' });
  expect(stderr).toBe('get-counters failed: no counters found for this connection\n');
});

test('streams are a document on each line', async () => {
  await using bench = await ViciBench.start();
  const terminal = new MemoryTerminal();
  const running = swanctlOn(bench, ['--monitor-sa', '--json'], terminal);
  while (bench.control.listeners === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
  bench.control.raise({ kind: 'child-updown', up: false, ike: ikeSaView() });
  while (terminal.stdout.split('\n').length < 3) await new Promise((r) => setTimeout(r, 5));
  terminal.interrupt();
  const { code, stdout } = await running;
  expect(code).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ event }) => event)).toEqual(['ike-updown', 'child-updown']);
  expect(lines[0].data).toMatchObject({ up: 'yes', gw: { uniqueid: 1 } });
});

test('the usage texts of stock commands do not show it', async () => {
  await using bench = await ViciBench.start();
  const { stdout } = await swanctlOn(bench, ['--list-sas', '--help']);
  expect(stdout).toContain('--pretty');
  expect(stdout).not.toContain('json');
});
