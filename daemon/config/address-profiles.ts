import type { Endpoint } from '../proto/endpoint.ts';
import type { Identity } from '../proto/identity.ts';
import { identityKey, isPattern } from '../proto/identity-match.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { addressQuality, type ResolvedNames } from './address-match.ts';
import type { ConnectionConfig } from './connection-types.ts';
import { LoadOrder, mergeOrdered, type Sequenced } from './load-order.ts';

/** A loaded connection and its place in the order of loading. */
export interface Entry extends Sequenced {
  readonly config: ConnectionConfig;
}

/**
 * All connections with the same addresses and ports on both ends: matched against a packet once, however many
 * there are. Within, connections are found by the exact identity of the peer.
 */
export class AddressProfile {
  readonly key: string;
  readonly #sample: ConnectionConfig;
  readonly #all = new LoadOrder<Entry>();
  readonly #byIdentity = new Map<string, LoadOrder<Entry>>();
  readonly #byInit = new Map<string, LoadOrder<Entry>>();
  #leaders: readonly Entry[] | undefined;
  /** Those whose remote identity is a pattern, or any. */
  readonly #patterns = new LoadOrder<Entry>();

  constructor(key: string, sample: ConnectionConfig) {
    this.key = key;
    this.#sample = sample;
  }

  get entries(): readonly Entry[] {
    return this.#all.items;
  }

  /** The first of each group that IKE_SA_INIT is answered alike for (equal proposals above all), in order of loading. */
  get leaders(): readonly Entry[] {
    this.#leaders ??= [...this.#byInit.values()]
      .flatMap((list) => list.items.slice(0, 1))
      .sort((a, b) => a.sequence - b.sequence);
    return this.#leaders;
  }

  add(entry: Entry): void {
    this.#all.add(entry);
    const init = initKey(entry.config);
    const equal = this.#byInit.get(init) ?? new LoadOrder<Entry>();
    this.#byInit.set(init, equal);
    equal.add(entry);
    this.#leaders = undefined;
    const key = exactKey(entry.config.remote[0]?.id);
    if (key === undefined) {
      this.#patterns.add(entry);
      return;
    }
    const list = this.#byIdentity.get(key) ?? new LoadOrder<Entry>();
    this.#byIdentity.set(key, list);
    list.add(entry);
  }

  remove(entry: Entry): void {
    this.#all.remove(entry);
    const init = initKey(entry.config);
    const equal = this.#byInit.get(init);
    equal?.remove(entry);
    if (equal?.items.length === 0) this.#byInit.delete(init);
    this.#leaders = undefined;
    const key = exactKey(entry.config.remote[0]?.id);
    if (key === undefined) {
      this.#patterns.remove(entry);
      return;
    }
    const list = this.#byIdentity.get(key);
    list?.remove(entry);
    if (list?.items.length === 0) this.#byIdentity.delete(key);
  }

  /** charon's address score: 0 if one end does not match; the remote end weighs double. */
  score(local: Endpoint, remote: Endpoint, resolved: ResolvedNames): number {
    const sample = this.#sample;
    const there = addressQuality(sample.remoteAddrs, remote.address, resolved);
    if (there === 0) return 0;
    const here = addressQuality(sample.localAddrs, local.address, resolved);
    if (here === 0) return 0;
    const localPort = sample.localPort === local.port ? 1 : 0;
    const remotePort = sample.remotePort === remote.port ? 1 : 0;
    return (here + localPort) * 8 + (there + remotePort) * 16;
  }

  /** Connections that may match the identity of the peer: a superset, in order of loading. */
  maybe(remoteId: Identity): readonly Entry[] {
    const key = exactKey(remoteId);
    const exact = key === undefined ? undefined : this.#byIdentity.get(key)?.items;
    if (key === undefined) return this.#all.items;
    return mergeOrdered(exact ?? [], this.#patterns.items);
  }
}

/** Text that is equal for connections of one profile. */
export function profileKey(config: ConnectionConfig): string {
  const texts = (specs: ConnectionConfig['localAddrs']): string =>
    specs.map((spec) => spec.text).join(',');
  return `${texts(config.localAddrs)} ${config.localPort} ${texts(config.remoteAddrs)} ${config.remotePort}`;
}

/** Remote addresses of a profile that can be looked up, or `undefined` if it also takes others. */
export function remoteHosts(config: ConnectionConfig): readonly IpAddress[] | undefined {
  const hosts: IpAddress[] = [];
  for (const spec of config.remoteAddrs) {
    if (spec.kind !== 'host') return undefined;
    hosts.push(spec.address);
  }
  return hosts;
}

// All that an IKE_SA_INIT response may depend on and that IKE_SA_INIT itself cannot choose by.
function initKey({ proposals, sendCertreq, ocsp, remote }: ConnectionConfig): string {
  const transforms = proposals.map(({ protocol, transforms: list }) => [protocol, list]);
  const classes = [...new Set(remote.map((round) => round.class))].sort();
  const sha1 = remote.some(({ auth }) => /-sha1(-|$)/.test(auth));
  return JSON.stringify([transforms, sendCertreq, ocsp, classes, sha1]);
}

// Identities that match perfectly have equal keys; patterns, and names compared by parts, have none.
function exactKey(id: Identity | undefined): string | undefined {
  return id === undefined || isPattern(id) ? undefined : identityKey(id);
}
