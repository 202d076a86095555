import { expect, test } from 'vitest';
import { FairShare } from '../../../daemon/vici/fair-share.ts';

/** An event loop whose turns a test makes. */
class Loop {
  #waiting: (() => void)[] = [];
  readonly nextTurn = (): Promise<void> => new Promise((go) => this.#waiting.push(go));

  async turn(): Promise<void> {
    for (const go of this.#waiting.splice(0)) go();
    // Everything that follows from it has happened.
    await new Promise((done) => setImmediate(done));
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }
}

const SMALL = 10;
const LARGE = 512 * 1024;

/** Begins so many requests; how many of them have begun. */
function requests(turns: FairShare, count: number, octets: number): { begun: number } {
  const seen = { begun: 0 };
  for (let i = 0; i < count; i++) {
    const turn = turns.begin(octets);
    if (turn === undefined) seen.begun++;
    else
      void turn.then(() => {
        seen.begun++;
      });
  }
  return seen;
}

/** A list that goes on for ever; how many events it has streamed. */
function stream(turns: FairShare): { events: number } {
  const seen = { events: 0 };
  void (async () => {
    for (;;) {
      seen.events++;
      await (turns.goOn() ?? Promise.resolve());
    }
  })();
  return seen;
}

test('a turn takes 32 small requests, the others follow in theirs', async () => {
  const loop = new Loop();
  const seen = requests(new FairShare(loop.nextTurn), 100, SMALL);
  const counts = [seen.begun];
  for (let i = 0; i < 4; i++) {
    await loop.turn();
    counts.push(seen.begun);
  }
  expect(counts).toEqual([32, 64, 96, 100, 100]);
  await loop.turn();
  expect(loop.idle).toBe(true);
});

test('one of the largest requests fills a turn; a small one waits for one of them at most', async () => {
  const loop = new Loop();
  const turns = new FairShare(loop.nextTurn);
  const large = requests(turns, 5, LARGE);
  const counts: number[][] = [];
  for (let i = 0; i < 4; i++) {
    const small = requests(turns, 20, SMALL);
    const at = large.begun;
    await loop.turn();
    counts.push([large.begun - at, small.begun]);
  }
  expect(counts).toEqual([
    [1, 20],
    [1, 16],
    [1, 12],
    [1, 8],
  ]);
});

test('large requests do not starve under a flood of small ones', async () => {
  const loop = new Loop();
  const turns = new FairShare(loop.nextTurn);
  const small = requests(turns, 2000, SMALL);
  const large = requests(turns, 10, LARGE);
  for (let i = 0; i < 10; i++) await loop.turn();
  expect(large.begun).toBe(10);
  expect(small.begun).toBeLessThan(2000);
});

test('three hundred lists share the turns: bounded work in each, and nobody starves', async () => {
  const loop = new Loop();
  const turns = new FairShare(loop.nextTurn);
  const lists = Array.from({ length: 300 }, () => stream(turns));
  const total = (): number => lists.reduce((sum, { events }) => sum + events, 0);
  await new Promise((done) => setImmediate(done));
  let before = total();
  for (let i = 0; i < 600; i++) {
    await loop.turn();
    expect(total() - before).toBeLessThanOrEqual(32);
    before = total();
  }
  const events = lists.map((list) => list.events);
  expect(Math.min(...events)).toBeGreaterThan(1);
  expect(Math.max(...events)).toBeLessThan(4 * 32);
});

test('a request waits for one turn, not for all the lists; the lists go on under a flood of requests', async () => {
  const loop = new Loop();
  const turns = new FairShare(loop.nextTurn);
  const lists = Array.from({ length: 300 }, () => stream(turns));
  await loop.turn();
  const one = requests(turns, 1, SMALL);
  await loop.turn();
  expect(one.begun).toBe(1);
  const before = lists.map((list) => list.events);
  const flood = requests(turns, 20_000, SMALL);
  for (let i = 0; i < 400; i++) await loop.turn();
  expect(flood.begun).toBeLessThan(400 * 33);
  expect(lists.every((list, i) => list.events > (before[i] ?? 0))).toBe(true);
});
