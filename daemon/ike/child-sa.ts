import type { ChildConfig } from '../config/connection-types.ts';
import type { Timer } from '../contracts/clock.ts';
import type { KernelLifetime, SaMode, SaUsage } from '../contracts/kernel.ts';
import type { ChildSaStateName } from '../contracts/views.ts';
import type { ChildSaSpec } from '../kernel/child-sa-spec.ts';
import {
  type ChildUsage,
  type Halves,
  type InstalledChildSa,
  NO_USAGE,
} from '../kernel/installed-child.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Proposal } from '../proto/proposal.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { type Awaitable, proceed } from '../util/awaitable.ts';
import { hex32 } from '../util/hex.ts';
import { announceChildDown } from './announce.ts';
import { succeed } from './heirs.ts';
import type { IkeSa } from './ike-sa.ts';
import { needsEncapsulation } from './nat-detection.ts';
import { printSelectors } from './selectors.ts';

/** What was agreed for a CHILD_SA; no keys. */
export interface ChildSaTerms {
  readonly uniqueId: number;
  readonly config: ChildConfig;
  readonly reqid: number;
  readonly protocol: 50 | 51;
  readonly mode: SaMode;
  readonly ipcomp?: ChildSaSpec['ipcomp'] & {};
  readonly proposal: Proposal;
  readonly spiIn: ChildSpi;
  readonly spiOut: ChildSpi;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly encap: boolean;
  readonly lifetime: KernelLifetime;
  readonly marks: Pick<ChildSaSpec, 'markIn' | 'markOut' | 'ifIdIn' | 'ifIdOut'>;
}

/** What sends: nothing, nothing yet (the peer's rekeying is not complete), or the kernel. */
export type OutboundState = 'NONE' | 'REGISTERED' | 'INSTALLED';

/** How a CHILD_SA begins. */
export interface ChildSaStart {
  /** Keys that are still needed, because what sends is not installed yet: it wipes them. */
  readonly keys: Disposable | undefined;
  /** Listeners know of it; one that replaces another becomes known when it takes over. */
  readonly up: boolean;
  /** Monotonic milliseconds; now if absent. */
  readonly installedAt?: number;
  /** What sends, if that does not follow from the keys. */
  readonly outbound?: OutboundState;
}

/** The peer's rekeying of a CHILD_SA, answered but not complete until the peer deletes the old one. */
export interface PeerRekey {
  /** `undefined` while additional key exchanges are missing. */
  readonly replacement: ChildSa | undefined;
  /** The lower nonce of that exchange: it decides if our own rekeying collides (RFC 7296 section 2.8.1). */
  readonly lowestNonce: Uint8Array;
}

/** Seconds for which a rekeyed CHILD_SA without an end of its life is received. */
const UNENDING_LINGER = 5;

/**
 * An installed CHILD_SA. It owns its kernel state and its use of a reqid. Listeners are told of one that came up, was
 * replaced or went down exactly once: {@link ChildSa.up} is what they believe.
 */
export class ChildSa {
  /** Monotonic milliseconds. */
  readonly installedAt: number;
  /** Without traffic it was not used since then, monotonic milliseconds. */
  idleSince: number;
  /** How the tables of kernel events know it. */
  kernelKeys: readonly string[] = [];
  /** Where it receives, and where it sends to. */
  ends: { readonly local: IpAddress; readonly remote: IpAddress };
  #terms: ChildSaTerms;
  state: ChildSaStateName = 'INSTALLED';
  up: boolean;
  /** The kernel dropped it at its hard lifetime. */
  expired = false;
  /** The peer's rekeying of it, while that is not complete. */
  peerRekey: PeerRekey | undefined;
  /** The peer refused to have further ones for single CPUs beside this one. */
  alone = false;
  /** Our rekeying of it is past CREATE_CHILD_SA: no other one may begin (RFC 9370 section 2.2.4). */
  followsUp = false;
  /** Our request to rekey it is unanswered: what the peer deletes meanwhile stays until the answer is there. */
  rekeyOpen = false;
  /** The peer closed it while it had to stay for that reason. */
  deletedByPeer = false;
  /** It took the place of another, and our DELETE for that one is unanswered. */
  unsettled = false;
  /** The same CHILD_SA of a newer IKE_SA, which sends as soon as this one goes. */
  heir: ChildSa | undefined;
  /** What replaced it. */
  successor: ChildSa | undefined;
  /** What the peer made it to replace, as long as that exists. */
  predecessor: ChildSa | undefined;
  #sa: IkeSa;
  readonly #kernel: InstalledChildSa;
  #keys: Disposable | undefined;
  #outbound: OutboundState;
  #gone = false;
  #linger: Timer | undefined;
  #usage: ChildUsage = NO_USAGE;
  #removed: (() => void) | undefined;

