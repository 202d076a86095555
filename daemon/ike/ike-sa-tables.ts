import type { ConnectionConfig } from '../config/connection-types.ts';
import { type Endpoint, sameEndpoint } from '../proto/endpoint.ts';
import type { Identity } from '../proto/identity.ts';
import { identityKey } from '../proto/identity-match.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { familyOf, type IpAddress } from '../proto/ip-address.ts';
import type { ChildSa } from './child-sa.ts';
import { isNobody } from './identities.ts';
import type { IkeSa } from './ike-sa.ts';
import { SelectorCensus } from './selector-census.ts';
import { namesNobody } from './trap-attempt.ts';

/** A responder's IKE_SA and where its IKE_SA_INIT came from. */
interface HalfOpen {
  readonly sa: IkeSa;
  readonly remote: Endpoint;
}

/** The key of a peer, and what it was made of. */
interface PeerOf {
  readonly localId: Identity | undefined;
  readonly remoteId: Identity | undefined;
  readonly connection: ConnectionConfig | undefined;
  readonly address: IpAddress;
  readonly key: string | undefined;
}

/** Every way to find an IKE_SA or a CHILD_SA, each one lookup, however many there are. */
export class IkeSaTables {
  readonly bySpi = new Map<IkeSpi, IkeSa>();
  /** In order of creation. */
  readonly byId = new Map<number, IkeSa>();
  readonly #byConnection = new Map<string, Set<IkeSa>>();
  /** By peer and role, because only those of different roles can have crossed. Most peers have one IKE_SA, which needs no set. */
  readonly #byPeer = new Map<string, IkeSa | Set<IkeSa>>();
  /** Only of connections that name no peer and may be trapped for any: `toPeer` finds them. */
  readonly #byAddress = new Map<string, Set<IkeSa>>();
  readonly #addressKeys = new Map<IkeSa, string>();
  /** Half-open responders by what a repeated IKE_SA_INIT request has in common with the first one. */
  readonly #byInit = new Map<IkeSpi, readonly HalfOpen[]>();
  readonly #children = new Map<string, { readonly sa: IkeSa; readonly child: ChildSa }>();
  #lastPeer: PeerOf | undefined;
  /** What the CHILD_SAs in `#children` protect. */
  readonly selectors = new SelectorCensus();

  /** Whether any CHILD_SA is in the kernel. */
  get hasChildren(): boolean {
    return this.#children.size > 0;
  }

