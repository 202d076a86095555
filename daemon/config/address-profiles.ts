import type { Endpoint } from '../proto/endpoint.ts';
import type { Identity } from '../proto/identity.ts';
import { addressQuality, type ResolvedNames } from './address-match.ts';
import type { AddressSpec, ConnectionConfig } from './connection-types.ts';
import { IdentityIndex } from './identity-index.ts';
import { LoadOrder, type Sequenced } from './load-order.ts';

/** A loaded connection and its place in the order of loading. */
export interface Entry extends Sequenced {
  /** Another takes its place if it is found in the same way. */
  config: ConnectionConfig;
}

/**
 * All connections with the same addresses and ports on both ends: matched against a packet once, however many
 * there are. Within, connections are found by the identities of both ends.
 */
export class AddressProfile {
  readonly key: string;
  readonly #sample: ConnectionConfig;
  readonly #byInit = new Map<string, LoadOrder<Entry>>();
  #leaders: readonly Entry[] | undefined;
  readonly #byLocalId = new IdentityIndex<Entry>();
  readonly #byRemoteId = new IdentityIndex<Entry>();
  #size = 0;

  constructor(key: string, sample: ConnectionConfig) {
    this.key = key;
    this.#sample = sample;
  }

  /** Connections in it. */
  get size(): number {
    return this.#size;
  }

  /** The first of each group that IKE_SA_INIT is answered alike for (equal proposals above all), in order of loading. */
  get leaders(): readonly Entry[] {
    this.#leaders ??= [...this.#byInit.values()]
      .flatMap(({ first }) => first ?? [])
      .sort((a, b) => a.sequence - b.sequence);
    return this.#leaders;
  }

  add(entry: Entry): void {
    const { config } = entry;
    const init = initKey(config);
    const equal = this.#byInit.get(init) ?? new LoadOrder<Entry>();
    this.#byInit.set(init, equal);
    equal.add(entry);
    this.#leaders = undefined;
    this.#byLocalId.add(config.local[0]?.id, entry);
    this.#byRemoteId.add(config.remote[0]?.id, entry);
    this.#size++;
  }

  remove(entry: Entry): void {
    const { config } = entry;
    const init = initKey(config);
    const equal = this.#byInit.get(init);
    equal?.remove(entry);
    if (equal?.size === 0) this.#byInit.delete(init);
    this.#leaders = undefined;
    this.#byLocalId.remove(config.local[0]?.id, entry);
    this.#byRemoteId.remove(config.remote[0]?.id, entry);
    this.#size--;
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

  /** Connections that may match both identities, the local one if the peer named it: a superset, in order of loading. */
  maybe(localId: Identity | undefined, remoteId: Identity): readonly Entry[] {
    if (this.#size === 1) return this.leaders;
    const fewer =
      localId !== undefined && this.#byLocalId.count(localId) < this.#byRemoteId.count(remoteId);
    return fewer ? this.#byLocalId.find(localId) : this.#byRemoteId.find(remoteId);
  }
}

/** Text that is equal for connections of one profile. */
export function profileKey(config: ConnectionConfig): string {
  const texts = (specs: ConnectionConfig['localAddrs']): string =>
    specs.map((spec) => spec.text).join(',');
  return `${texts(config.localAddrs)} ${config.localPort} ${texts(config.remoteAddrs)} ${config.remotePort}`;
}

/** Whether a list of addresses leaves out none of a family. */
export function takesAll(specs: readonly AddressSpec[]): boolean {
  return specs.some((spec) => spec.kind === 'any' || (spec.kind === 'subnet' && spec.prefix === 0));
}

// All that an IKE_SA_INIT response may depend on and that IKE_SA_INIT itself cannot choose by.
function initKey({ proposals, sendCertreq, ocsp, remote }: ConnectionConfig): string {
  const [first, second] = remote;
  const classes =
    second === undefined ? first?.class : [...new Set(remote.map((round) => round.class))].sort();
  const sha1 = remote.some(({ auth }) => /-sha1(-|$)/.test(auth));
  return withProposals(proposals, `${sendCertreq} ${ocsp} ${classes} ${sha1}`);
}

// Thousands of connections share a few lists of proposals, which never change: their text is long and is made once.
const initKeys = new WeakMap<ConnectionConfig['proposals'], Map<string, string>>();

function withProposals(proposals: ConnectionConfig['proposals'], others: string): string {
  const known = initKeys.get(proposals) ?? new Map<string, string>();
  const before = known.get(others);
  if (before !== undefined) return before;
  const list = proposals.map(({ protocol, transforms }) => [protocol, transforms]);
  const key = `${others} ${JSON.stringify(list)}`;
  initKeys.set(proposals, known.set(others, key));
  return key;
}
