import type { Endpoint } from '../../proto/endpoint.ts';
import type { Identity } from '../../proto/identity.ts';
import type { IkeSpi } from '../../proto/ike-spi.ts';
import type { Proposal } from '../../proto/proposal.ts';
import type { Grant } from '../authenticators/authenticated-peer.ts';
import type { IkeSa } from '../ike-sa.ts';
import { type AnyPart, STATE_PARTS } from './parts.ts';
import { endpoint, identity, ikeSpi, proposal } from './proto-shapes.ts';
import {
  bool,
  list,
  octets,
  oneOf,
  optional,
  type Plain,
  real,
  record,
  type Shape,
  ShapeError,
  since,
  text,
  uint,
} from './shape.ts';
import type { TimeBase } from './time-base.ts';

/** What every established IKE_SA has, keys, messages and CHILD_SAs left out. */
export interface SavedIke {
  readonly uniqueId: number;
  readonly isInitiator: boolean;
  readonly spiI: IkeSpi;
  readonly spiR: IkeSpi;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Name of the record that holds its configuration. */
  readonly connection?: string;
  readonly localId?: Identity;
  readonly proposal: Proposal;
  /** The identity that the peer proved, and how. */
  readonly peer: {
    readonly identity: Identity;
    readonly method: string;
    readonly grants: readonly Grant[];
  };
  /** Milliseconds of the wall clock. */
  readonly since: number;
  /** Our DELETE is under way. */
  readonly deleting: boolean;
  readonly ending: boolean;
  /** Listeners know of it: it is not replaced, and not yet to replace another one. */
  readonly up: boolean;
  readonly successor?: number;
  /** The peer's rekeying of it, where that is complete. */
  readonly peerSuccessor?: number;
  readonly lowestNonce?: Uint8Array;
  readonly parts: Plain;
}

const plain: Shape<Plain> = { write: (value) => value, read: (value) => value };

const grant: Shape<Grant> = list(
  record<Grant[number]>({ family: oneOf(4, 6), from: octets, to: octets }),
);

export const savedIke: Shape<SavedIke> = record<SavedIke>({
  uniqueId: uint(),
  isInitiator: bool,
  spiI: ikeSpi,
  spiR: ikeSpi,
  local: endpoint,
  remote: endpoint,
  connection: optional(text),
  localId: optional(identity),
  proposal,
  peer: record<SavedIke['peer']>({ identity, method: text, grants: since(list(grant), []) }),
  since: real,
  deleting: bool,
  ending: bool,
  up: bool,
  successor: optional(uint()),
  peerSuccessor: optional(uint()),
  lowestNonce: optional(octets),
  parts: plain,
});

/** The parts of all features. */
export function writeParts(sa: IkeSa, time: TimeBase): Plain {
  return Object.fromEntries(STATE_PARTS.map((part) => [part.name, part.write(sa, time)]));
}

/** Checks the parts and tells how to restore them; one that the record lacks is left as a new IKE_SA has it. */
export function readParts(saved: Plain): readonly ((sa: IkeSa, time: TimeBase) => void)[] {
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved))
    throw new ShapeError('ike.parts', 'an object');
  return Object.entries(saved).map(([name, value]) => {
    const known: AnyPart | undefined = STATE_PARTS.find((part) => part.name === name);
    if (known === undefined) throw new ShapeError(`ike.parts.${name}`, 'no such part');
    return known.read(value, `ike.parts.${name}`);
  });
}
