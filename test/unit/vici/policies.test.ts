import { describe, expect, test } from 'vitest';
import { section, type Tree, value } from '../../../daemon/config/tree.ts';
import type { PolicyView } from '../../../daemon/control/views.ts';
import { ask, type Plain, stream, ViciBench } from '../../support/vici.ts';

const psk = (id: string): Tree => [value('auth', 'psk'), value('id', id)];
const GW: Tree = [
  section('gw', [
    section('local', psk('node-a.example')),
    section('remote', psk('node-b.example')),
    section('children', [section('net', [])]),
  ]),
];
const YES: Plain = [['success', 'yes']];
const no = (errmsg: string): Plain => [
  ['success', 'no'],
  ['errmsg', errmsg],
];

describe('policies', () => {
  const trap: PolicyView = {
    kind: 'trap',
    ike: 'gw',
    child: 'net',
    reqid: 3,
    mode: 'tunnel',
    localTs: ['10.1.0.0/16'],
    remoteTs: ['10.2.0.0/16', '10.3.0.0/16[tcp/http]'],
  };
  const shunt = (kind: 'pass' | 'drop'): PolicyView => ({
    kind,
    ike: 'shunt',
    child: kind,
    mode: kind,
    localTs: ['dynamic'],
    remoteTs: ['192.0.2.0/24'],
  });
  const listed = (
    client: Awaited<ReturnType<ViciBench['raw']>>,
    ...keys: readonly (readonly [string, string])[]
  ) =>
    stream(
      client,
      'list-policies',
      'list-policy',
      keys.map(([name, text]) => value(name, text)),
    );

  test('are installed and uninstalled', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', GW);
    expect(await ask(client, 'install', [value('child', 'net')])).toEqual(YES);
    bench.control.installs = false;
    expect(await ask(client, 'install', [value('child', 'net')])).toEqual(
      no("installing policy 'net' failed"),
    );
    expect(await ask(client, 'install', [value('child', 'net'), value('ike', 'x')])).toEqual(
      no('configuration name not found'),
    );
    bench.control.installed = [trap];
    expect(await ask(client, 'uninstall', [value('child', 'net'), value('ike', 'x')])).toEqual(
      no("policy 'net' not found"),
    );
    expect(await ask(client, 'uninstall', [value('child', 'net')])).toEqual(YES);
    expect(bench.control.installed).toEqual([]);
  });

  test('are listed by kind, child and connection', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    bench.control.installed = [trap, shunt('pass'), shunt('drop')];
    const trapSection = [
      'gw/net',
      [
        ['child', 'net'],
        ['reqid', '3'],
        ['ike', 'gw'],
        ['mode', 'TUNNEL'],
        ['local-ts', ['10.1.0.0/16']],
        ['remote-ts', ['10.2.0.0/16', '10.3.0.0/16[tcp/http]']],
      ],
    ];
    const shuntSection = (kind: string) => [
      `shunt/${kind}`,
      [
        ['child', kind],
        ['ike', 'shunt'],
        ['mode', kind.toUpperCase()],
        ['local-ts', ['dynamic']],
        ['remote-ts', ['192.0.2.0/24']],
      ],
    ];
    expect(await listed(client)).toEqual([]);
    expect(await listed(client, ['trap', 'no'])).toEqual([[trapSection]]);
    expect(await listed(client, ['trap', 'yes'], ['pass', ''], ['drop', 'yes'])).toEqual([
      [trapSection],
      [shuntSection('pass')],
      [shuntSection('drop')],
    ]);
    expect(await listed(client, ['drop', 'yes'])).toEqual([[shuntSection('drop')]]);
    const all = [
      ['trap', 'yes'],
      ['pass', 'yes'],
      ['drop', 'yes'],
    ] as const;
    expect(await listed(client, ...all, ['child', 'pass'])).toEqual([[shuntSection('pass')]]);
    expect(await listed(client, ...all, ['ike', 'gw'])).toEqual([[trapSection]]);
    expect(await listed(client, ...all, ['ike', 'gw'], ['child', 'pass'])).toEqual([]);
  });
});
