import { expect, test } from 'vitest';
import { PersistentMap } from '../../../daemon/util/persistent-map.ts';

test('a map stays as it was whatever is made of it', () => {
  const none = PersistentMap.empty<number>();
  const maps = [none];
  for (let i = 0; i < 1000; i++) maps.push((maps.at(-1) ?? none).with(`key ${i}`, i));
  const full = maps.at(-1) ?? none;
  expect(maps.every((map, size) => map.size === size)).toBe(true);
  expect(maps[500]?.get('key 499')).toBe(499);
  expect(maps[500]?.get('key 500')).toBeUndefined();
  expect([...full.values()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
  const changed = full.with('key 7', 70).without('key 8').without('nothing');
  expect([changed.size, changed.get('key 7'), changed.get('key 8')]).toEqual([999, 70, undefined]);
  expect([full.size, full.get('key 7'), full.get('key 8')]).toEqual([1000, 7, 8]);
  let empty = full;
  for (let i = 0; i < 1000; i++) empty = empty.without(`key ${i}`);
  expect([empty.size, ...empty.values()]).toEqual([0]);
});

test('keys that objects know by nature are keys like others', () => {
  const map = PersistentMap.empty<string>().with('__proto__', 'x');
  expect([map.get('__proto__'), map.get('constructor'), map.get('')]).toEqual([
    'x',
    undefined,
    undefined,
  ]);
});
