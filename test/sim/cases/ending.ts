import { holds } from './holds.ts';
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
  holds(stage.forgotten, [], 'datagrams that the test forgot');
  await stage.untilCalm();
  holds(stage.a.family, stage.b.family, 'A and B know the same SAs');
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
  holds(Object.keys(side.ikes), ikes, `${name}: IKE_SAs`);
  holds(Object.keys(side.children), children, `${name}: CHILD_SAs`);
  if (news === undefined) return;
  const told = isSame(news) ? news : news[name];
  if (told !== undefined) holds(side.history, told, `${name}: events`);
}

function isSame(news: NonNullable<Ending['news']>): news is readonly string[] {
  return Array.isArray(news);
}

/** Nothing outstanding, the kernel as the daemon says, nothing strange in the log. */
function settled(side: Side): void {
  const { name, host } = side;
  for (const sa of side.sas) {
    holds(sa.state.kind, 'established', `${name}: state of ${sa.label}`);
    holds(sa.engine.waiting, false, `${name}: a request of ${sa.label} is unanswered`);
    holds([...sa.tasks.activeNames, ...sa.tasks.queuedNames], [], `${name}: tasks`);
  }
  const children = Object.entries(side.children);
  for (const [child, state] of children) {
    holds(state, 'INSTALLED/INSTALLED', `${name}: state of ${child}`);
  }
  const expected = children.flatMap(([child]) => [`${child} in`, `${child} out`]).sort();
  holds(side.kernelSas, expected, `${name}: SAs in the kernel`);
  holds(host.kernel.policies.size > 0, children.length > 0, `${name}: policies`);
  holds(
    host.lines.filter((line) => COMPLAINTS.test(line)),
    [],
    `${name}: log`,
  );
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
  holds(
    counts,
    {
      ike: side.sas.length,
      child: Object.keys(side.children).length,
    },
    `${name}: events up minus down`,
  );
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
    holds(side.ikes, {}, `${side.name}: IKE_SAs at the end`);
    holds(side.kernel.empty, true, `${side.name}: kernel at the end`);
    holds(side.host.journal.recorded(), [], `${side.name}: journal at the end`);
    balanced(side);
  }
  holds(world.clock.waiting, stage.idleTimers, 'timers of SAs that are gone');
}