  constructor(sa: IkeSa, terms: ChildSaTerms, kernel: InstalledChildSa, start: ChildSaStart) {
    this.#sa = sa;
    this.#terms = terms;
    this.#kernel = kernel;
    this.#keys = start.keys;
    this.#outbound = start.outbound ?? (start.keys === undefined ? 'INSTALLED' : 'REGISTERED');
    this.up = start.up;
    this.ends = { local: sa.local.address, remote: sa.remote.address };
    this.installedAt = start.installedAt ?? sa.env.clock.now();
    this.idleSince = this.installedAt;
  }

  get terms(): ChildSaTerms {
    return this.#terms;
  }

  /** The IKE_SA that it belongs to: another one after that was rekeyed. */
  get sa(): IkeSa {
    return this.#sa;
  }

  get config(): ChildConfig {
    return this.terms.config;
  }

  get outbound(): OutboundState {
    return this.#outbound;
  }

  /** What is in the kernel of it; its keys may be wiped. */
  get spec(): ChildSaSpec {
    return this.#kernel.spec;
  }

  /** What is in the kernel of it, for what replaces it. */
  get installed(): InstalledChildSa {
    return this.#kernel;
  }

  /** Whether what sends is in the kernel. */
  get sends(): boolean {
    return this.#kernel.sends;
  }

  /** Immutable values that tell, compared with those of an earlier moment, whether anything changed. */
  get revision(): readonly unknown[] {
    const { terms, state, spec, sends, outbound, up, expired, deletedByPeer } = this;
    const { peerRekey, successor, predecessor } = this;
    return [
      ...[terms, state, spec, sends, outbound, up, expired, deletedByPeer],
      ...[peerRekey?.replacement, peerRekey?.lowestNonce, successor, predecessor],
    ];
  }

  get usage(): ChildUsage {
    return this.#usage;
  }

  /** Neither replaced nor on its way out: what a user means by it. */
  get live(): boolean {
    return (this.state === 'INSTALLED' || this.state === 'REKEYING') && !this.#gone;
  }

  /** The name in sentences: `net{2}`. */
  get label(): string {
    return `${this.config.name}{${this.terms.uniqueId}}`;
  }

