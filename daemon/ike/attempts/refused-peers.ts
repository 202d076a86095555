import type { Endpoint } from '../../proto/endpoint.ts';
import type { Identity } from '../../proto/identity.ts';
import type { Proposal } from '../../proto/proposal.ts';
import type { AttemptStep } from './attempt-book.ts';
import type { FailureKind } from './failure.ts';

/** A peer that was refused before it was known which connection it belongs to: what it said, to be held against connections later. */
export interface RefusedPeer {
  readonly step: AttemptStep;
  readonly kind: FailureKind;
  readonly reason: string;
  /** Notify type that we answered with, if we answered. */
  readonly notify: number | undefined;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What it called us. */
  readonly asked?: Identity | undefined;
  readonly remoteId?: Identity | undefined;
  /** What it proposed in IKE_SA_INIT; not all of it if that is long. */
  readonly proposals?: readonly Proposal[] | undefined;
  /** Milliseconds since 1970 of the first and the last time. */
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

type NewPeer = Omit<RefusedPeer, 'first' | 'times'>;

/** Peers at addresses that some connection names. */
const EXPECTED = 256;

/** All others: strangers may come from as many addresses as they like. */
const UNEXPECTED = 64;

const MAX_TRANSFORMS = 48;
const MAX_IDENTITY_OCTETS = 256;

/** The last peers that were refused, once for each address and kind of failure. Strangers push out strangers only. */
export class RefusedPeers {
  readonly #expected = new Map<string, RefusedPeer>();
  readonly #unexpected = new Map<string, RefusedPeer>();
  /** Those whose request was not even looked at. */
  readonly #ignored = new Map<string, RefusedPeer>();

  /** How many are remembered. */
  get size(): number {
    return this.#expected.size + this.#unexpected.size + this.#ignored.size;
  }

  /** Remembers one; `expected`: a connection names its address. */
  note(peer: NewPeer, expected: boolean): void {
    if (expected) this.#keep(this.#expected, EXPECTED, peer);
    else this.#keep(this.#unexpected, UNEXPECTED, peer);
  }

  /** Remembers one whose IKE_SA_INIT was dropped because of a limit. Cheap: floods end here. */
  ignored(local: Endpoint, remote: Endpoint, reason: string, now: number): void {
    const peer = { step: 'IKE_SA_INIT', kind: 'limits', reason, local, remote, last: now } as const;
    this.#keep(this.#ignored, UNEXPECTED, { ...peer, notify: undefined });
  }

  #keep(peers: Map<string, RefusedPeer>, limit: number, peer: NewPeer): void {
    const key = `${peer.kind} ${peer.remote.address}`;
    const before = peers.get(key);
    peers.delete(key);
    peers.set(key, {
      ...peer,
      asked: short(peer.asked),
      remoteId: short(peer.remoteId),
      proposals: peer.proposals && few(peer.proposals),
      first: before?.first ?? peer.last,
      times: (before?.times ?? 0) + 1,
    });
    for (const oldest of peers.keys()) {
      if (peers.size <= limit) break;
      peers.delete(oldest);
    }
  }

  /** The last one first. */
  all(): readonly RefusedPeer[] {
    const all = [this.#expected, this.#unexpected, this.#ignored].flatMap((of) => [...of.values()]);
    return all.sort((a, b) => b.last - a.last);
  }
}

/** Longer identities are those of people who want memory. */
function short(identity: Identity | undefined): Identity | undefined {
  return identity !== undefined && identity.data.length <= MAX_IDENTITY_OCTETS
    ? { type: identity.type, data: identity.data.slice() }
    : undefined;
}

/** Copies without octets: what is kept must not pin the message. */
function few(proposals: readonly Proposal[]): readonly Proposal[] {
  let left = MAX_TRANSFORMS;
  const kept: Proposal[] = [];
  for (const { number, protocol, transforms } of proposals) {
    if (left <= 0) break;
    const some = transforms
      .slice(0, left)
      .map(({ type, id, keyLength }) =>
        keyLength === undefined ? { type, id } : { type, id, keyLength },
      );
    left -= some.length;
    kept.push({ number, protocol, spi: NO_SPI, transforms: some });
  }
  return kept;
}

const NO_SPI = new Uint8Array(0);
