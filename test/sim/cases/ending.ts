import { expect } from 'vitest';
import type { SideName } from './names.ts';
import type { Side } from './side.ts';
import type { Stage } from './stage.ts';

/** Milliseconds after which a daemon has forgotten an SA that is gone. */
const AFTERMATH = 120_000;

/** Complaints that no run may leave in a log. */
const COMPLAINTS = /internal error|cleaning up|TypeError|RangeError|^removing .* failed/;

/** How a case must end. */
export interface Ending {
  /** CHILD_SAs of both sides, none if not said. */
  readonly children?: readonly string[];
  /** IKE_SAs of both sides; `I` if not said. */
  readonly ikes?: readonly string[];
  /** Everything that was told on the way, on both sides or on one of them. */
  readonly news?: readonly string[] | { readonly [name in SideName]?: readonly string[] };
}

/** What must hold once every datagram has arrived and every delay is over: what the case says, and what is always so. */
export async function conclude(stage: Stage, ending?: Ending): Promise<void> {
  expect(stage.forgotten, 'datagrams that the test forgot').toEqual([]);
  await stage.untilCalm();
  expect(stage.a.family, 'A and B know the same SAs').toEqual(stage.b.family);
  for (const side of [stage.a, stage.b]) {
    if (ending !== undefined) ended(side, ending);
    settled(side);
    balanced(side);
  }
  if (stage.a.sas.some((sa) => [...sa.children.values()].some((c) => c.config.name === 'net'))) {
    stage.traffic.start();
    stage.traffic.pulse();
  }
  await dismantle(stage);
}

function ended(side: Side, { ikes = ['I'], children = [], news }: Ending): void {
  const { name } = side;
  expect(Object.keys(side.ikes), `${name}: IKE_SAs`).toEqual(ikes);
  expect(Object.keys(side.children), `${name}: CHILD_SAs`).toEqual(children);
  if (news === undefined) return;
  const told = isSame(news) ? news : news[name];
  if (told !== undefined) expect(side.history, `${name}: events`).toEqual(told);
}

function isSame(news: NonNullable<Ending['news']>): news is readonly string[] {
  return Array.isArray(news);
}

/** Nothing outstanding, the kernel as the daemon says, nothing strange in the log. */
function settled(side: Side): void {
  const { name, host } = side;
  for (const sa of side.sas) {
    expect(sa.state.kind, `${name}: state of ${sa.label}`).toBe('established');
    expect(sa.engine.waiting, `${name}: a request of ${sa.label} is unanswered`).toBe(false);
    expect([...sa.tasks.activeNames, ...sa.tasks.queuedNames], `${name}: tasks`).toEqual([]);
  }
  const children = Object.entries(side.children);
  for (const [child, state] of children) {
    expect(state, `${name}: state of ${child}`).toBe('INSTALLED/INSTALLED');
  }
  const expected = children.flatMap(([child]) => [`${child} in`, `${child} out`]).sort();
  expect(side.kernelSas, `${name}: SAs in the kernel`).toEqual(expected);
  expect(host.kernel.policies.size > 0, `${name}: policies`).toBe(children.length > 0);
  expect(
    host.lines.filter((line) => COMPLAINTS.test(line)),
    `${name}: log`,
  ).toEqual([]);
}

/** Whoever counts events counts what is there. */
function balanced(side: Side): void {
  const { host, name } = side;
  const counts = { ike: 0, child: 0 };
  for (const event of host.events) {
    // One that never was up goes down as well, and says so.
    if (event.kind === 'ike-updown' && event.ike.state !== 'CONNECTING') {
      counts.ike += event.up ? 1 : -1;
    }
    if (event.kind === 'child-updown') counts.child += event.up ? 1 : -1;
  }
  expect(counts, `${name}: events up minus down`).toEqual({
    ike: side.sas.length,
    child: Object.keys(side.children).length,
  });
}

/** Takes everything down, after which nothing may be left. */
async function dismantle(stage: Stage): Promise<void> {
  const { a, b, world } = stage;
  stage.traffic.stop();
  for (const name of Object.keys(a.ikes)) a.closeIke(name);
  for (const name of Object.keys(b.ikes)) if (!(name in a.ikes)) b.closeIke(name);
  await stage.runOut();
  await stage.pass(AFTERMATH);
  await stage.runOut();
  for (const side of [a, b]) {
    expect(side.ikes, `${side.name}: IKE_SAs at the end`).toEqual({});
    expect(side.kernel.empty, `${side.name}: kernel at the end`).toBe(true);
    expect(side.host.journal.recorded(), `${side.name}: journal at the end`).toEqual([]);
    balanced(side);
  }
  expect(world.clock.waiting, 'timers of SAs that are gone').toBe(stage.idleTimers);
}
