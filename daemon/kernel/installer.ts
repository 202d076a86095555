import type { Clock } from '../contracts/clock.ts';
import type { StateJournal } from '../contracts/journal.ts';
import type { KernelEvent, KernelIpsec, KernelNet, SaUsage } from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { InternalError } from '../util/error.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { type ReqidKey, Reqids } from './reqids.ts';

/** The options the installer obeys, read at each use because a reload may change them. */
export interface InstallerSettings {
  readonly installRoutes: boolean;
  readonly routingTable: number;
  readonly routingTablePriority: number;
  readonly spiMin: number;
  readonly spiMax: number;
  readonly reqidBase: number;
}

export interface InstallerDeps {
  readonly kernel: KernelIpsec;
  readonly net: KernelNet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly journal: StateJournal;
  readonly settings: () => InstallerSettings;
}

/** A CHILD_SA that is in the kernel. */
export interface InstalledChildSa {
  remove(): Promise<void>;
  usage(): Promise<{ readonly in: SaUsage | undefined; readonly out: SaUsage | undefined }>;
}

/** Makes true in the kernel what IKE negotiated. */
export class KernelInstaller {
  readonly #deps: InstallerDeps;
  readonly #reqids: Reqids;

  constructor(deps: InstallerDeps) {
    this.#deps = deps;
    this.#reqids = new Reqids(() => deps.settings().reqidBase);
  }

  async start(): Promise<void> {}
  async close(): Promise<void> {}

  allocateSpi(
    local: IpAddress,
    remote: IpAddress,
    protocol: 50 | 51,
    reqid: number,
  ): Promise<ChildSpi> {
    const { spiMin, spiMax } = this.#deps.settings();
    return this.#deps.kernel.allocateSpi(remote, local, protocol, reqid, spiMin, spiMax);
  }

  releaseSpi(local: IpAddress, remote: IpAddress, protocol: 50 | 51, spi: ChildSpi): Promise<void> {
    return this.#deps.kernel.deleteSa({ source: remote, destination: local, protocol, spi });
  }

  acquireReqid(key: ReqidKey): number {
    return this.#reqids.acquire(key);
  }

  releaseReqid(reqid: number): void {
    this.#reqids.release(reqid);
  }

  async install(spec: ChildSaSpec): Promise<InstalledChildSa> {
    throw new InternalError(`no kernel yet for reqid ${spec.reqid}`);
  }

  onEvent(handler: (event: KernelEvent) => void): void {
    this.#deps.kernel.onEvent(handler);
  }
}
