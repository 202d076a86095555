import { expect, test } from 'vitest';
import { SelectorCensus } from '../../../daemon/ike/selector-census.ts';
import { ts } from '../../support/selectors.ts';

const pair = (local: readonly string[], remote: readonly string[]) => ({
  localTs: local.map((text) => ts(text)),
  remoteTs: remote.map((text) => ts(text)),
});

test('knows what was added, in any order, as often as it was', () => {
  const census = new SelectorCensus();
  const one = pair(['10.1.0.0/16', '10.2.0.0/16'], ['10.3.0.0/16']);
  const same = pair(['10.2.0.0/16', '10.1.0.0/16'], ['10.3.0.0/16']);
  census.add(one);
  census.add(same);
  expect(census.mayHave(same)).toBe(true);
  census.remove(one);
  expect(census.mayHave(one)).toBe(true);
  census.remove(same);
  expect(census.mayHave(one)).toBe(false);
});

test('tells thousands of selectors apart', () => {
  const census = new SelectorCensus();
  const host = (i: number) => pair(['0.0.0.0/0'], [`10.0.${i >> 8}.${i & 255}/32`]);
  for (let i = 0; i < 4000; i++) census.add(host(i));
  let mistaken = 0;
  for (let i = 4000; i < 8000; i++) if (census.mayHave(host(i))) mistaken++;
  expect(mistaken).toBeLessThan(5);
  expect(census.mayHave(pair(['10.0.0.7/32'], ['0.0.0.0/0']))).toBe(false);
  const tcp = { ...ts('10.0.0.7/32'), protocol: 6 };
  expect(census.mayHave({ localTs: [ts('0.0.0.0/0')], remoteTs: [tcp] })).toBe(false);
});
