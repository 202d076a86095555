import { expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { ip } from '../../support/selectors.ts';
import { ask, type Plain, ViciBench } from '../../support/vici.ts';

const no = (errmsg: string): Plain => [
  ['success', 'no'],
  ['errmsg', errmsg],
];
const YES: Plain = [['success', 'yes']];

const pool = (name: string, addrs: string, ...more: Tree): Tree => [
  section(name, [value('addrs', addrs), ...more]),
];

test('load-pool, get-pools, unload-pool', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const { pools } = bench.control;
  expect(await ask(client, 'get-pools')).toEqual([]);
  expect(
    await ask(client, 'load-pool', [
      ...pool('v4', '10.3.0.0/24', list('dns', ['10.1.0.20'])),
      ...pool('v6', 'fd00::/64'),
    ]),
  ).toEqual(YES);
  const identity = parseIdentity('carol@example.org', { allowRegex: false });
  const request = { identity, asked: ip('0.0.0.0'), share: false, held: new Set([]) };
  const lease = pools.acquire(['v4'], request, bench.log);

  const summary = (online: string, offline: string): Plain[number] => [
    'v4',
    [
      ['base', '10.3.0.1'],
      ['size', '254'],
      ['online', online],
      ['offline', offline],
    ],
  ];
  expect((await ask(client, 'get-pools'))[0]).toEqual(summary('1', '0'));
  expect(await ask(client, 'get-pools', [value('name', 'v6'), value('leases', 'yes')])).toEqual([
    [
      'v6',
      [
        ['base', 'fd00::1'],
        ['size', '2147483646'],
        ['online', '0'],
        ['offline', '0'],
        ['leases', []],
      ],
    ],
  ]);
  expect(await ask(client, 'unload-pool', [value('name', 'v4')])).toEqual(
    no('v4 has online leases, unable to unload'),
  );
  expect(await ask(client, 'load-pool', pool('v4', '10.4.0.0/24'))).toEqual(
    no('vici pool v4 has online leases, unable to replace'),
  );
  const listed = async (): Promise<Plain> =>
    (await ask(client, 'get-pools', [value('name', 'v4'), value('leases', '1')]))[0]?.[1] as Plain;
  const leases = (status: string): Plain[number] => [
    'leases',
    [
      [
        '0',
        [
          ['address', '10.3.0.1'],
          ['identity', 'carol@example.org'],
          ['status', status],
        ],
      ],
    ],
  ];
  expect((await listed()).at(-1)).toEqual(leases('online'));
  lease?.release();
  expect((await listed()).at(-1)).toEqual(leases('offline'));
  expect((await ask(client, 'get-pools'))[0]).toEqual(summary('0', '1'));
  expect(await ask(client, 'unload-pool', [value('name', 'v4')])).toEqual(YES);
  expect((await ask(client, 'get-pools')).map(([name]) => name)).toEqual(['v6']);
});

test('errors of load-pool and unload-pool; a broken section loads none of the others', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const load = (tree: Tree): Promise<Plain> => ask(client, 'load-pool', tree);
  expect(await load([section('v4', [])])).toEqual(no("missing addrs for pool 'v4'"));
  const broken = [...pool('v4', '10.3.0.0/24'), ...pool('v6', 'nonsense')];
  expect(await load(broken)).toEqual(no('invalid addrs value: nonsense'));
  expect(await ask(client, 'get-pools')).toEqual([]);
  const unknown = await load(pool('v4', '10.3.0.0/24', list('wins', ['10.0.0.1'])));
  expect(unknown[1]?.[1]).toMatch(/^invalid attribute: wins/);
  expect(await ask(client, 'unload-pool')).toEqual(no('missing pool name to unload'));
  expect(await ask(client, 'unload-pool', [value('name', 'v4')])).toEqual(no('v4 not found'));
});
