import { expect, test } from 'vitest';
import { daemonPair } from '../../support/daemon-pair.ts';
import { ask, RawClient, until } from '../../support/vici.ts';

// What is left when VICI clients have taken all they get: two for each script, and those of journals that are written anew.
const LIMIT = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'];
const TURNED_AWAY = 'vici client turned away: the last 16 of 64 file descriptors';

test('with 64 descriptors VICI clients are turned away first, IKE goes on, and the daemon recovers', async () => {
  await using stack = new AsyncDisposableStack();
  const [moon, carol] = await daemonPair(
    { wrapper: LIMIT, child: { updown: 'echo moved $PLUTO_VERB' } },
    {},
  );
  stack.use(moon);
  stack.use(carol);

  const crowd: RawClient[] = [];
  for (let n = 0; n < 200; n++) crowd.push(await RawClient.connect(moon.process.socket));
  const answered = await Promise.all(
    crowd.map((client) =>
      ask(client, 'version').then(
        () => true,
        () => false,
      ),
    ),
  );
  const served = answered.filter((one) => one).length;
  expect(served).toBeGreaterThan(5);
  expect(served).toBeLessThan(48);
  expect(moon.count(TURNED_AWAY)).toBe(1);

  for (let round = 1; round <= 3; round++) {
    await carol.initiate();
    expect(await moon.established()).toHaveLength(1);
    await carol.vici.request('rekey', { ike: 'gw', child: 'net' });
    await moon.process.says(`CHILD_SA net{${2 * round}} established`);
    await carol.terminate();
    expect(await moon.established()).toEqual([]);
    await until(() => moon.count('updown: moved down-client') === round);
  }
  expect(moon.process.output).not.toMatch(/too many open files|internal error/);

  for (const client of crowd) client[Symbol.dispose]();
  await until(() => crowd.every((client) => client.closed));
  using late = await RawClient.connect(moon.process.socket);
  expect(await ask(late, 'version')).toContainEqual(['daemon', 'charon-ts']);
  moon.process.kill('SIGTERM');
  expect(await moon.process.ended).toMatchObject({ code: 0, stderr: '' });
}, 60_000);
