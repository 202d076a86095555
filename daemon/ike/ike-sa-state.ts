import type { IkeSaStateName } from '../contracts/views.ts';
import type { AuthenticatedPeer } from './authenticators/authenticated-peer.ts';

/** The life of an IKE_SA. `since` is monotonic milliseconds. */
export type IkeSaState =
  | { readonly kind: 'created' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'established'; readonly peer: AuthenticatedPeer; readonly since: number }
  /** We sent a DELETE, or are about to give up an SA the peer knows. */
  | { readonly kind: 'deleting'; readonly peer: AuthenticatedPeer | undefined }
  /** `last` and `since` are what it was before: events that tell of its end show that. */
  | { readonly kind: 'destroyed'; readonly last: IkeSaStateName; readonly since?: number };

/** Which state may follow which; anything else is a mistake of ours. */
const NEXT: Readonly<Record<IkeSaState['kind'], readonly IkeSaState['kind'][]>> = {
  // `created` follows `connecting` when an unanswered IKE_SA_INIT is tried again from the start.
  created: ['connecting', 'destroyed'],
  connecting: ['created', 'established', 'deleting', 'destroyed'],
  established: ['deleting', 'destroyed'],
  deleting: ['destroyed'],
  destroyed: [],
};

export function mayFollow(from: IkeSaState, to: IkeSaState): boolean {
  return NEXT[from.kind].includes(to.kind);
}

/** The state's name in VICI. */
export function stateName(state: IkeSaState): IkeSaStateName {
  switch (state.kind) {
    case 'created':
      return 'CREATED';
    case 'connecting':
      return 'CONNECTING';
    case 'established':
      return 'ESTABLISHED';
    case 'deleting':
      return 'DELETING';
    case 'destroyed':
      return state.last;
  }
}
