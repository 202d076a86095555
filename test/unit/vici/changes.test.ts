import { describe, expect, test, vi } from 'vitest';
import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { NO_SAS } from '../../../daemon/control/connection-change.ts';
import { changeLines } from '../../../daemon/vici/change-lines.ts';
import { caDer } from '../../support/test-certificates.ts';
import { ask, type Plain, ViciBench } from '../../support/vici.ts';

const REPORT = value('report', 'yes');
const YES: Plain = [['success', 'yes']];
const gw = (...keys: TreeEntry[]): TreeEntry => section('gw', keys);
const net = (...keys: TreeEntry[]): TreeEntry => section('children', [section('net', keys)]);
const done = (...changes: Plain): Plain => [...YES, ['changes', changes]];

describe('connections', () => {
  test('load-conn reports what changed to whoever asks, and nobody else', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const load = (...tree: Tree): Promise<Plain> => ask(client, 'load-conn', tree);
    expect(await load(gw(net()))).toEqual(YES);
    expect(await load(REPORT, gw(net()))).toEqual(done(['gw', [['outcome', 'unchanged']]]));
    const secret = 'secret@example';
    expect(
      await load(
        REPORT,
        gw(
          value('dpd_delay', '30'),
          section('remote', [value('id', secret)]),
          net(value('reqid', '7')),
        ),
      ),
    ).toEqual(
      done([
        'gw',
        [
          ['outcome', 'replaced'],
          ['keys', ['dpd_delay', 'remote-1.auth', 'remote-1.id']],
          [
            'children',
            [
              [
                'net',
                [
                  ['outcome', 'changed'],
                  ['keys', ['reqid']],
                ],
              ],
            ],
          ],
        ],
      ]),
    );
    expect(bench.log.lines).toContain(
      "connection 'gw': changed dpd_delay, remote-1.auth, remote-1.id; child 'net' changed reqid",
    );
    expect(bench.log.lines.join('\n')).not.toContain(secret);
    expect(await load(REPORT, section('new', []))).toEqual(done(['new', [['outcome', 'added']]]));
    expect(await ask(client, 'unload-conn', [value('name', 'new'), REPORT])).toEqual(
      done(['new', [['outcome', 'removed']]]),
    );
    expect(await ask(client, 'unload-conn', [value('name', 'gw')])).toEqual(YES);
  });

  test('one that is word for word what is loaded is not read again, unless it was loaded otherwise', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const load = (...entries: TreeEntry[]) => ask(client, 'load-conn', [REPORT, gw(...entries)]);
    const outcome = (what: string): Plain => done(['gw', [['outcome', what]]]);
    const child = net(value('life_time', '1s'), value('rekey_time', '5s'));
    const loads = vi.spyOn(bench.control, 'loadConnection');
    expect(await load()).toEqual(outcome('added'));
    expect(await load()).toEqual(outcome('unchanged'));
    expect(loads).toHaveBeenCalledTimes(1);
    await bench.control.unloadConnection('gw');
    expect(await load()).toEqual(outcome('added'));
    expect(loads).toHaveBeenCalledTimes(2);
    // The last of one name counts, also if it is the one that was loaded.
    await ask(client, 'load-conn', [gw(value('encap', 'yes')), gw()]);
    expect(bench.control.connection('gw')?.encap).toBe(false);
    // Warnings are said every time.
    await load(child);
    const warned = () => bench.log.lines.filter((line) => line.includes('below rekey_time')).length;
    const before = warned();
    expect(before).toBeGreaterThan(0);
    expect(await load(child)).toEqual(outcome('unchanged'));
    expect(warned()).toBe(2 * before);
  });

  test('an unchanged one is no line at level 1', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', [gw(net())]);
    const before = bench.log.records.filter(({ level }) => level <= 1).length;
    await ask(client, 'load-conn', [gw(net())]);
    expect(bench.log.records.filter(({ level }) => level <= 1)).toHaveLength(before);
  });

  test('one that is refused leaves the loaded one, and those beside it, as they were', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', [gw(value('dpd_delay', '30'), net())]);
    const loaded = bench.control.connection('gw');
    const broken: readonly TreeEntry[] = [
      value('dpd_delay', 'soon'),
      list('proposals', ['aes9']),
      value('dpd_dellay', '3'),
      net(list('local_ts', ['10.0.0.0/99'])),
      section('remote', [list('certs', ['no certificate'])]),
    ];
    for (const entry of broken) {
      const answer = await ask(client, 'load-conn', [section('other', []), gw(entry)]);
      expect(answer[0], entry.name).toEqual(['success', 'no']);
      expect(bench.control.connection('gw'), entry.name).toBe(loaded);
      expect(bench.control.connections()).toHaveLength(1);
    }
  });

  test('diff-conn tells the same and changes nothing', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await ask(client, 'load-conn', [gw(net()), section('old', [])]);
    const [loaded, lines] = [bench.control.connection('gw'), bench.log.lines.length];
    expect(
      await ask(client, 'diff-conn', [
        gw(value('encap', 'yes'), net()),
        section('new', []),
        list('unload', ['old']),
      ]),
    ).toEqual(
      done(
        [
          'gw',
          [
            ['outcome', 'replaced'],
            ['keys', ['encap']],
          ],
        ],
        ['new', [['outcome', 'added']]],
        ['old', [['outcome', 'removed']]],
      ),
    );
    expect(bench.control.connection('gw')).toBe(loaded);
    expect(bench.control.connections().map(({ name }) => name)).toEqual(['gw', 'old']);
    expect(bench.log.lines).toHaveLength(lines);
    expect(await ask(client, 'diff-conn', [gw(value('encap', 'x'))])).toEqual([
      ['success', 'no'],
      ['errmsg', expect.stringContaining('invalid value for: encap')],
    ]);
    expect(await ask(client, 'diff-conn', [list('unload', ['nope'])])).toEqual([
      ['success', 'no'],
      ['errmsg', "unload: connection 'nope' not found"],
    ]);
  });
});

