import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { encodeMessage } from '../../../daemon/vici/message.ts';
import { sectionText, sectionTexts } from '../../../daemon/vici/section-texts.ts';
import { ask, testCrypto, ViciBench } from '../../support/vici.ts';

const textsOf = (octets: Uint8Array) => sectionTexts(octets, 0, testCrypto);
const long = section('long', [value('x', 'y'.repeat(2000))]);
const one = section('one', [list('l', ['a', 'b']), section('in', [value('k', 'v')])]);

describe('sections of a request by their octets', () => {
  test('are told apart without decoding, with the text of each alone', () => {
    const expected = [one, long].map((entry) => ({
      name: entry.name,
      text: sectionText(encodeMessage([entry]), testCrypto),
    }));
    expect(textsOf(encodeMessage([one, long]))).toEqual(expected);
    expect(expected[1]?.text.length).toBeLessThan(100);
  });

  test('other things beside them, and what is cut off, are left to the decoder', () => {
    expect(textsOf(encodeMessage([one, value('report', 'yes')]))).toBeUndefined();
    expect(textsOf(encodeMessage([list('l', [])]))).toBeUndefined();
    const octets = encodeMessage([one]);
    for (let cut = 1; cut < octets.length; cut++)
      expect(textsOf(octets.subarray(0, cut))).toBeUndefined();
  });

  test('never fails, whatever the octets are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => void textsOf(octets)));
  });
});

test('loading again what is loaded says so; anything else is read, and after unloading all is', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const gw = (delay: string): Tree => [
    section('gw', [value('dpd_delay', delay), section('local', [value('auth', 'psk')])]),
  ];
  const load = (tree: Tree) => ask(client, 'load-conn', tree);
  const delay = () => bench.control.store.get('gw')?.dpdDelay;
  await load(gw('10s'));
  const first = bench.control.store.get('gw');
  expect(await load(gw('10s'))).toEqual([['success', 'yes']]);
  expect(bench.control.store.get('gw')).toBe(first);
  await load(gw('20s'));
  expect(delay()).toBe(20);
  await load(gw('10s'));
  expect(delay()).toBe(10);
  await ask(client, 'unload-conn', [value('name', 'gw')]);
  await load(gw('10s'));
  expect(delay()).toBe(10);
  expect(await load([...gw('10s'), value('report', 'yes')])).toMatchObject([
    ['success', 'yes'],
    ['changes', [['gw', [['outcome', 'unchanged']]]]],
  ]);
});
