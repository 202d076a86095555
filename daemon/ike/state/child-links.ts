import { childKeyLengths } from '../../crypto/key-lengths.ts';
import type { ChildSaSpec } from '../../kernel/child-sa-spec.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { concatBytes } from '../../util/bytes.ts';
import { Secret } from '../../util/secret.ts';
import { algorithms } from '../child-install.ts';
import type { ChildSa, OutboundState } from '../child-sa.ts';
import { bool, octets, oneOf, optional, record, type Shape, ShapeError, uint } from './shape.ts';

/** Where a CHILD_SA stands in a rekeying; others go by their number. */
export interface SavedLinks {
  readonly outbound: OutboundState;
  readonly up: boolean;
  readonly expired: boolean;
  readonly deletedByPeer: boolean;
  /** The peer's rekeying of it. */
  readonly lowestNonce?: Uint8Array;
  readonly replacement?: number;
  readonly successor?: number;
  readonly predecessor?: number;
}

export const savedLinks: Shape<SavedLinks> = record<SavedLinks>({
  outbound: oneOf('NONE', 'REGISTERED', 'INSTALLED'),
  up: bool,
  expired: bool,
  deletedByPeer: bool,
  lowestNonce: optional(octets),
  replacement: optional(uint()),
  successor: optional(uint()),
  predecessor: optional(uint()),
});

export function saveLinks(child: ChildSa): SavedLinks {
  const { outbound, up, expired, deletedByPeer, peerRekey, successor, predecessor } = child;
  const replacement = peerRekey?.replacement;
  return {
    outbound,
    up,
    expired,
    deletedByPeer,
    ...(peerRekey && { lowestNonce: peerRekey.lowestNonce }),
    ...(replacement && { replacement: replacement.terms.uniqueId }),
    ...(successor && { successor: successor.terms.uniqueId }),
    ...(predecessor && { predecessor: predecessor.terms.uniqueId }),
  };
}

/** Ties a CHILD_SA to those it belongs to; one that is gone is left out. `rekeying`: a rekeying of ours for it goes on. */
export function restoreLinks(
  child: ChildSa,
  saved: SavedLinks,
  find: (uniqueId: number) => ChildSa | undefined,
  rekeying: boolean,
): void {
  const { replacement, lowestNonce, successor, predecessor } = saved;
  child.expired = saved.expired;
  child.deletedByPeer = saved.deletedByPeer;
  if (lowestNonce !== undefined) {
    const made = replacement === undefined ? undefined : find(replacement);
    // Without its replacement the peer's rekeying was not complete, and nobody can complete it here.
    if (made !== undefined) child.peerRekey = { replacement: made, lowestNonce };
    else if (child.state === 'REKEYED' || (child.state === 'REKEYING' && !rekeying)) {
      child.state = 'INSTALLED';
    }
  }
  if (successor !== undefined) child.successor = find(successor);
  if (predecessor !== undefined) child.predecessor = find(predecessor);
  if (child.state === 'DELETED') child.retire();
}

/** The keys of what is still to be installed: encryption, then integrity. The caller wipes the result. */
export function outboundKeys({ encryption, integrity }: ChildSaSpec): Uint8Array {
  const empty = new Uint8Array(0);
  return concatBytes(encryption?.keyOut ?? empty, integrity?.keyOut ?? empty);
}

/** The part of a specification that these keys are for, and what wipes them. Throws {@link ShapeError} if they do not fit. */
export function restoreOutboundKeys(
  proposal: Proposal,
  octets: Uint8Array,
): { readonly spec: Pick<ChildSaSpec, 'encryption' | 'integrity'>; readonly keys: Disposable } {
  const { encryptionOctets, integrityOctets } = childKeyLengths(proposal);
  if (octets.length !== encryptionOctets + integrityOctets)
    throw new ShapeError('child keys', 'the keys of the proposal');
  const out = {
    encryption: new Secret(octets.slice(0, encryptionOctets)),
    integrity: new Secret(octets.slice(encryptionOctets)),
  };
  const keys: Disposable = {
    [Symbol.dispose]() {
      out.encryption[Symbol.dispose]();
      out.integrity[Symbol.dispose]();
    },
  };
  return { spec: algorithms(proposal, out, out), keys };
}
