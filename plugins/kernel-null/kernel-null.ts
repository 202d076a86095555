import type {
  AcquireEvent,
  KernelEvent,
  KernelIpsec,
  KernelNet,
  KernelPolicy,
  KernelRoute,
  NetworkChange,
  SaId,
  SaUsage,
} from '../../daemon/contracts/kernel.ts';
import { KernelError } from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import type { IpAddress } from '../../daemon/proto/ip-address.ts';

/** How often each call was made. */
export interface NullCounts {
  spis: number;
  sasAdded: number;
  sasDeleted: number;
  policiesAdded: number;
  policiesDeleted: number;
}

const ENOENT = 2;

/**
 * A kernel that accepts everything and does nothing, for benchmarks of the daemon alone: SPIs are handed out in
 * turn, calls are counted, no packet is ever protected. It has its answers at once.
 */
export class NullIpsec implements KernelIpsec {
  readonly name = 'kernel-null';
  readonly cpus = 0;
  readonly counts: NullCounts = {
    spis: 0,
    sasAdded: 0,
    sasDeleted: 0,
    policiesAdded: 0,
    policiesDeleted: 0,
  };
  #next = 0;

  supports(): boolean {
    return true;
  }

  supportsMode(): boolean {
    return true;
  }

  allocateSpi(
    _source: IpAddress,
    _destination: IpAddress,
    _protocol: number,
    _reqid: number,
    min: number,
    max: number,
  ): ChildSpi {
    if (min > max)
      throw new KernelError('allocate an SPI', ENOENT, 'ENOENT', 'no SPI in an empty range');
    this.counts.spis++;
    const spi = min + (this.#next % (max - min + 1));
    this.#next++;
    return spi as ChildSpi;
  }

  addSa(): void {
    this.counts.sasAdded++;
  }

  async moveSa(): Promise<void> {}

  deleteSa(): void {
    this.counts.sasDeleted++;
  }

  querySa(): SaUsage | undefined {
    return undefined;
  }

  async forgetAcquire(): Promise<void> {
    // None is ever raised.
  }

  addPolicy(): void {
    this.counts.policiesAdded++;
  }

  deletePolicy(): void {
    this.counts.policiesDeleted++;
  }

  async listSas(): Promise<readonly (SaId & { readonly reqid: number })[]> {
    return [];
  }

  async listPolicies(): Promise<readonly KernelPolicy[]> {
    return [];
  }

  async listAcquires(): Promise<readonly AcquireEvent[]> {
    return [];
  }

  onEvent(_handler: (event: KernelEvent) => void): void {
    // Nothing ever happens here.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing was opened.
  }
}

/** A network in which every address is reached by loopback and nothing changes. */
export class NullNet implements KernelNet {
  async route(
    remote: IpAddress,
    source?: IpAddress,
  ): Promise<{ readonly source: IpAddress; readonly interfaceName: string }> {
    const own = (remote.includes(':') ? '::1' : '127.0.0.1') as IpAddress;
    return { source: source ?? own, interfaceName: 'lo' };
  }

  async addresses(): ReturnType<KernelNet['addresses']> {
    return [
      { address: '127.0.0.1' as IpAddress, prefix: 8, interfaceName: 'lo' },
      { address: '::1' as IpAddress, prefix: 128, interfaceName: 'lo' },
    ];
  }

  async idleAddresses(): Promise<readonly IpAddress[]> {
    return [];
  }

  async addAddress(_address: IpAddress, _interfaceName: string): Promise<void> {
    // Accepted and forgotten.
  }

  async deleteAddress(_address: IpAddress, _interfaceName: string): Promise<void> {
    // Nothing to forget.
  }

  async xfrmInterface(_ifId: number): Promise<string | undefined> {
    return undefined;
  }

  async addRoute(_route: KernelRoute): Promise<void> {
    // Accepted and forgotten.
  }

  async deleteRoute(_route: KernelRoute): Promise<void> {
    // There is none.
  }

  async addRule(): Promise<void> {
    // Accepted and forgotten.
  }

  async deleteRule(): Promise<void> {
    // There is none.
  }

  onChange(_handler: (what: NetworkChange) => void): void {
    // Nothing ever changes here.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing was opened.
  }
}
