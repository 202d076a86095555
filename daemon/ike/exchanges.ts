import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { Conversation } from '../util/conversation.ts';
import { run, type Waits } from '../util/waits.ts';
import { respondCreateChild } from './child-responder.ts';
import { converse, respondFollowUp } from './create-responder.ts';
import { respondIkeRekey } from './ike-rekey-responder.ts';
import type { IkeSa } from './ike-sa.ts';
import type { IkeSaState } from './ike-sa-state.ts';
import { respondInformational } from './informational.ts';
import { find, notify } from './payloads.ts';
import type { InboundRequest, OutboundResponse } from './task.ts';
import { takeOverIfUsed } from './tasks/ike-rekey.ts';
import { respond } from './tasks/respond.ts';

/** In which states a request of the peer is processed at all; anything else is dropped without a word. */
const ALLOWED: Readonly<Record<number, readonly IkeSaState['kind'][]>> = {
  [ExchangeType.IKE_SA_INIT]: ['created'],
  [ExchangeType.IKE_INTERMEDIATE]: ['connecting'],
  [ExchangeType.IKE_AUTH]: ['connecting'],
  [ExchangeType.CREATE_CHILD_SA]: ['established', 'deleting'],
  [ExchangeType.IKE_FOLLOWUP_KE]: ['established', 'deleting'],
  [ExchangeType.INFORMATIONAL]: ['established', 'deleting'],
};

const INITIAL: ReadonlySet<number> = new Set([
  ExchangeType.IKE_SA_INIT,
  ExchangeType.IKE_INTERMEDIATE,
  ExchangeType.IKE_AUTH,
]);

/** Why a request of this exchange type is not processed now, or `undefined` if it is. */
export function refusal(sa: IkeSa, exchange: number): string | undefined {
  const states = ALLOWED[exchange];
  if (states === undefined) return 'exchange type not supported';
  if (!states.includes(sa.state.kind)) return `not allowed while the IKE_SA is ${sa.state.kind}`;
  // Only the responder is asked in the initial exchanges.
  if (INITIAL.has(exchange) && sa.isInitiator) return 'we are the initiator';
  // As many IKE_INTERMEDIATE as were agreed, and no IKE_AUTH before (RFC 9370 section 2.2.2); one more may bring a PPK.
  if (exchange === ExchangeType.IKE_INTERMEDIATE && sa.intermediatesDue === 0 && !sa.mayBringPpk) {
    return 'no further one was agreed';
  }
  if (exchange === ExchangeType.IKE_AUTH && sa.intermediatesDue > 0) {
    return 'additional key exchanges come first';
  }
  return undefined;
}

type Answer = OutboundResponse | undefined;

/** Processes a request that {@link refusal} let through; `undefined` leaves it unanswered. */
export function handleRequest(sa: IkeSa, request: InboundRequest): Answer | Promise<Answer> {
  takeOverIfUsed(sa, request.message);
  switch (request.message.exchange) {
    case ExchangeType.IKE_SA_INIT:
      sa.responder = new Conversation(respond(sa, request));
      return nextResponse(sa, request);
    case ExchangeType.IKE_INTERMEDIATE:
    case ExchangeType.IKE_AUTH:
      return nextResponse(sa, request);
    case ExchangeType.CREATE_CHILD_SA:
      return run(respondCreate(sa, request));
    case ExchangeType.IKE_FOLLOWUP_KE:
      return run(respondFollowUp(sa, request));
    case ExchangeType.INFORMATIONAL:
      return run(respondInformational(sa, request));
    default:
      return undefined;
  }
}

/** CREATE_CHILD_SA: which of its uses it is, and whether this is the moment for it (RFC 7296 section 2.25). */
function* respondCreate(sa: IkeSa, request: InboundRequest): Waits<OutboundResponse> {
  // While the IKE_SA itself is being replaced nothing else is set up in it.
  const rekeysIke = find(request.message, 'TSi') === undefined;
  const replacing = sa.successor !== undefined || (!rekeysIke && sa.tasks.runs('IKE_REKEY'));
  // Nor is anything new set up towards an address that the peer only claims.
  if (sa.state.kind !== 'established' || sa.ending || replacing || sa.mobike?.unproven) {
    return { payloads: [notify(NotifyType.TEMPORARY_FAILURE)] };
  }
  const script = rekeysIke ? respondIkeRekey(sa, request) : respondCreateChild(sa, request);
  return yield* converse(sa, new Conversation(script), request);
}

function nextResponse(sa: IkeSa, request: InboundRequest): Answer | Promise<Answer> {
  const answer = sa.responder?.next(request);
  return answer instanceof Promise ? answer.then((said) => spoken(sa, said)) : spoken(sa, answer);
}

function spoken(sa: IkeSa, answer: Answer): Answer | Promise<Answer> {
  const { responder } = sa;
  if (answer !== undefined && sa.state.kind !== 'established') return answer;
  // That was its last word; waiting for a request that never comes it would keep every message it has read.
  sa.responder = undefined;
  const ends = responder?.end();
  return ends === undefined ? answer : ends.then(() => answer);
}
