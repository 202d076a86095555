import { expect, test } from 'vitest';
import type { IpAddress } from '../../../../../daemon/proto/ip-address.ts';
import { childSaView, ikeSaView } from '../../../../support/fake-control.ts';
import { FakeScreen } from '../../../../support/fake-screen.ts';
import { MemoryTerminal, swanctlOn } from '../../../../support/swanctl-run.ts';
import { until, ViciBench } from '../../../../support/vici.ts';

interface Watching {
  readonly bench: ViciBench;
  readonly screen: FakeScreen;
  readonly terminal: MemoryTerminal;
  readonly ended: ReturnType<typeof swanctlOn>;
}

/** `--top` at work, with the first reading on the screen. */
async function watching(bench: ViciBench, size = [100, 20] as const): Promise<Watching> {
  const terminal = new MemoryTerminal();
  const screen = new FakeScreen(...size);
  terminal.drawn = screen;
  const words = ['--top', '--interval', '0.1'];
  const ended = swanctlOn(bench, words, terminal, {}, () => performance.now());
  await until(() => screen.frames > 0 && bench.control.listeners >= 5);
  return { bench, screen, terminal, ended };
}

const has = (screen: FakeScreen, text: string) => screen.lines.some((line) => line.includes(text));

test('shows SAs, what flows and what happens, until q', async () => {
  await using bench = await ViciBench.start();
  bench.control.sas = [ikeSaView()];
  const { screen, ended } = await watching(bench);
  expect(has(screen, 'gw[1]                ESTABLISHED     1s      0      0')).toBe(true);
  expect(has(screen, '10.1.0.0/16 === 10.2.0.0/16')).toBe(true);
  const child = childSaView();
  const more = { ...child.installed, in: { bytes: 10n ** 9n, packets: 5n } };
  bench.control.sas = [ikeSaView({ children: [{ ...child, installed: more } as never] })];
  await until(() => screen.lines.some((line) => /net\{2\}.* 1\.0G /.test(line)));
  expect(has(screen, 'in 0B/s')).toBe(false);

  bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
  bench.control.raise({ kind: 'child-updown', up: false, ike: ikeSaView() });
  bench.control.raise({ kind: 'ike-rekey', old: ikeSaView(), new: ikeSaView({ uniqueId: 2 }) });
  const fresh = childSaView({ uniqueId: 3 });
  bench.control.raise({ kind: 'child-rekey', ike: ikeSaView(), old: childSaView(), new: fresh });
  bench.control.raise({ kind: 'alert', type: 'peer-auth-failed', ike: ikeSaView() });
  bench.control.raise({ kind: 'alert', type: 'shutdown-signal' });
  await until(() => has(screen, 'shutdown-signal'));
  const events = screen.lines.slice(screen.lines.findIndex((line) => /^EVENTS/.test(line)) + 1, -1);
  expect(events.map((line) => line.slice(9).trimEnd())).toEqual([
    "gw[1] established with 'node-b.example' at 10.9.0.2",
    'gw[1] CHILD_SA net{2} removed',
    'gw[1] rekeyed: gw[2]',
    'gw[1] CHILD_SA net{2} rekeyed: net{3}',
    'alert peer-auth-failed gw[1] 10.9.0.2',
    'alert shutdown-signal',
  ]);

  screen.type('s');
  expect(has(screen, 'order: name')).toBe(true);
  screen.resize(30, 9);
  expect(screen.lines).toHaveLength(9);
  screen.type('q');
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(screen.disposed).toBe(true);
});

test('while it is paused nothing is read', async () => {
  await using bench = await ViciBench.start();
  const { screen, ended } = await watching(bench);
  screen.type(' ');
  await new Promise((resolve) => setTimeout(resolve, 600));
  bench.control.sas = [ikeSaView()];
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(has(screen, 'gw[1]')).toBe(false);
  screen.type(' ');
  await until(() => has(screen, 'gw[1]'));
  screen.type('\x03');
  expect((await ended).code).toBe(0);
});

test('an interrupt, and a terminal that goes away, end it', async () => {
  await using bench = await ViciBench.start();
  const first = await watching(bench);
  first.terminal.interrupt();
  expect((await first.ended).code).toBe(0);
  const second = await watching(bench);
  second.screen.type('');
  expect((await second.ended).code).toBe(0);
  expect([first, second].map(({ screen }) => screen.disposed)).toEqual([true, true]);
});

test('when the daemon ends the terminal is given back and that is said', async () => {
  const bench = await ViciBench.start();
  const { screen, ended } = await watching(bench);
  await bench[Symbol.asyncDispose]();
  expect(await ended).toMatchObject({ code: 104, stderr: 'the daemon closed the connection\n' });
  expect(screen.disposed).toBe(true);
});

test('what peers call themselves does not steer the terminal', async () => {
  await using bench = await ViciBench.start();
  bench.control.sas = [
    ikeSaView({ remoteId: 'x\x1b[2Jä', remoteHost: '10.9.0.2' as IpAddress, name: 'gw' }),
  ];
  const { screen, ended } = await watching(bench);
  expect(has(screen, "'x?[2Jä'")).toBe(true);
  screen.type('q');
  await ended;
});

test('without a terminal all SAs are printed once', async () => {
  await using bench = await ViciBench.start();
  bench.control.sas = [ikeSaView()];
  const { code, stdout } = await swanctlOn(bench, ['--top']);
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(2)).toEqual([
    'NAME                 STATE          AGE   IN/s  OUT/s     IN    OUT  PEER',
    "gw[1]                ESTABLISHED     1s      0      0                10.9.0.2 'node-b.example'",
    '  net{2}             INSTALLED       1s      0      0    168    168  10.1.0.0/16 === 10.2.0.0/16',
    '',
  ]);
});

test.each(['0', 'x', '-1', '4000', ''])('--interval %s is refused', async (text) => {
  await using bench = await ViciBench.start();
  expect(await swanctlOn(bench, ['--top', '--interval', text])).toEqual({
    code: 22,
    stdout: '',
    stderr: `invalid --interval '${text}': 0.1 to 3600 seconds\n`,
  });
});
