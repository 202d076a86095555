import { expect, test } from 'vitest';
import { type Outcome, Waiters } from '../../../daemon/ike/waiters.ts';

test('everybody who waits for the same hears the same, others nothing', async () => {
  const waiters = new Waiters();
  const [one, two, other] = [waiters.add('net'), waiters.add('net'), waiters.add(undefined)];
  waiters.settle('net', { ok: true });
  expect(await Promise.all([one, two])).toEqual([{ ok: true }, { ok: true }]);
  waiters.settleAll({ ok: false, errmsg: 'over' });
  expect(await other).toEqual({ ok: false, errmsg: 'over' });
  expect(waiters.size).toBe(0);
});

test('who gave up waiting leaves nothing behind and hears nothing', async () => {
  const waiters = new Waiters();
  const heard: Outcome[] = [];
  for (let i = 0; i < 1000; i++) {
    const over = new AbortController();
    void waiters.add('net', over.signal).then((outcome) => heard.push(outcome));
    over.abort();
  }
  expect(waiters.size).toBe(0);
  void waiters.add('net', AbortSignal.abort()).then((outcome) => heard.push(outcome));
  expect(waiters.size).toBe(0);
  const stays = waiters.add('net');
  waiters.settle('net', { ok: true });
  await stays;
  expect(heard).toEqual([]);
});
