import type { ChildConfig } from '../config/connection-types.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { Conversation, Script } from '../util/conversation.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import type { SavedTask } from './state/saved-task.ts';

/** The names of tasks that VICI shows. */
export type TaskName =
  | 'IKE_INIT'
  | 'IKE_NATD'
  | 'IKE_AUTH'
  | 'IKE_DELETE'
  | 'IKE_DPD'
  | 'IKE_MOBIKE'
  | 'IKE_REDIRECT'
  | 'IKE_REKEY'
  | 'IKE_REAUTH'
  | 'IKE_REAUTH_COMPLETE'
  | 'CHILD_CREATE'
  | 'CHILD_DELETE'
  | 'CHILD_REKEY';

/** One request of ours. */
export interface OutboundRequest {
  readonly exchange: number;
  readonly payloads: readonly Payload[];
}

/**
 * The answer to it, and the ends it came over. `request` and `raw` are the octets of both messages that IKE_AUTH signs: of
 * IKE_SA_INIT as sent, of IKE_INTERMEDIATE in the clear, otherwise empty.
 */
export interface Reply {
  readonly message: Message;
  readonly raw: Uint8Array;
  readonly request: Uint8Array;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/**
 * A conversation that we lead, written in the order of its ladder: each `yield` sends a request, and its value is the
 * peer's answer. Closing the IKE_SA calls `return()`, so that every `using` and `finally` is run.
 */
export type Task = AsyncGenerator<OutboundRequest, void, Reply>;

/**
 * In place of a first request: it was sent by a predecessor of this process, and is sent again with the same octets. Its
 * answer is the value of the `yield`.
 */
export const AS_SENT: OutboundRequest = { exchange: 0, payloads: [] };

/**
 * A conversation waiting for its turn; a factory, so that it can be run again, or by the IKE_SA that replaces the one it
 * was meant for.
 */
export interface QueuedTask {
  readonly names: readonly TaskName[];
  /** The child it sets up, if it does: nobody needs to ask for that one a second time. */
  readonly child?: ChildConfig | undefined;
  /** The CHILD_SA it rekeys, if it does. */
  readonly rekeys?: ChildSa | undefined;
  run(sa: IkeSa): Task;
  /** The same from the start, for the child as it is configured now. Without it, it is not tried again. */
  again?(child: ChildConfig | undefined): QueuedTask;
  /** The peer never answered its request, and the IKE_SA is gone. */
  unanswered?(): void;
  /** What a successor of this process needs to carry it on; one that cannot be carried on has no such method. */
  saved?(sa: IkeSa): SavedTask;
  /** The private key that goes with what is saved, empty if there is none; the caller wipes it. */
  secret?(): Uint8Array;
  /** The IKE_SA died, or the task was thrown out of the queue, before it could finish. */
  abandoned?(sa: IkeSa, reason: string): void;
}

/** A request of the peer, decrypted, and the ends it came over; `raw` is as in {@link Reply}. */
export interface InboundRequest {
  readonly message: Message;
  readonly raw: Uint8Array;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** Our answer, and what happens once it is on its way. */
export interface OutboundResponse {
  readonly payloads: readonly Payload[];
  /** The conversation goes on with an IKE_FOLLOWUP_KE request that carries these octets (RFC 9370). */
  readonly awaits?: Uint8Array;
  /** The IKE_SA ends with it: `after` destroys it. */
  readonly last?: boolean;
  /**
   * Runs after the answer was sent, with what {@link Reply.raw} is for the peer: the place to destroy an IKE_SA that said its
   * last word, or to change its keys.
   */
  readonly after?: (raw: Uint8Array) => void | Promise<void>;
}

/** A conversation that the peer leads: each `yield` answers the request received last. */
export type ResponderScript = Script<OutboundResponse, InboundRequest>;
export type ResponderTask = Conversation<OutboundResponse, InboundRequest>;
