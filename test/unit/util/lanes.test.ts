import { expect, test } from 'vitest';
import { Lanes } from '../../../daemon/util/lanes.ts';

/** Jobs that end when a test says so, and what began so far. */
class Bench {
  readonly began: string[] = [];
  readonly errors: unknown[] = [];
  readonly lanes: Lanes;
  readonly #ends = new Map<string, (error?: Error) => void>();

  constructor(limit: number) {
    this.lanes = new Lanes(
      () => limit,
      (error) => this.errors.push(error),
    );
  }

  add(lane: string, name: string) {
    return this.lanes.add(lane, () => {
      this.began.push(name);
      return new Promise((resolve, reject) => {
        this.#ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
      });
    });
  }

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error);
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one after the other in a lane, lanes side by side up to the limit', async () => {
  const bench = new Bench(2);
  for (const [lane, name] of [
    ['a', 'a1'],
    ['a', 'a2'],
    ['b', 'b1'],
    ['c', 'c1'],
  ] as const) {
    bench.add(lane, name);
  }
  expect(bench.began).toEqual([]);
  await turn();
  expect(bench.began).toEqual(['a1', 'b1']);
  await bench.end('a1');
  // Lane c has waited longer than the second job of lane a.
  expect(bench.began).toEqual(['a1', 'b1', 'c1']);
  await bench.end('b1');
  expect(bench.began.at(-1)).toBe('a2');
  let settled = false;
  void bench.lanes.settled().then(() => {
    settled = true;
  });
  await bench.end('a2');
  expect(settled).toBe(false);
  await bench.end('c1');
  expect(settled).toBe(true);
});

test('what has not begun can be cancelled, what has cannot', async () => {
  const bench = new Bench(1);
  const [first, second, third] = [bench.add('a', '1'), bench.add('a', '2'), bench.add('a', '3')];
  await turn();
  expect(first.cancel()).toBe(false);
  expect(second.cancel()).toBe(true);
  await second.done;
  await bench.end('1');
  expect(bench.began).toEqual(['1', '3']);
  await bench.end('3');
  await third.done;
  const only = bench.add('b', '4');
  expect(only.cancel()).toBe(true);
  await turn();
  expect(bench.began).toEqual(['1', '3']);
  await bench.lanes.settled();
});

test('a job that fails holds nothing up', async () => {
  const bench = new Bench(1);
  bench.add('a', '1');
  const second = bench.add('a', '2');
  await turn();
  await bench.end('1', new Error('broken'));
  expect(bench.errors).toEqual([new Error('broken')]);
  await bench.end('2');
  await second.done;
});
