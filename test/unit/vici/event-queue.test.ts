import { expect, test } from 'vitest';
import { EventQueue, MAX_WAITING, QueueIterator } from '../../../daemon/vici/event-queue.ts';

async function all<T>(queue: EventQueue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of new QueueIterator(queue, () => undefined)) items.push(item);
  return items;
}

test('items come out in their order, before and after somebody waits for them', async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  const taken = [queue.take(), queue.take(), queue.take()];
  queue.push(2);
  queue.end();
  queue.push(3);
  expect(await Promise.all(taken)).toEqual([{ item: 1 }, { item: 2 }, undefined]);
});

test('a queue says when it is full, and when there is room again', async () => {
  const said: boolean[] = [];
  const queue = new EventQueue<number>((full) => said.push(full));
  for (let n = 0; n < 1000; n++) queue.push(n);
  expect(said).toEqual([true]);
  for (let n = 0; n < 1000; n++) {
    expect(await queue.take()).toEqual({ item: n });
    expect(said.at(-1)).toBe(n < 1000 - 32 - 1);
  }
  for (let n = 0; n < 300; n++) queue.push(n);
  queue.end();
  expect(said).toEqual([true, false, true, false]);
});

test('what nobody takes ends with an error instead of all memory', async () => {
  const queue = new EventQueue<number>();
  for (let n = 0; n <= MAX_WAITING; n++) queue.push(n);
  let taken = 0;
  const run = async (): Promise<void> => {
    for await (const _ of new QueueIterator(queue, () => undefined)) taken += 1;
  };
  await expect(run()).rejects.toMatchObject({ kind: 'overflow' });
  expect(taken).toBe(MAX_WAITING);
});

test('the first end counts, and an error is thrown once what is there was taken', async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  queue.end();
  queue.end(new Error('late'));
  expect(await all(queue)).toEqual([1]);
  const broken = new EventQueue<number>();
  let left = 0;
  const loop = new QueueIterator(broken, () => {
    left += 1;
  });
  broken.push(1);
  broken.end(new Error('broken'));
  expect(await loop.next()).toEqual({ done: false, value: 1 });
  await expect(loop.next()).rejects.toThrow('broken');
  expect(await loop.next()).toEqual({ done: true, value: undefined });
  await loop.return();
  expect(left).toBe(1);
});
