import { afterAll, beforeAll, expect } from 'vitest';
import type { Gateway } from '../lab/gateway.ts';
import { leaveHalfOpen } from '../lab/half-open.ts';
import type { Host } from '../lab/host.ts';
import { setLoss } from '../lab/links.ts';
import type { RootName } from '../lab/paths.ts';
import { ADDRESSES, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { makeSites, ROUTER_DEVICE, type Sites } from '../lab/sites.ts';
import { type Capability, describeWith, testWith } from '../support/capability.ts';
import {
  establish,
  proveTraffic,
  type TunnelRun,
  takeDown,
  type Weather,
  withTunnel,
} from './tunnel-run.ts';

/** One tunnel to bring up from one side, carry traffic through, and take down from one side. */
export interface Scenario {
  readonly name: string;
  readonly plan?: PartialPlan;
  readonly initiator: Side;
  /** Who takes it down; moon unless said. */
  readonly terminator?: Side;
  readonly weather?: Weather;
  /** What `swanctl --list-sas` must show besides what every scenario's shows. */
  readonly listed?: readonly string[];
  /** Looks at what went over the wire. */
  readonly wire?: (run: TunnelRun) => Promise<void>;
}

/** A kind of peer, and the root it lives in. */
export interface PeerKind {
  readonly product: string;
  readonly root: RootName;
  readonly needs: readonly Capability[];
  readonly make: (host: Host) => Gateway;
}

/** The sites of one test file, made before its first test. */
export interface SharedSites {
  readonly sites: Sites;
  readonly sun: Gateway;
}

/** Makes sites for all tests of the enclosing `describe`. */
export function sharedSites(kind: PeerKind): () => SharedSites {
  let shared: SharedSites | undefined;
  beforeAll(async () => {
    const sites = await makeSites(kind.root, kind.root);
    shared = { sites, sun: kind.make(sites.sun) };
  });
  afterAll(() => shared?.sites[Symbol.asyncDispose]());
  return () => {
    if (shared === undefined) throw new Error('the sites could not be made');
    return shared;
  };
}

/** Tests every scenario against a kind of peer. */
export function peerSuite(kind: PeerKind, scenarios: readonly Scenario[]): void {
  describeWith(['lab', ...kind.needs], `with ${kind.product}`, () => {
    const shared = sharedSites(kind);
    for (const scenario of scenarios) {
      testWith('lab', nameOf(scenario), () => runScenario(shared(), scenario));
    }
  });
}

async function runScenario({ sites, sun }: SharedSites, scenario: Scenario): Promise<void> {
  const { initiator, terminator = 'moon', weather = {}, listed = [] } = scenario;
  await withTunnel(sites, sun, plan(scenario.plan), weather, async (run) => {
    await openForCookies(run);
    const sas = await establish(run, initiator);
    for (const text of listed) expect(sas).toContain(text);
    await proveTraffic(run, weather);
    await scenario.wire?.(run);
    // who deletes an IKE_SA answers once: that answer must not get lost
    if (weather.loss !== undefined) await setLoss(sites.router, Object.values(ROUTER_DEVICE), 0);
    await takeDown(run, terminator);
  });
}

/** Leaves a half-open IKE_SA at each side that is to ask for cookies. */
async function openForCookies({ sites, plan: { cookies, family } }: TunnelRun): Promise<void> {
  for (const side of ['moon', 'sun'] as const) {
    if (cookies[side]) await leaveHalfOpen(sites.router, ADDRESSES[side][family].gateway);
  }
}

function nameOf({ name, initiator, terminator = 'moon' }: Scenario): string {
  const ours = (side: Side): string => (side === 'moon' ? 'we' : 'the peer');
  const verb = initiator === 'moon' ? 'initiate' : 'initiates';
  const end = terminator === 'moon' ? 'terminate' : 'terminates';
  return `${name}; ${ours(initiator)} ${verb}, ${ours(terminator)} ${end}`;
}