  /**
   * Follows its IKE_SA to where its ends are now, with one direction or both. Rejects with `KernelError`: then it wants to
   * be rekeyed.
   */
  async move(halves: Halves): Promise<void> {
    const { local, remote, env } = this.#sa;
    const encap = needsEncapsulation(this.#sa);
    await this.#kernel.move(
      {
        local: local.address,
        remote: remote.address,
        ...(encap ? { encap: { localPort: local.port, remotePort: remote.port } } : {}),
      },
      halves,
    );
    this.#terms = { ...this.#terms, encap };
    env.registry.childRemoved(this);
    this.ends = {
      local: halves === 'out' ? this.ends.local : local.address,
      remote: halves === 'in' ? this.ends.remote : remote.address,
    };
    env.registry.childInstalled(this.#sa, this);
  }

  /** Traffic leaves through it from now on, that of `replaces` for one. Rejects with {@link KernelError}. */
  async installOutbound(replaces?: ChildSa): Promise<void> {
    if (this.#outbound !== 'REGISTERED') return;
    await this.#kernel.installOutbound(replaces?.installed);
    this.#outbound = 'INSTALLED';
    this.#wipe();
  }

  /** Nothing leaves through it any more; what is under way to us is still received. */
  async removeOutbound(): Promise<void> {
    this.#outbound = 'NONE';
    this.#wipe();
    await this.#kernel.removeOutbound();
  }

  /** Another CHILD_SA took its place and the peer knows: it receives what is under way for a moment, then goes. */
  retire(): void {
    if (this.#gone) return;
    this.state = 'DELETED';
    const { env } = this.#sa;
    const { delete_rekeyed_delay: delay } = env.options();
    this.#linger?.cancel();
    // It stays until the kernel tells that it expired; one that never does would stay for ever.
    if (delay === 0 && this.spec.lifetime.hardSeconds > 0) return;
    this.#linger = env.clock.after((delay || UNENDING_LINGER) * 1000, () =>
      this.#sa.post(() => this.remove()),
    );
  }

  /** Hands it to the IKE_SA that replaces its own. */
  moveTo(sa: IkeSa): void {
    this.#sa.children.delete(this.terms.uniqueId);
    this.#sa = sa;
    sa.children.set(this.terms.uniqueId, this);
  }

  /** Calls back once it and what replaced it are gone, whoever closes it and however; at once if it is gone already. */
  whenRemoved(action: () => void): void {
    if (this.successor !== undefined) {
      this.successor.whenRemoved(action);
      return;
    }
    if (this.#gone) {
      action();
      return;
    }
    const others = this.#removed;
    this.#removed = () => {
      others?.();
      action();
    };
  }

  /** Those who wait for its end wait for the end of its successor instead. */
  replacedBy(successor: ChildSa): void {
    this.successor = successor;
    successor.alone = this.alone;
    const waiting = this.#removed;
    this.#removed = undefined;
    if (waiting !== undefined) successor.whenRemoved(waiting);
  }

  /** Asks the kernel for the counters; without an answer the last ones stand. Never fails. */
  refreshUsage(): Awaitable<ChildUsage> {
    return proceed(
      () => this.#kernel.usage(),
      (told) => {
        this.#usage = told;
        return told;
      },
      () => this.#usage,
    );
  }

  /** Takes it out of the kernel and of the IKE_SA, and says so. Doing it twice does nothing. */
  async remove(): Promise<void> {
    const { uniqueId, spiIn, spiOut, localTs, remoteTs } = this.terms;
    if (this.#gone) return;
    this.#gone = true;
    this.#linger?.cancel();
    await succeed(this);
    const usage = await this.refreshUsage();
    const bytes = (one: SaUsage | undefined): string => `(${one?.bytes ?? 0n} bytes)`;
    this.#sa.log.log(
      'chd',
      this.up ? 0 : 1,
      `closing CHILD_SA ${this.label} with SPIs ${hex32(spiIn)}_i ${bytes(usage.in)} ` +
        `${hex32(spiOut)}_o ${bytes(usage.out)} and TS ${printSelectors(localTs, remoteTs)}`,
    );
    const tell = this.up ? announceChildDown(this.#sa, this) : undefined;
    this.up = false;
    this.state = 'DELETED';
    this.#outbound = 'NONE';
    this.#sa.children.delete(uniqueId);
    this.#sa.env.registry.childRemoved(this);
    if (this.predecessor?.peerRekey?.replacement === this) this.predecessor.peerRekey = undefined;
    if (this.successor?.predecessor === this) this.successor.predecessor = undefined;
    await this.#kernel.remove();
    // Not before: somebody may be installing it this moment.
    this.#wipe();
    this.#sa.env.installer.releaseReqid(this.terms.reqid);
    tell?.();
    this.#removed?.();
  }

  #wipe(): void {
    this.#keys?.[Symbol.dispose]();
    this.#keys = undefined;
  }
}
