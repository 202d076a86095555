import type { ConnectionConfig } from '../../config/connection-types.ts';
import { KernelError } from '../../contracts/kernel.ts';
import { printEndpoint } from '../../proto/endpoint.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { errorText } from '../../util/error.ts';
import type { IkeEnvironment } from '../environment.ts';
import { AuthenticationError, EstablishError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Attempt, AttemptStep } from './attempt-book.ts';
import { clipped } from './clipped.ts';
import type { Failure } from './failure.ts';

/** What {@link noteFailure} cannot see of the IKE_SA. */
export interface FailureContext {
  readonly role?: Attempt['role'];
  readonly step?: AttemptStep;
  /** The CHILD_SA that it is about. */
  readonly child?: string;
  /** If another than the one it has now. */
  readonly connection?: ConnectionConfig;
}

/** Remembers for {@link AttemptBook} why something of an IKE_SA failed, under the connection it belongs to. */
export function noteFailure(
  sa: IkeSa,
  reason: string,
  failure: Failure = { kind: 'other' },
  { role, step, child, connection = sa.connection }: FailureContext = {},
): void {
  const { env, localId, remoteId } = sa;
  if (connection === undefined) {
    noteRefusedPeer(sa, reason, failure, {}, step);
    return;
  }
  const now = env.clock.wallClock();
  env.attempts.note(connection.name, {
    role: role ?? (sa.isInitiator ? 'initiator' : 'responder'),
    step: step ?? stepOf(sa),
    kind: failure.kind,
    reason: clipped(reason),
    differences: failure.differences ?? [],
    notify: failure.notify,
    subject: failure.subject === undefined ? undefined : clipped(failure.subject),
    child,
    local: printEndpoint(sa.local),
    remote: printEndpoint(sa.remote),
    localId: localId && clipped(printIdentity(localId)),
    remoteId: remoteId && clipped(printIdentity(remoteId)),
    first: now,
    last: now,
    times: 1,
  });
}

/** Remembers why nothing was sent for a connection. */
export function noteUntried(
  env: Pick<IkeEnvironment, 'clock' | 'attempts'>,
  { name }: ConnectionConfig,
  reason: string,
  { kind, notify, subject, differences = [] }: Failure,
  child: string | undefined,
): void {
  const now = env.clock.wallClock();
  env.attempts.note(name, {
    role: 'initiator',
    step: 'lookup',
    kind,
    reason: clipped(reason),
    differences,
    notify,
    subject,
    child,
    local: '',
    remote: '',
    localId: undefined,
    remoteId: undefined,
    first: now,
    last: now,
    times: 1,
  });
}

/** What is known of a peer that no connection was found for. */
export interface RefusedClaims {
  /** Connections that fit the addresses, best first. */
  readonly candidates?: readonly ConnectionConfig[];
  readonly proposals?: readonly Proposal[];
  /** What the peer called us. */
  readonly asked?: Identity | undefined;
}

/** Remembers a peer that was refused before it was known which connection it belongs to. */
export function noteRefusedPeer(
  sa: IkeSa,
  reason: string,
  { kind, notify }: Failure,
  { candidates, proposals, asked }: RefusedClaims = {},
  step: AttemptStep = stepOf(sa),
): void {
  const { env, local, remote, remoteId } = sa;
  const [best] = candidates ?? env.connections.candidatesForInit(local, remote);
  const expected =
    best?.remoteAddrs.some((spec) => spec.kind === 'host' && spec.address === remote.address) ??
    false;
  const last = env.clock.wallClock();
  const refused = { step, kind, reason: clipped(reason), notify, local, remote, last };
  env.attempts.refused.note({ ...refused, asked, remoteId, proposals }, expected);
}

/** The failure that an error carries, as far as it is one of those that are foreseen. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AuthenticationError || error instanceof EstablishError) {
    return error.failure ?? { kind: 'other' };
  }
  return { kind: error instanceof KernelError ? 'kernel' : 'other' };
}

/** {@link noteFailure} of what was thrown. */
export function noteError(sa: IkeSa, error: unknown, context: FailureContext = {}): void {
  noteFailure(sa, errorText(error), failureOf(error), context);
}

function stepOf({ state, keys, isInitiator }: IkeSa): AttemptStep {
  if (state.kind === 'established') return 'CREATE_CHILD_SA';
  if (state.kind === 'created' && isInitiator) return 'lookup';
  return keys === undefined ? 'IKE_SA_INIT' : 'IKE_AUTH';
}

/** The step that a request belongs to. */
export function stepOfExchange(exchange: number): AttemptStep | undefined {
  switch (exchange) {
    case ExchangeType.IKE_SA_INIT:
      return 'IKE_SA_INIT';
    case ExchangeType.IKE_INTERMEDIATE:
      return 'IKE_INTERMEDIATE';
    case ExchangeType.IKE_AUTH:
      return 'IKE_AUTH';
    default:
      return undefined;
  }
}

/** The step of a CHILD_SA that the peer asks for: the first one comes with IKE_AUTH, whose conversation is not over then. */
export function stepOfChild({ responder }: IkeSa): AttemptStep {
  return responder === undefined ? 'CREATE_CHILD_SA' : 'IKE_AUTH';
}

/** Remembers that an IKE_SA went down which was up, unless another took its place. */
export function noteEnd(sa: IkeSa, reason: string): void {
  if (sa.successor !== undefined || sa.env.registry.hasDuplicate(sa)) return;
  noteFailure(sa, reason, { kind: 'ended' }, { step: 'established' });
}
