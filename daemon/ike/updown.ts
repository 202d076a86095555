import type { Logger } from '../contracts/logger.ts';
import type { Processes } from '../contracts/processes.ts';
import type { ChildSaView, IkeSaView } from '../contracts/views.ts';
import { selectorShape } from '../kernel/selector-shape.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { printSelector } from '../proto/traffic-selector-text.ts';
import { type LaneJob, Lanes } from '../util/lanes.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewIkeSa } from './ike-sa-view.ts';
import { ScriptOutput } from './script-output.ts';
import { updownEnvironment } from './updown-environment.ts';

/** What the scripts of a daemon work with. */
export interface UpdownDeps {
  /** Absent where nothing can be run, in most simulations. */
  readonly processes?: Processes;
  readonly log: Logger;
  /** Milliseconds a run may take, and how many may run at once. */
  readonly limits: () => { readonly timeLimit: number; readonly parallel: number };
  /** Name of the interface on which packets to an address leave. */
  readonly interfaceTowards: (remote: IpAddress) => Promise<string | undefined>;
}

/** Pairs of selectors of one CHILD_SA for which the script is run. */
const MAX_PAIRS = 256;

interface Up {
  readonly job: LaneJob;
  interfaceName: string | undefined;
}

/**
 * Runs the updown scripts of CHILD_SAs beside everything else: neither an IKE_SA nor the event loop waits for one. The
 * runs of one peer and child configuration come in the order in which its CHILD_SAs came and went, because scripts undo
 * on `down` what they did on `up`; runs of different peers overlap up to a limit.
 */
export class UpdownScripts {
  readonly #deps: UpdownDeps;
  readonly #lanes: Lanes;
  readonly #ups = new WeakMap<ChildSa, Up>();

  constructor(deps: UpdownDeps) {
    this.#deps = deps;
    this.#lanes = new Lanes(
      () => deps.limits().parallel,
      (error) => deps.log.log('chd', 0, `updown: internal error: ${String(error)}`),
    );
  }

  /** A CHILD_SA came up that replaces none. */
  up(sa: IkeSa, child: ChildSa): void {
    const run = this.#prepare(sa, child, true);
    if (run === undefined) return;
    const up: Up = {
      interfaceName: undefined,
      job: this.#lanes.add(laneOf(sa, child), async () => {
        up.interfaceName = await this.#interface(sa.remote.address);
        await run(up.interfaceName);
      }),
    };
    this.#ups.set(child, up);
  }

  /** One goes down, and none replaces it. If the script did not get to hear of it, it need not hear of its end. */
  down(sa: IkeSa, child: ChildSa): void {
    const up = this.#ups.get(child);
    this.#ups.delete(child);
    if (up?.job.cancel() === true) return;
    const run = this.#prepare(sa, child, false);
    if (run === undefined) return;
    const remote = sa.remote.address;
    this.#lanes.add(laneOf(sa, child), async () => {
      await run(up === undefined ? await this.#interface(remote) : up.interfaceName);
    });
  }

  /** One took the place of another: its end undoes what the beginning of the other did. */
  replaced(old: ChildSa, fresh: ChildSa): void {
    const up = this.#ups.get(old);
    if (up === undefined) return;
    this.#ups.delete(old);
    this.#ups.set(fresh, up);
  }

  /** Resolves when the script has heard that a CHILD_SA is up, or never will; `undefined` if there is none. */
  runningFor(child: ChildSa | undefined): Promise<void> | undefined {
    return child === undefined ? undefined : this.#ups.get(child)?.job.done;
  }

  /** Resolves once no script runs or waits. */
  settled(): Promise<void> {
    return this.#lanes.settled();
  }

  // The snapshot is taken at once: by the time the script runs, the SA may be another or none.
  #prepare(
    sa: IkeSa,
    child: ChildSa,
    up: boolean,
  ): ((interfaceName: string | undefined) => Promise<void>) | undefined {
    const { updown: command, hostaccess } = child.config;
    const { processes, limits } = this.#deps;
    if (command === undefined || processes === undefined) return undefined;
    // The fallback of all CPUs has the same selectors: for that one the script runs.
    if (child.spec.perCpu?.cpu !== undefined) return undefined;
    const { log } = sa;
    const ike = viewIkeSa(sa, [child]);
    const wanted = sa.env.options()['plugins.updown.dns_handler'];
    const dns = wanted ? sa.configuration.nameServers.map((server) => server.address) : [];
    const [view] = ike.children;
    if (view === undefined) return undefined;
    const pairs = selectorPairs(ike);
    if (pairs.length > MAX_PAIRS) {
      const text = `running it for the first ${MAX_PAIRS} of ${pairs.length} pairs of selectors`;
      log.log('chd', 1, `updown: ${text}`);
    }
    for (const [side, text] of approximations(view)) {
      log.log('chd', 1, `updown approximates ${side} TS ${text} by next larger subnet`);
    }
    return async (interfaceName) => {
      for (const [local, remote] of pairs.slice(0, MAX_PAIRS)) {
        const output = new ScriptOutput((line) => log.log('chd', 1, `updown: ${line}`));
        const { timeLimit } = limits();
        const end = await processes.run({
          command,
          environment: updownEnvironment({
            up,
            ike,
            child: view,
            local,
            remote,
            interfaceName,
            hostAccess: hostaccess,
            dns,
          }),
          timeLimit,
          onOutput: (octets) => output.push(octets),
        });
        output.end();
        if (end.kind === 'timed-out') {
          log.log(
            'chd',
            1,
            `updown: ended after ${timeLimit / 1000}s (charon.plugins.updown.timeout)`,
          );
        } else if (end.kind === 'not-started') {
          log.log('chd', 1, `updown: not started: ${end.reason}`);
        }
      }
    };
  }

  async #interface(remote: IpAddress): Promise<string | undefined> {
    try {
      return await this.#deps.interfaceTowards(remote);
    } catch {
      return undefined;
    }
  }
}

// What two CHILD_SAs of one peer and configuration have in common: when one takes over from the other without
// rekeying, the `down` of the first must not come after the `up` of the second.
function laneOf(sa: IkeSa, child: ChildSa): string {
  return [sa.tag.name, child.config.name, sa.printedId('remote')].join('|');
}

// Scripts know subnets only.
function approximations({ localTs, remoteTs }: ChildSaView) {
  const widened = (side: string, selectors: readonly TrafficSelector[]) =>
    selectors
      .filter((selector) => {
        const whole = { ...selector, startPort: 0, endPort: 0xffff };
        return selectorShape(whole).selector !== whole;
      })
      .map((selector) => [side, printSelector(selector)] as const);
  return [...widened('local', localTs), ...widened('remote', remoteTs)];
}

function selectorPairs({ children }: IkeSaView) {
  return children.flatMap(({ localTs, remoteTs }) =>
    localTs.flatMap((local) =>
      remoteTs
        .filter(
          (remote) =>
            remote.family === local.family &&
            (remote.protocol === local.protocol || remote.protocol === 0 || local.protocol === 0),
        )
        .map((remote) => [local, remote] as const),
    ),
  );
}
