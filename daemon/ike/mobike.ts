import { type Endpoint, sameEndpoint } from '../proto/endpoint.ts';
import type { IpAddress } from '../proto/ip-address.ts';

/** Two ends that a message may travel between. */
export interface Path {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export function samePath(a: Path, b: Path): boolean {
  return sameEndpoint(a.local, b.local) && sameEndpoint(a.remote, b.remote);
}

/** Addresses kept of a peer's list, and told of our own, besides the one in use. */
export const MAX_ADDITIONAL_ADDRESSES = 8;

/** A path is looked for: the outstanding request goes out over these until one of them answers. */
export interface PathSearch {
  /** Those of the first round. */
  readonly direct: readonly Path[];
  /** Those of all further rounds. */
  readonly paths: readonly Path[];
  /** The addresses changed: rounds follow each other quickly and end soon. Otherwise the peer is only silent. */
  readonly urgent: boolean;
  /** Rounds of sending so far. */
  rounds: number;
}

/** Milliseconds between the rounds of an urgent search, and how many there are at most. */
export const PROBE_INTERVAL = 2500;
export const MAX_PROBES = 10;

/**
 * What MOBIKE (RFC 4555) knows of one IKE_SA in which both sides announced it. The side that opened the first IKE_SA,
 * however often it was rekeyed since, chooses the addresses; the other one only tells which it has.
 */
export class Mobike {
  /** We are the side that chooses. */
  readonly leads: boolean;
  /** The path that both sides agreed on last. */
  agreed: Path;
  /** The peer's addresses besides the one in use, as it told last. */
  peerAddresses: readonly IpAddress[] = [];
  /** Ours, as the peer was told last. */
  announced: readonly IpAddress[];
  /** Set while it is not known which path works. */
  search: PathSearch | undefined;
  /** No address of ours leads to the peer; the next change of addresses or routes tries again. */
  stranded = false;
  /** We lead, and the peer must be told that the addresses changed. */
  updatePending = false;
  /** The peer must be told our other addresses. */
  listPending = false;
  /** The peer says that it is at an address at which it has not proved to receive: what we send stays away from it. */
  unproven = false;
  /** Where the peer's last request came from and to. */
  heard: Path | undefined;
  /** Grows with every change of path: an answer that belongs to an older one decides nothing. */
  generation = 0;
  /** Updates refused in a row with UNEXPECTED_NAT_DETECTED. */
  unexpectedNats = 0;

  constructor(leads: boolean, agreed: Path, announced: readonly IpAddress[]) {
    this.leads = leads;
    this.agreed = agreed;
    this.announced = announced;
  }

  /** Something is left to tell the peer, or to find out. */
  get pending(): boolean {
    return this.search !== undefined || this.updatePending || this.listPending || this.unproven;
  }
}
