import type { ChildConfig } from '../config/connection-types.ts';
import type { KernelLifetime, SaMode, SaUsage } from '../contracts/kernel.ts';
import type { ChildSaStateName } from '../contracts/views.ts';
import type { ChildSaSpec } from '../kernel/child-sa-spec.ts';
import type { InstalledChildSa } from '../kernel/installed-child.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { Proposal } from '../proto/proposal.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { hex32 } from '../util/hex.ts';
import { announceChildDown } from './announce.ts';
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
  readonly proposal: Proposal;
  readonly spiIn: ChildSpi;
  readonly spiOut: ChildSpi;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly encap: boolean;
  readonly lifetime: KernelLifetime;
  readonly marks: Pick<ChildSaSpec, 'markIn' | 'markOut' | 'ifIdIn' | 'ifIdOut'>;
}

/** Counters of both directions, as the kernel told them last. */
export interface ChildUsage {
  readonly in: SaUsage | undefined;
  readonly out: SaUsage | undefined;
}

const NO_USAGE: ChildUsage = { in: undefined, out: undefined };

/** An installed CHILD_SA. It owns its kernel state and its use of a reqid. */
export class ChildSa {
  /** Monotonic milliseconds. */
  readonly installedAt: number;
  /** How the tables of kernel events know it. */
  kernelKeys: readonly string[] = [];
  #terms: ChildSaTerms;
  readonly #sa: IkeSa;
  readonly #kernel: InstalledChildSa;
  #state: ChildSaStateName = 'INSTALLED';
  #usage: ChildUsage = NO_USAGE;
  #removed: (() => void) | undefined;

  constructor(sa: IkeSa, terms: ChildSaTerms, kernel: InstalledChildSa) {
    this.#sa = sa;
    this.#terms = terms;
    this.#kernel = kernel;
    this.installedAt = sa.env.clock.now();
  }

  get terms(): ChildSaTerms {
    return this.#terms;
  }

  get config(): ChildConfig {
    return this.terms.config;
  }

  get state(): ChildSaStateName {
    return this.#state;
  }

  get usage(): ChildUsage {
    return this.#usage;
  }

  /** The name in sentences: `net{2}`. */
  get label(): string {
    return `${this.config.name}{${this.terms.uniqueId}}`;
  }

  /** A DELETE for it is under way. */
  markDeleting(): void {
    this.#state = 'DELETING';
  }

  /** Follows its IKE_SA to where its ends are now. Rejects with `KernelError`: then it wants to be rekeyed. */
  async move(): Promise<void> {
    const { local, remote, env } = this.#sa;
    const encap = needsEncapsulation(this.#sa);
    await this.#kernel.move({
      local: local.address,
      remote: remote.address,
      ...(encap ? { encap: { localPort: local.port, remotePort: remote.port } } : {}),
    });
    this.#terms = { ...this.#terms, encap };
    env.registry.childRemoved(this);
    env.registry.childInstalled(this.#sa, this);
  }

  /** Calls back once it is gone, whoever closes it and however; at once if it is gone already. */
  whenRemoved(action: () => void): void {
    if (this.#state === 'DELETED') {
      action();
      return;
    }
    const others = this.#removed;
    this.#removed = () => {
      others?.();
      action();
    };
  }

  /** Asks the kernel for the counters; without an answer the last ones stand. */
  async refreshUsage(): Promise<ChildUsage> {
    this.#usage = await this.#kernel.usage();
    return this.#usage;
  }

  /** Takes it out of the kernel and of the IKE_SA, and says so. Doing it twice does nothing. */
  async remove(): Promise<void> {
    const { uniqueId, spiIn, spiOut, localTs, remoteTs } = this.terms;
    if (this.#state === 'DELETED') return;
    const usage = await this.refreshUsage().catch(() => this.#usage);
    const bytes = (one: SaUsage | undefined): string => `(${one?.bytes ?? 0n} bytes)`;
    this.#sa.log.log(
      'chd',
      0,
      `closing CHILD_SA ${this.label} with SPIs ${hex32(spiIn)}_i ${bytes(usage.in)} ` +
        `${hex32(spiOut)}_o ${bytes(usage.out)} and TS ${printSelectors(localTs, remoteTs)}`,
    );
    const tell = announceChildDown(this.#sa, this);
    this.#state = 'DELETED';
    this.#sa.children.delete(uniqueId);
    this.#sa.env.registry.childRemoved(this);
    await this.#kernel.remove();
    this.#sa.env.installer.releaseReqid(this.terms.reqid);
    tell();
    this.#removed?.();
  }
}
