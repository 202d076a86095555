import type { ChildConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { printEndpoint } from '../../proto/endpoint.ts';
import type { IpAddress } from '../../proto/ip-address.ts';
import { didYouMean } from '../../util/did-you-mean.ts';
import type { IkeEnvironment } from '../environment.ts';
import type { IkeSa } from '../ike-sa.ts';
import { viewChildSa, viewIkeSa } from '../ike-sa-view.ts';
import type { ExplainedAttempt, ExplainedChild, ExplainedSa, Explanation } from './explanation.ts';
import { hintFor } from './hints.ts';
import { missingFor } from './missing.ts';
import { summaryOf } from './summary.ts';
import { suspectsOf } from './suspects.ts';

/** What an explanation is made of. */
export interface ExplainSetup {
  readonly env: IkeEnvironment;
  /** IKE_SAs of a connection that are there now. */
  readonly sasOf: (connection: string) => Iterable<IkeSa>;
  /** Whether a child has a trap or a shunt. */
  readonly hasPolicy: (connection: string, child: string) => boolean;
}

/** Says why a connection, or the one that a child belongs to, is not up. Nothing is tried for it but looking up its DNS names. */
export async function explain(setup: ExplainSetup, name: string): Promise<Explanation> {
  const { env } = setup;
  const found = env.connections.get(name);
  const connection = found ?? env.connections.findChild(name)?.connection;
  const now = env.clock.wallClock();
  if (connection === undefined) return unknown(env, name, now);
  const only = found === undefined ? name : undefined;
  const known = await resolved(env, connection);
  const sas = [...setup.sasOf(connection.name)];
  const wanted = [...connection.children.values()].filter(
    (child) => only === undefined || child.name === only,
  );
  const facts = {
    name: connection.name,
    now,
    sas: sas.map(viewOf),
    children: wanted.map((child) => childOf(setup, connection, child, sas)),
    missing: missingFor(env, connection, known).map((missing) => ({
      ...missing,
      hint: hintFor({ ...MISSING, ...missing, remote: '' }, connection),
    })),
    attempts: attemptsOf(env, connection, only),
    suspects: suspectsOf(env, connection, known),
  };
  return { ...facts, ...summaryOf(connection, facts) };
}

const MISSING = {
  role: 'initiator',
  step: 'lookup',
  notify: undefined,
  subject: undefined,
  child: undefined,
  differences: [],
} as const;

/** Connections whose names are compared with one that is not known. */
const MAX_COMPARED = 2000;

function unknown(
  { connections, attempts }: IkeEnvironment,
  name: string,
  now: number,
): Explanation {
  const all = connections.all().slice(0, MAX_COMPARED);
  const names = new Set(all.flatMap((config) => [config.name, ...config.children.keys()]));
  const alike = didYouMean(name, names);
  return {
    name,
    state: 'unknown',
    summary: `no connection and no child with the name '${name}' is loaded`,
    hint:
      alike === undefined
        ? 'run swanctl --load-conns, which says what it could not load; swanctl --list-conns shows what is loaded'
        : `did you mean '${alike}'? swanctl --list-conns shows what is loaded`,
    now,
    sas: [],
    children: [],
    missing: [],
    // Of the time when it was loaded.
    attempts: attempts.of(name),
    suspects: [],
  };
}

async function resolved(
  env: IkeEnvironment,
  { localAddrs, remoteAddrs }: ConnectionConfig,
): Promise<(name: string) => readonly IpAddress[]> {
  const names = [...remoteAddrs, ...localAddrs].filter(({ kind }) => kind === 'name');
  const found = new Map(
    await Promise.all(names.map(async ({ text }) => [text, await env.resolve(text)] as const)),
  );
  return (name) => found.get(name) ?? [];
}

function viewOf(sa: IkeSa): ExplainedSa {
  const { env, timers, connection } = sa;
  const due = timers.due('retry');
  return {
    uniqueId: sa.uniqueId,
    state: viewIkeSa(sa, []).state,
    initiator: sa.isInitiator,
    local: printEndpoint(sa.local),
    remote: printEndpoint(sa.remote),
    ...(sa.state.kind !== 'established' &&
      sa.isInitiator && { tries: { count: sa.tries, limit: connection?.keyingTries ?? 1 } }),
    ...(due !== undefined && { retryIn: Math.max(0, Math.ceil((due - env.clock.now()) / 1000)) }),
  };
}

function childOf(
  { hasPolicy }: ExplainSetup,
  { name: connection }: ConnectionConfig,
  { name, mode }: ChildConfig,
  sas: readonly IkeSa[],
): ExplainedChild {
  const states = sas.flatMap((sa) =>
    [...sa.children.values()]
      .filter(({ config }) => config.name === name)
      .map((child) => viewChildSa(sa, child).state),
  );
  const state = states.find((known) => known === 'INSTALLED') ?? states[0];
  if (state !== undefined) return { name, state };
  if (!hasPolicy(connection, name)) return { name, state: 'down' };
  return { name, state: mode === 'pass' || mode === 'drop' ? mode : 'trap' };
}

function attemptsOf(
  env: IkeEnvironment,
  connection: ConnectionConfig,
  only: string | undefined,
): readonly ExplainedAttempt[] {
  return env.attempts
    .of(connection.name)
    .filter(({ child }) => only === undefined || child === undefined || child === only)
    .map((attempt) => ({ ...attempt, hint: hintFor(attempt, connection) }));
}
