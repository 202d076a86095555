import { expect, test } from 'vitest';
import type { CommandEnd, CommandRequest, Processes } from '../../../daemon/contracts/processes.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { authRound } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';

/** Scripts that end when the test lets them. */
class Scripts implements Processes {
  readonly runs: CommandRequest[] = [];
  readonly #pending: ((end: CommandEnd) => void)[] = [];
  held = false;

  run(request: CommandRequest): Promise<CommandEnd> {
    this.runs.push(request);
    return new Promise((resolve) => {
      if (this.held) this.#pending.push(resolve);
      else resolve({ kind: 'exited', code: 1 });
    });
  }

  release(end: CommandEnd = { kind: 'exited', code: 0 }): void {
    for (const resolve of this.#pending.splice(0)) resolve(end);
  }

  /** Verb and selectors of each run of one side, in order. */
  of(id: string): readonly string[] {
    return this.runs
      .map(({ environment }) => environment)
      .filter((variables) => variables['PLUTO_MY_ID'] === id)
      .map((variables) =>
        ['VERB', 'MY_CLIENT', 'PEER_CLIENT'].map((name) => variables[`PLUTO_${name}`]).join(' '),
      );
  }
}

const command = '/usr/lib/ipsec/_updown iptables';
const moonChild = {
  updown: command,
  hostaccess: true,
  localTs: ['10.1.0.0/16', '10.5.0.0/16'].map(
    (net) => ({ kind: 'fixed', selector: ts(net) }) as const,
  ),
};
const carolChild = { remoteTs: moonChild.localTs };
const MOON = 'moon.example.org';

test('for the fallback of SAs per CPU, and not for those of single CPUs', async () => {
  await using world = new World();
  const processes = new Scripts();
  const child = { updown: command, perCpuSas: 'yes' } as const;
  const [moon, carol] = await pair(world, {
    ...{ processes, carolChild: child },
    moonChild: { ...child, startAction: { trap: true, start: false } },
  });
  const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  for (const cpu of [0, 1, 2]) carry(moon.kernel, carol.kernel, { ...packet, cpu });
  await world.pass(5000);
  expect(moon.children).toHaveLength(4);
  expect(carol.children).toHaveLength(4);
  const verbs = () => processes.runs.map(({ environment }) => environment['PLUTO_VERB']);
  expect(verbs()).toEqual(['up-client', 'up-client']);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => carol.children.length === 0);
  expect(verbs()).toEqual(['up-client', 'up-client', 'down-client', 'down-client']);
});

test('once for each pair of selectors, when it comes up and when it goes down', async () => {
  await using world = new World();
  const processes = new Scripts();
  const [moon] = await pair(world, { processes, moonChild, carolChild });
  await world.during(moon.initiate('net'));
  expect(processes.of(MOON)).toEqual([
    'up-client 10.1.0.0/16 10.2.0.0/16',
    'up-client 10.5.0.0/16 10.2.0.0/16',
  ]);
  expect(processes.runs[0]).toMatchObject({ command, timeLimit: 30_000 });
  expect(processes.runs[0]?.environment).toMatchObject({
    PLUTO_PEER_ID: 'carol.example.org',
    PLUTO_HOST_ACCESS: '1',
    PLUTO_ME: '192.0.2.1',
    PLUTO_INTERFACE: expect.stringMatching(/^(?!unknown)/),
  });
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => processes.runs.length === 4);
  expect(processes.of(MOON).slice(2)).toEqual([
    'down-client 10.1.0.0/16 10.2.0.0/16',
    'down-client 10.5.0.0/16 10.2.0.0/16',
  ]);
});

test('a script that hangs holds up whoever asked for the CHILD_SA, and nobody else', async () => {
  await using world = new World();
  const processes = new Scripts();
  processes.held = true;
  const [moon, carol] = await pair(world, { processes, moonChild: { updown: command } });
  const asked = moon.initiate('net');
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  expect(await world.during(Promise.race([asked, world.pass(20_000)]))).toBeUndefined();
  // Closing does not wait for it either; what undoes the script comes after it.
  expect(await world.during(carol.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  expect(processes.of(MOON)).toEqual(['up-client 10.1.0.0/16 10.2.0.0/16']);
  processes.runs[0]?.onOutput(utf8(`${'x'.repeat(127)}\n`));
  processes.release({ kind: 'timed-out' });
  await world.settle(() => processes.runs.length === 2);
  expect(processes.of(MOON)[1]).toBe('down-client 10.1.0.0/16 10.2.0.0/16');
  processes.release();
  expect(moon.lines.filter((line) => line.includes('updown: '))).toEqual([
    expect.stringContaining(`updown: ${'x'.repeat(126)}`),
    expect.stringContaining('updown: x'),
    expect.stringContaining('updown: ended after 30s (charon.plugins.updown.timeout)'),
  ]);
});

test('a CHILD_SA that comes and goes while scripts wait costs no run and no memory', async () => {
  await using world = new World();
  const processes = new Scripts();
  processes.held = true;
  const options = { 'plugins.updown.max_parallel': 1 };
  const [moon, carol] = await pair(world, { options, processes, moonChild: { updown: command } });
  for (let round = 0; round < 3; round++) {
    void carol.initiate('net');
    await world.settle(() => moon.children.length + carol.children.length === 2);
    await world.during(carol.terminate({ ike: 'gw' }));
    await world.settle(() => moon.sas.length === 0);
  }
  processes.held = false;
  processes.release();
  await world.pass(1);
  // The first one ran and so is undone; of the others nobody ever heard.
  expect(processes.of(MOON).map((run) => run.split(' ')[0])).toEqual(['up-client', 'down-client']);
});

test('no run for rekeying; what the first CHILD_SA opened is closed with the last', async () => {
  await using world = new World();
  const processes = new Scripts();
  const [moon, carol] = await pair(world, { processes, moonChild: { updown: command } });
  await world.during(moon.initiate('net'));
  for (const host of [moon, carol]) {
    await host.daemon.control.rekey({ child: 'net', reauth: false });
    await world.pass(10_000);
    await host.daemon.control.rekey({ ike: 'gw', reauth: false });
    await world.pass(10_000);
  }
  expect(moon.events.filter(({ kind }) => kind.endsWith('rekey'))).toHaveLength(4);
  expect(processes.of(MOON).map((run) => run.split(' ')[0])).toEqual(['up-client']);
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => processes.runs.length === 2);
  const [up, down] = processes.runs.map(({ environment }) => environment);
  expect(down?.['PLUTO_VERB']).toBe('down-client');
  expect(down?.['PLUTO_INTERFACE']).toBe(up?.['PLUTO_INTERFACE']);
});

test('a hostile identity reaches the script as data, SEC-09', async () => {
  await using world = new World();
  const processes = new Scripts();
  const hostile = '`reboot`$(reboot);@example.org';
  const id = parseIdentity(`email:${hostile}`, { allowRegex: false });
  const [moon, carol] = await pair(world, {
    processes,
    moonChild: { updown: command },
    moonConnection: { remote: [authRound({})] },
    carolConnection: { local: [authRound({ id })] },
  });
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => processes.runs.length === 1);
  expect(moon.established).toHaveLength(1);
  expect(processes.runs[0]?.command).toBe(command);
  expect(processes.runs[0]?.environment['PLUTO_PEER_ID']).toBe('?reboot??(reboot)?@example.org');
});
