import { expect, test } from 'vitest';
import { list, section, value } from '../../../daemon/config/tree.ts';
import { ask, type Plain, ViciBench } from '../../support/vici.ts';

const NUMBERS = 'a whole number from 0 to 4294967295';
const refusal = (errmsg: string): Plain => [
  ['success', 'no'],
  ['errmsg', errmsg],
];

test.each(['rekey', 'terminate'])('%s: a mistake is named and nothing is matched', async (name) => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const others = name === 'rekey' ? 'reauth' : 'force, timeout, loglevel';
  const cases = [
    [
      value('ike_id', '3'),
      `unknown key 'ike_id' (did you mean 'ike-id'?), allowed: child, ike, child-id, ike-id, ${others}`,
    ],
    [value('child-id', 'abc'), `invalid value 'abc' for child-id, allowed: ${NUMBERS}`],
    [value('child-id', '-1'), `invalid value '-1' for child-id, allowed: ${NUMBERS}`],
    [value('ike-id', '4294967296'), `invalid value '4294967296' for ike-id, allowed: ${NUMBERS}`],
    [value('ike-id', '\n\u0000x'), `invalid value '??x' for ike-id, allowed: ${NUMBERS}`],
    [
      value('ike-id', '9'.repeat(999)),
      `invalid value '${'9'.repeat(64)}' for ike-id, allowed: ${NUMBERS}`,
    ],
    [list('child', ['net']), 'child must be a key/value, not a list'],
    [section('child', []), 'child must be a key/value, not a section'],
    [value('ike', 'other'), 'ike is given twice'],
  ] as const;
  for (const [entry, errmsg] of cases) {
    expect(await ask(client, name, [value('ike', 'gw'), entry])).toEqual(refusal(errmsg));
  }
  const flag = name === 'rekey' ? 'reauth' : 'force';
  expect(await ask(client, name, [value('ike', 'gw'), value(flag, 'perhaps')])).toEqual(
    refusal(`invalid value 'perhaps' for ${flag}, allowed: yes or no`),
  );
  expect(bench.control.rekeyed.length + bench.control.terminated.length).toBe(0);
});

test('the counters too, and empty values stand for the default', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  for (const name of ['get-counters', 'reset-counters']) {
    expect(await ask(client, name, [value('all', 'maybe')])).toEqual(
      refusal("invalid value 'maybe' for all, allowed: yes or no"),
    );
    expect(await ask(client, name, [value('conn', 'gw')])).toEqual(
      refusal("unknown key 'conn', allowed: name, all"),
    );
    const answer = await ask(client, name, [value('all', ''), value('name', '')]);
    expect(answer.at(-1)).toEqual(['success', 'yes']);
  }
});
