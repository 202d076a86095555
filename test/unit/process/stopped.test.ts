import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { daemonPair } from '../../support/daemon-pair.ts';

/** Milliseconds for which a process gets no time. */
const STOPPED = 20_000;

test('a daemon that is stopped for 20 s goes on with its IKE_SA, without a burst of questions', async () => {
  await using stack = new AsyncDisposableStack();
  const often = { connection: { dpd_delay: '2s' } };
  const [moon, carol] = await daemonPair(often, often);
  stack.use(moon);
  stack.use(carol);
  await carol.initiate();
  const before = await Promise.all([moon.established(), carol.established()]);
  expect(before).toEqual([['1'], ['1']]);
  const asked = moon.count('sending DPD request');

  moon.process.kill('SIGSTOP');
  await sleep(STOPPED);
  moon.process.kill('SIGCONT');
  // What was said meanwhile is answered first; of the ten questions of that time one is asked.
  await carol.process.says('retransmit 2 of request');
  await sleep(1500);
  expect(moon.count('sending DPD request') - asked).toBeLessThanOrEqual(1);
  expect(await Promise.all([moon.established(), carol.established()])).toEqual(before);
  for (const member of [moon, carol]) {
    expect(member.process.output).not.toMatch(/giving up|deleting|internal error/);
  }
  // Both are of use afterwards.
  await moon.vici.request('rekey', { ike: 'gw' });
  await carol.process.says('IKE_SA gw[2] rekeyed between');
  await moon.terminate();
  expect(await carol.established()).toEqual([]);
}, 60_000);
