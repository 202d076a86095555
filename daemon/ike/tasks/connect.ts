import type { ChildConfig } from '../../config/connection-types.ts';
import { KernelError } from '../../contracts/kernel.ts';
import {
  familyOf,
  type IpAddress,
  isUnspecified,
  parseIp,
  unspecified,
} from '../../proto/ip-address.ts';
import { errorText } from '../../util/error.ts';
import { alert } from '../announce.ts';
import { failureOf, noteError, noteFailure } from '../attempts/note.ts';
import { goesChildless } from '../childless.ts';
import { establishedMeanwhile, join, settleCrossing } from '../crossing.ts';
import { AuthenticationError, EstablishError, UnreachableError } from '../errors.ts';
import { sayGoodbye } from '../goodbye.ts';
import type { IkeSa } from '../ike-sa.ts';
import { floatToNatt } from '../natt-port.ts';
import { goElsewhere, RedirectedError } from '../redirect.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';
import { tryFailed } from '../tries.ts';
import { childCreate } from './child-create.ts';
import { ikeAuth } from './ike-auth.ts';
import { ikeIntermediate } from './ike-intermediate.ts';
import { ikeSaInit } from './ike-sa-init.ts';

/**
 * The initial exchanges as initiator, RFC 7296 section 1.2: IKE_SA_INIT, additional key exchanges if any were agreed
 * (RFC 9370), then IKE_AUTH with the first CHILD_SA.
 */
export function connect(child: ChildConfig | undefined): QueuedTask {
  return {
    names: [
      'IKE_INIT',
      'IKE_NATD',
      'IKE_AUTH',
      ...(child === undefined ? [] : (['CHILD_CREATE'] as const)),
    ],
    child,
    // Whoever waits is told when the IKE_SA is destroyed.
    run: (sa) => conversation(sa, child),
    again: connect,
  };
}

async function* conversation(
  sa: IkeSa,
  child: ChildConfig | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const { connection } = sa;
  if (connection === undefined) throw new TypeError('an initiator has a connection');
  try {
    const before = establishedMeanwhile(sa);
    if (before !== undefined) return await join(sa, before, child);
    await findEndpoints(sa);
    sa.transition({ kind: 'connecting' });
    sa.log.log('ike', 0, `initiating IKE_SA ${sa.label} to ${sa.remote.address}`);
    const first = yield* ikeSaInit(sa, connection);
    floatToNatt(sa, connection);
    const init = yield* ikeIntermediate(sa, connection, first);
    // Their IKE_AUTH was faster: a second IKE_SA would serve nobody.
    const meanwhile = establishedMeanwhile(sa);
    if (meanwhile !== undefined) return await join(sa, meanwhile, child);
    const childless = goesChildless(sa, connection, child);
    yield* ikeAuth(sa, connection, init, childless ? undefined : child);
    if (childless && child !== undefined) sa.tasks.queue(childCreate(child));
    if (!sa.destroyed) settleCrossing(sa);
  } catch (error) {
    const foreseen =
      error instanceof EstablishError ||
      error instanceof AuthenticationError ||
      error instanceof KernelError;
    if (!foreseen) throw error;
    if (error instanceof RedirectedError) {
      await redirected(sa, child, error);
      return;
    }
    const reason = errorText(error);
    const failure = failureOf(error);
    sa.log.log('ike', 1, `establishing IKE_SA ${sa.label} failed: ${reason}`);
    if (error instanceof UnreachableError) {
      await tryFailed(sa, connect(child), { kind: 'early', reason, failure });
    } else if (sa.state.kind === 'connecting') {
      await tryFailed(sa, connect(child), { kind: 'refused', reason, failure });
    } else {
      noteFailure(sa, reason, failure);
      await sa.destroy(reason);
    }
  }
}

// What it was told is what the next try begins with; that one starts as soon as this one has ended.
async function redirected(
  sa: IkeSa,
  child: ChildConfig | undefined,
  { target }: RedirectedError,
): Promise<void> {
  try {
    goElsewhere(sa, target);
  } catch (error) {
    if (!(error instanceof EstablishError)) throw error;
    sa.log.log('ike', 1, `establishing IKE_SA ${sa.label} failed: ${error.message}`);
    noteError(sa, error);
    await sa.destroy(error.message);
    return;
  }
  sayGoodbye(sa);
  sa.restart();
  sa.tasks.hold(connect(child));
  sa.timers.start('retry', 0);
}

/** Finds the addresses to talk from and to; names are looked up anew for every try. */
async function findEndpoints(sa: IkeSa): Promise<void> {
  const { connection, env } = sa;
  if (connection === undefined) return;
  const { destination } = sa;
  if (destination !== undefined && 'remote' in destination) {
    sa.local = destination.local;
    sa.remote = destination.remote;
    return;
  }
  const remotes = destination === undefined ? connection.remoteAddrs : [destination.gateway];
  const known = destination === undefined ? sa.peer : undefined;
  const remote = known ?? (await firstAddress(sa, remotes));
  if (remote === undefined) {
    alert(env, 'peer-addr-failed', sa);
    const subject = remotes.map((entry) => entry.text).join(', ');
    const text = `no address to connect to in remote_addrs of '${connection.name}' (${subject})`;
    const named = remotes.some((entry) => entry.kind === 'name');
    throw named
      ? new UnreachableError(text, { failure: { kind: 'unresolved', subject } })
      : new EstablishError(`${text}; name a host`, { failure: { kind: 'no-address', subject } });
  }
  const configured = await firstAddress(sa, connection.localAddrs, familyOf(remote));
  const local = configured ?? (await env.sourceAddress(remote)) ?? unspecified(familyOf(remote));
  if (isUnspecified(local)) {
    throw new UnreachableError(
      `no route to ${remote}; check the addresses and routes of this host`,
      { failure: { kind: 'no-route', subject: remote } },
    );
  }
  // A custom port speaks the non-ESP marker from the first message on, so it starts on the NAT-T port.
  const custom = connection.remotePort !== IKE_PORT;
  const localPort = connection.localPort === IKE_PORT ? env.ikePort : connection.localPort;
  sa.local = {
    address: local,
    port: custom && localPort === env.ikePort ? env.nattPort : localPort,
  };
  sa.remote = { address: remote, port: connection.remotePort };
}

const IKE_PORT = 500;

/** The first address among configured ones that can be talked to; names are looked up. */
export async function firstAddress(
  sa: Asker,
  entries: IkeSaAddresses,
  family?: 4 | 6,
): Promise<IpAddress | undefined> {
  for (const entry of entries) {
    const found =
      entry.kind === 'host'
        ? [entry.address]
        : entry.kind === 'name'
          ? await lookUp(sa, entry.text)
          : [];
    const fitting = found.find((address) => family === undefined || familyOf(address) === family);
    if (fitting !== undefined) return fitting;
  }
  return undefined;
}

/** Who looks a name up, and logs that it failed. */
interface Asker {
  readonly env: Pick<IkeSa['env'], 'resolve'>;
  readonly log: IkeSa['log'];
}

type IkeSaAddresses = NonNullable<IkeSa['connection']>['localAddrs'];

async function lookUp(sa: Asker, name: string): Promise<readonly IpAddress[]> {
  const numeric = parseIp(name);
  if (numeric !== undefined) return [numeric];
  const found = await sa.env.resolve(name);
  if (found.length === 0) sa.log.log('lib', 1, `resolving '${name}' failed`);
  return found;
}
