import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { ask, RawClient } from '../../support/vici.ts';

const CONF = `charon {
  port = 0
  port_nat_t = 0
  plugins {
    vici { socket = unix://@/charon.vici }
    kernel-null { load = yes }
  }
}
`;

const CONNECTS = 3000;
/** At a time, so that this process has descriptors for them. */
const WAVE = 600;

function residentKilobytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('three thousand connects that ask for nothing: those who are there are served, 512 at most are kept, nothing stays', async () => {
  await using daemon = new DaemonProcess(CONF);
  await daemon.says('serving VICI at');
  using operator = await RawClient.connect(daemon.socket);
  const before = residentKilobytes(daemon.pid);
  let refused = 0;
  for (let done = 0; done < CONNECTS; done += WAVE) {
    const wave = await Promise.all(
      Array.from({ length: WAVE }, () => RawClient.connect(daemon.socket).catch(() => undefined)),
    );
    // Whoever was there before them is answered in between.
    for (let round = 0; round < 20; round++) {
      expect(await ask(operator, 'version')).toContainEqual(['daemon', 'charon-ts']);
    }
    // A connect to a full backlog fails at once; the others are served or turned away.
    const answered = await Promise.all(
      wave.map((client) =>
        client === undefined
          ? false
          : ask(client, 'version').then(
              () => true,
              () => false,
            ),
      ),
    );
    const served = answered.filter((one) => one).length;
    expect(served).toBeLessThanOrEqual(511);
    expect(served).toBeGreaterThan(100);
    refused += WAVE - served;
    for (const client of wave) client?.[Symbol.dispose]();
    await Promise.all(wave.map((client) => client?.untilClosed()));
  }
  expect(refused).toBeGreaterThan(0);
  // One line for each full house.
  const lines = daemon.output.split('\n').filter((line) => line.includes('turned away'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThanOrEqual(CONNECTS / WAVE);
  expect(residentKilobytes(daemon.pid) - before).toBeLessThan(64 * 1024);
  using late = await RawClient.connect(daemon.socket);
  expect(await ask(late, 'version')).toContainEqual(['daemon', 'charon-ts']);
  daemon.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
}, 60_000);