test('pools are compared by range and attributes', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const rw = (addrs: string, ...more: TreeEntry[]): TreeEntry =>
    section('rw', [value('addrs', addrs), ...more]);
  const diff = (...tree: Tree): Promise<Plain> => ask(client, 'diff-pool', tree);
  expect(await diff(rw('10.3.0.0/24'))).toEqual(done(['rw', [['outcome', 'added']]]));
  await ask(client, 'load-pool', [rw('10.3.0.0/24')]);
  expect(await diff(rw('10.3.0.0/24'))).toEqual(done(['rw', [['outcome', 'unchanged']]]));
  const dns = list('dns', ['10.3.0.1']);
  expect(await diff(rw('10.3.0.0/24', dns))).toEqual(
    done([
      'rw',
      [
        ['outcome', 'updated'],
        ['keys', ['dns']],
      ],
    ]),
  );
  expect(await ask(client, 'load-pool', [REPORT, rw('10.4.0.0/24', dns)])).toEqual(
    done([
      'rw',
      [
        ['outcome', 'replaced'],
        ['keys', ['addrs', 'dns']],
      ],
    ]),
  );
  expect(await diff(list('unload', ['rw']))).toEqual(done(['rw', [['outcome', 'removed']]]));
  expect(await diff(list('unload', ['nope']))).toEqual([
    ['success', 'no'],
    ['errmsg', 'nope not found'],
  ]);
  expect(bench.control.pools.list(undefined, false)).toHaveLength(1);
});

test('authorities are compared by certificate and URIs', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const cacert = caDer('ca');
  const ca = (...more: TreeEntry[]): TreeEntry => section('ca', [value('cacert', cacert), ...more]);
  const crl = list('crl_uris', ['http://192.0.2.1/ca.crl']);
  const diff = (...tree: Tree): Promise<Plain> => ask(client, 'diff-authority', tree);
  expect(await diff(ca())).toEqual(done(['ca', [['outcome', 'added']]]));
  expect(await ask(client, 'load-authority', [ca(crl)])).toEqual(YES);
  expect(await diff(ca(crl))).toEqual(done(['ca', [['outcome', 'unchanged']]]));
  expect(await diff(ca())).toEqual(
    done([
      'ca',
      [
        ['outcome', 'replaced'],
        ['keys', ['crl_uris']],
      ],
    ]),
  );
  expect(await diff(section('ca', [value('cacert', 'none')]))).toEqual([
    ['success', 'no'],
    ['errmsg', expect.stringContaining('invalid value for: cacert')],
  ]);
  expect(await diff(list('unload', ['ca']))).toEqual(done(['ca', [['outcome', 'removed']]]));
  expect(await ask(client, 'get-authorities')).toEqual([['authorities', ['ca']]]);
});

describe('lines for the log', () => {
  const sa = (uniqueId: number, ike: boolean, ...children: number[]) => ({
    name: 'gw',
    uniqueId,
    ike,
    children: children.map((id) => ({ name: 'net', uniqueId: id })),
  });

  test('name the SAs that close and those that go on', () => {
    expect(
      changeLines('gw', {
        outcome: 'removed',
        keys: [],
        children: [],
        closed: { total: 2, some: [sa(1, true, 4), sa(2, false, 5)] },
        kept: { total: 20, some: [sa(3, true)] },
      }),
    ).toEqual([
      "connection 'gw': closing IKE_SA gw[1] with net{4}, CHILD_SA net{5} of gw[2]",
      "connection 'gw': IKE_SA gw[3] and 19 more IKE_SAs continue under the old settings",
    ]);
  });

  test('are none for what is new or the same, and short for many keys', () => {
    const change = { children: [], closed: NO_SAS, kept: NO_SAS };
    expect(changeLines('gw', { ...change, outcome: 'added', keys: [] })).toEqual([]);
    expect(changeLines('gw', { ...change, outcome: 'unchanged', keys: [] })).toEqual([]);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const [line = ''] = changeLines('gw', { ...change, outcome: 'replaced', keys });
    expect(line).toMatch(/k31, and 8 more$/);
    const [order] = changeLines('gw', { ...change, outcome: 'updated', keys: [] });
    expect(order).toBe("connection 'gw': order of children changed");
  });
});