  add(sa: IkeSa): void {
    this.bySpi.set(sa.ownSpi, sa);
    this.byId.set(sa.uniqueId, sa);
    if (sa.connection !== undefined) addTo(this.#byConnection, sa.connection.name, sa);
    if (sa.peer !== undefined) this.#addAddress(sa, sa.peer);
  }

  /** Found by SPI and number only, not by what it is for. */
  addUnnamed(sa: IkeSa): void {
    this.bySpi.set(sa.ownSpi, sa);
    this.byId.set(sa.uniqueId, sa);
  }

  remove(sa: IkeSa): void {
    this.bySpi.delete(sa.ownSpi);
    this.byId.delete(sa.uniqueId);
    this.unname(sa);
  }

  /** Nobody who looks for its connection or its peer finds it any more. */
  unname(sa: IkeSa): void {
    if (sa.connection !== undefined) removeFrom(this.#byConnection, sa.connection.name, sa);
    this.leaving(sa);
    this.#removeAddress(sa);
  }

  /** It is being deleted: of no use to its peer any more. */
  leaving(sa: IkeSa): void {
    const peer = peerKey(sa);
    if (peer !== undefined) this.#removePeer(peer + roleOf(sa), sa);
  }

  /** Whoever looks for the connection or the peer of `old` finds `fresh`, which was made to replace it. */
  replaced(old: IkeSa, fresh: IkeSa): void {
    if (old.connection !== undefined) removeFrom(this.#byConnection, old.connection.name, old);
    this.#removeAddress(old);
    // Both are of one peer, at one address.
    const peer = peerKey(fresh);
    if (peer !== undefined) this.#removePeer(peer + roleOf(old), old);
    this.#name(fresh, peer);
  }

  spiChanged(sa: IkeSa, old: IkeSpi): void {
    this.bySpi.delete(old);
    this.bySpi.set(sa.ownSpi, sa);
  }

  /** Identities and connection are settled: the IKE_SA can be found by them. */
  established(sa: IkeSa): void {
    this.#name(sa, this.#peerOf(sa));
  }

  #name(sa: IkeSa, peer: string | undefined): void {
    if (sa.connection !== undefined) addTo(this.#byConnection, sa.connection.name, sa);
    if (peer !== undefined && sa.state.kind !== 'deleting') this.#addPeer(peer + roleOf(sa), sa);
    if (sa.connection !== undefined && takesAnyPeer(sa.connection)) {
      this.#addAddress(sa, sa.remote.address);
    }
  }

  /** IKE_SAs of a connection that names no peer, to one address: as far as established from there, or made for it. */
  toPeer(connection: string, peer: IpAddress): Iterable<IkeSa> {
    return this.#byAddress.get(addressKey(connection, peer)) ?? NONE;
  }

  /** The peer is at another address than `before`, perhaps one of the other family. */
  moved(sa: IkeSa, before: IpAddress): void {
    const [old, now] = [peerKey(sa, before), peerKey(sa)];
    if (old === undefined || now === undefined || old === now) return;
    if (!this.#removePeer(old + roleOf(sa), sa)) return;
    this.#addPeer(now + roleOf(sa), sa);
  }

  ofConnection(name: string): ReadonlySet<IkeSa> {
    return this.#byConnection.get(name) ?? NONE;
  }

  /** IKE_SAs between the same identities over the same address family, perhaps with the one itself. */
  samePeer(sa: IkeSa): Iterable<IkeSa> {
    const peer = this.#peerOf(sa);
    if (peer === undefined) return NONE;
    const [responded, initiated] = [this.#ofPeer(peer + RESPONDED), this.#ofPeer(peer + INITIATED)];
    return responded === NONE ? initiated : joined(responded, initiated);
  }

  /** Those of them that the other side initiated, seen from this one. */
  samePeerCrossed(sa: IkeSa): Iterable<IkeSa> {
    const peer = this.#peerOf(sa);
    if (peer === undefined) return NONE;
    return this.#ofPeer(peer + (sa.isInitiator ? RESPONDED : INITIATED));
  }

  opened(sa: IkeSa, spiI: IkeSpi, remote: Endpoint): void {
    this.#byInit.set(spiI, [...(this.#byInit.get(spiI) ?? []), { sa, remote }]);
  }

  halfOpen(spiI: IkeSpi, remote: Endpoint): IkeSa | undefined {
    // By the SPI alone first: a flood of others costs no more than that.
    return this.#byInit.get(spiI)?.find((known) => sameEndpoint(known.remote, remote))?.sa;
  }

  noLongerOpen(spiI: IkeSpi, remote: Endpoint): void {
    const others = this.#byInit.get(spiI)?.filter((known) => !sameEndpoint(known.remote, remote));
    if (others === undefined || others.length === 0) this.#byInit.delete(spiI);
    else this.#byInit.set(spiI, others);
  }

  childInstalled(sa: IkeSa, child: ChildSa): void {
    this.childRemoved(child);
    const { protocol, spiIn, spiOut } = child.terms;
    child.kernelKeys = [
      childKey(protocol, child.ends.local, spiIn),
      childKey(protocol, child.ends.remote, spiOut),
    ];
    const entry = { sa, child };
    for (const key of child.kernelKeys) this.#children.set(key, entry);
    this.selectors.add(child.terms);
  }

  childRemoved(child: ChildSa): void {
    if (child.kernelKeys.length === 0) return;
    for (const key of child.kernelKeys) {
      if (this.#children.get(key)?.child === child) this.#children.delete(key);
    }
    child.kernelKeys = [];
    this.selectors.remove(child.terms);
  }

  /** The CHILD_SA of a kernel SA, inbound or outbound. */
  child(
    protocol: number,
    destination: IpAddress,
    spi: number,
  ): { readonly sa: IkeSa; readonly child: ChildSa } | undefined {
    return this.#children.get(childKey(protocol, destination, spi));
  }

  // Asked several times in a row for an IKE_SA that comes up; the text takes longer to make than all that is done with it.
  #peerOf(sa: IkeSa): string | undefined {
    const { localId, remoteId, connection, remote } = sa;
    const last = this.#lastPeer;
    const known =
      last?.localId === localId &&
      last?.remoteId === remoteId &&
      last?.connection === connection &&
      last?.address === remote.address;
    if (last !== undefined && known) return last.key;
    const key = peerKey(sa);
    this.#lastPeer = { localId, remoteId, connection, address: remote.address, key };
    return key;
  }

  #addAddress(sa: IkeSa, peer: IpAddress): void {
    if (sa.connection === undefined) return;
    this.#removeAddress(sa);
    const key = addressKey(sa.connection.name, peer);
    this.#addressKeys.set(sa, key);
    addTo(this.#byAddress, key, sa);
  }

  #removeAddress(sa: IkeSa): void {
    const key = this.#addressKeys.get(sa);
    if (key === undefined) return;
    this.#addressKeys.delete(sa);
    removeFrom(this.#byAddress, key, sa);
  }

  #ofPeer(peer: string): Iterable<IkeSa> {
    const found = this.#byPeer.get(peer);
    return found === undefined ? NONE : found instanceof Set ? found : [found];
  }

  #addPeer(peer: string, sa: IkeSa): void {
    const found = this.#byPeer.get(peer);
    if (found === undefined) this.#byPeer.set(peer, sa);
    else if (found instanceof Set) found.add(sa);
    else if (found !== sa) this.#byPeer.set(peer, new Set([found, sa]));
  }

  /** Tells whether it was there. */
  #removePeer(peer: string, sa: IkeSa): boolean {
    const found = this.#byPeer.get(peer);
    const there = found === sa || (found instanceof Set && found.delete(sa));
    if (there && (found === sa || (found instanceof Set && found.size === 0))) {
      this.#byPeer.delete(peer);
    }
    return there;
  }
}

const NONE: ReadonlySet<IkeSa> = new Set();
const INITIATED = '|i';
const RESPONDED = '|r';

function roleOf({ isInitiator }: IkeSa): string {
  return isInitiator ? INITIATED : RESPONDED;
}

function childKey(protocol: number, destination: IpAddress, spi: number): string {
  // Joined, a key is one flat string; a template would leave the pieces it was made of in memory.
  return [protocol, destination, spi].join('|');
}

function addressKey(connection: string, peer: IpAddress): string {
  return [connection, peer].join('|');
}

/** A trap of it may be for any peer: they are then looked for by address. */
function takesAnyPeer(connection: ConnectionConfig): boolean {
  return (
    namesNobody(connection) &&
    [...connection.children.values()].some(({ mode }) => mode.startsWith('transport'))
  );
}

function peerKey(sa: IkeSa, remote: IpAddress = sa.remote.address): string | undefined {
  const { localId, remoteId, connection } = sa;
  if (localId === undefined || remoteId === undefined) return undefined;
  // Those without a name are never the same, RFC 7619 section 2.4.
  if (isNobody(localId) || isNobody(remoteId)) return undefined;
  return [
    identityKey(localId),
    identityKey(remoteId),
    familyOf(remote),
    connection?.name ?? '',
  ].join('|');
}

function* joined(first: Iterable<IkeSa>, second: Iterable<IkeSa>): Iterable<IkeSa> {
  yield* first;
  yield* second;
}

function addTo(map: Map<string, Set<IkeSa>>, key: string, sa: IkeSa): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([sa]));
  else set.add(sa);
}

function removeFrom(map: Map<string, Set<IkeSa>>, key: string, sa: IkeSa): void {
  const set = map.get(key);
  if (set === undefined) return;
  set.delete(sa);
  if (set.size === 0) map.delete(key);
}
