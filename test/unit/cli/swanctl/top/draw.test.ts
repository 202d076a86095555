import { describe, expect, test } from 'vitest';
import { drawOnce, drawScreen, type View } from '../../../../../daemon/cli/swanctl/top/draw.ts';
import { type Reading, reading } from '../../../../../daemon/cli/swanctl/top/readings.ts';
import type { IkeRow } from '../../../../../daemon/cli/swanctl/top/sa-rows.ts';
import { clockText, short, span } from '../../../../../daemon/cli/swanctl/top/units.ts';
import { FIRST_VIEW } from '../../../../../daemon/cli/swanctl/top/view.ts';
import { section, value } from '../../../../../daemon/config/tree.ts';
import { plainLine } from '../../../../support/fake-screen.ts';

const at = new Date(2026, 10, 21, 14, 5, 9).getTime();
const STATS = [
  section('uptime', [value('running', '2 hours')]),
  section('ikesas', [value('half-open', 1)]),
];

function sa(id: number, name: string, age: number | undefined, bytes: number): IkeRow {
  const total = { bytesIn: bytes, bytesOut: 2 * bytes, packetsIn: 10, packetsOut: 20 };
  const child = {
    id: 10 * id,
    name: 'net',
    state: 'INSTALLED',
    selectors: 'a === b',
    age: 90,
    total,
  };
  const state = age === undefined ? 'CONNECTING' : 'ESTABLISHED';
  const children = age === undefined ? [] : [child];
  return { id, name, state, remote: '192.0.2.2', remoteId: 'carol', age, children };
}

function readings(...pairs: readonly (readonly IkeRow[])[]): Reading {
  let last: Reading | undefined;
  for (const [index, sas] of pairs.entries()) last = reading(at + 2000 * index, STATS, sas, last);
  if (last === undefined) throw new TypeError('nothing was read');
  return last;
}

const twice = readings(
  [sa(1, 'slow', 7500, 1000), sa(2, 'fast', 45, 1000), sa(3, 'new', undefined, 0)],
  [sa(1, 'slow', 7502, 1000), sa(2, 'fast', 47, 2_401_000), sa(3, 'new', undefined, 0)],
);

const drawn = (size: { columns: number; rows: number }, view: View = FIRST_VIEW) =>
  drawScreen(twice, [{ at, text: 'slow[1] rekeyed: slow[4]' }], view, size).map(plainLine);

describe('the screen', () => {
  test('has the SAs with most traffic first, events and keys below', () => {
    expect(drawn({ columns: 92, rows: 14 }).map((line) => line.trimEnd())).toEqual([
      '14:05:11  up 2 hours   3 IKE_SAs (2 established, 1 half-open)   2 CHILD_SAs',
      'in 1.2MB/s 0 packets/s   out 2.4MB/s 0 packets/s',
      'NAME                 STATE          AGE   IN/s  OUT/s     IN    OUT  PEER',
      "fast[2]              ESTABLISHED    47s   1.2M   2.4M                192.0.2.2 'carol'",
      '  net{20}            INSTALLED    1m30s   1.2M   2.4M   2.4M   4.8M  a === b',
      "slow[1]              ESTABLISHED  2h05m      0      0                192.0.2.2 'carol'",
      '  net{10}            INSTALLED    1m30s      0      0   1.0k   2.0k  a === b',
      "new[3]               CONNECTING       -      0      0                192.0.2.2 'carol'",
      '',
      '',
      '',
      'EVENTS',
      '14:05:09 slow[1] rekeyed: slow[4]',
      'q quit   s order: traffic   arrows scroll   space pause',
    ]);
  });

  test('is as large as the terminal, whatever that is', () => {
    for (const columns of [1, 7, 20, 80, 300]) {
      for (const rows of [1, 2, 5, 9, 24, 100]) {
        const lines = drawn({ columns, rows });
        expect(lines).toHaveLength(rows);
        expect(lines.map((line) => [...line].length)).toEqual(lines.map(() => columns));
      }
    }
  });

  test('is ordered and scrolled as wanted', () => {
    const names = (view: View) =>
      drawn({ columns: 80, rows: 14 }, view)
        .slice(3)
        .flatMap((line) => /^ *(\w+[[{]\d+)/.exec(line)?.[1] ?? []);
    const [slow, fast] = [
      ['slow[1', 'net{10'],
      ['fast[2', 'net{20'],
    ];
    expect(names({ ...FIRST_VIEW, order: 'name' })).toEqual([...fast, 'new[3', ...slow]);
    expect(names({ ...FIRST_VIEW, order: 'age' })).toEqual(['new[3', ...fast, ...slow]);
    expect(names({ ...FIRST_VIEW, order: 'number' })).toEqual([...slow, ...fast, 'new[3']);
    expect(names({ order: 'number', scroll: 3, paused: true })).toEqual(['net{20', 'new[3']);
  });

  test('once: all of it, without rates or sequences', () => {
    const lines = drawOnce(readings([sa(1, 'gw', 3, 5_000_000)]));
    expect(lines.slice(1)).toEqual([
      'in 0B/s 0 packets/s   out 0B/s 0 packets/s',
      'NAME                 STATE          AGE   IN/s  OUT/s     IN    OUT  PEER',
      "gw[1]                ESTABLISHED     3s      0      0                192.0.2.2 'carol'",
      '  net{10}            INSTALLED    1m30s      0      0   5.0M  10.0M  a === b',
    ]);
  });
});

describe('rates', () => {
  test('of a CHILD_SA that took the place of another count from nothing', () => {
    const [before] = [sa(1, 'gw', 10, 50_000)];
    const [old] = before.children;
    if (old === undefined) throw new TypeError('no child');
    const fresh = { ...old, id: 99, age: 1, total: { ...old.total, bytesIn: 3000 } };
    const now = readings([before], [{ ...before, children: [fresh] }]);
    expect(now.rates.get(99)?.bytesIn).toBe(1500);
  });

  test('of one that is old and was not seen are not known', () => {
    const now = readings([], [sa(1, 'gw', 500, 50_000)]);
    expect(now.rates.get(10)?.bytesIn).toBe(0);
  });

  test('are none if the clock was set back', () => {
    const first = reading(at, STATS, [sa(1, 'gw', 5, 0)], undefined);
    const then = reading(at - 5000, STATS, [sa(1, 'gw', 5, 1000)], first);
    expect(then.total.bytesIn).toBe(0);
  });
});

test('numbers and times are short', () => {
  const numbers = [0, 7, 999, 1000, 99_949, 99_950, 999_499, 999_500, 1e21, -5];
  expect(numbers.map(short)).toEqual([
    '0',
    '7',
    '999',
    '1.0k',
    '99.9k',
    '100k',
    '999k',
    '1.0M',
    '1000E',
    '0',
  ]);
  expect([0, 59, 60, 3599, 3600, 86_399, 90_000, -1].map(span)).toEqual([
    '0s',
    '59s',
    '1m00s',
    '59m59s',
    '1h00m',
    '23h59m',
    '1d01h',
    '0s',
  ]);
  expect(clockText(at)).toBe('14:05:09');
});
