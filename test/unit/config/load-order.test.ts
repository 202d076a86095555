import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoadOrder } from '../../../daemon/config/load-order.ts';

interface Item {
  readonly sequence: number;
  readonly version: number;
}

test('keeps the order of numbers through every change', () => {
  const step = fc.record({
    sequence: fc.nat(30),
    what: fc.constantFrom('add', 'add', 'remove', 'look'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const list = new LoadOrder<Item>();
      const model = new Map<number, Item>();
      const sorted = () => [...model.values()].sort((a, b) => a.sequence - b.sequence);
      for (const [version, { sequence, what }] of steps.entries()) {
        const before = model.get(sequence);
        if (what === 'look') {
          expect(list.items).toEqual(sorted());
          expect(list.first).toBe(sorted()[0]);
        } else if (before !== undefined) {
          list.remove(before);
          model.delete(sequence);
          // A thing of that number that is not in it.
          list.remove({ sequence, version });
        }
        if (what === 'add') {
          const item = { sequence, version };
          list.add(item);
          model.set(sequence, item);
        }
        expect(list.size).toBe(model.size);
      }
      expect(list.items).toEqual(sorted());
      expect(list.first).toBe(sorted()[0]);
    }),
  );
});

test('what was handed out is not changed afterwards', () => {
  const list = new LoadOrder<Item>();
  list.add({ sequence: 1, version: 0 });
  const { items } = list;
  list.add({ sequence: 2, version: 0 });
  expect(items).toHaveLength(1);
});
