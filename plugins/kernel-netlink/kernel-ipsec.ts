import { cpus } from 'node:os';
import type {
  AcquireEvent,
  KernelEvent,
  KernelIpsec,
  KernelPolicy,
  KernelSa,
  PolicyId,
  SaEnds,
  SaId,
  SaMode,
  SaProtocol,
  SaUsage,
  WantedSa,
} from '../../daemon/contracts/kernel.ts';
import type { Logger } from '../../daemon/contracts/logger.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { type IpAddress, ipBytes } from '../../daemon/proto/ip-address.ts';
import { Emitter } from '../../daemon/util/emitter.ts';
import { errorText } from '../../daemon/util/error.ts';
import {
  NetlinkError,
  type Offload,
  OffloadFlag,
  type Policy,
  type Watcher,
  type XfrmClient,
  XfrmMode,
} from '../../native/index.ts';
import { modeNumber } from './convert.ts';
import { asKernelError, unless } from './errors.ts';
import { kernelEvent, waitingAcquire } from './events.ts';
import type { Interfaces } from './interfaces.ts';
import { moveSa } from './move-sa.ts';
import { fromPolicy, fromSa, toPolicy, toPolicyId, toSa, toSaId, toUsage } from './objects.ts';
import { type OffloadKernel, putOffloaded } from './offload.ts';
import { type Capabilities, probe } from './probe.ts';

/** Valid SPIs (RFC 4303 section 2.1) that live for a moment only. */
const PLACEHOLDER_SPIS = { min: 0x100, max: 0xffff_ffff };

/** SAs and policies of this network namespace, through XFRM netlink. */
export class NetlinkIpsec implements KernelIpsec {
  readonly name = 'kernel-netlink';
  readonly #client: XfrmClient;
  readonly #interfaces: Interfaces;
  readonly #logger: Logger;
  readonly #capabilities: Capabilities;
  readonly #events: Emitter<KernelEvent>;
  readonly #watcher: Watcher;

  private constructor(
    client: XfrmClient,
    capabilities: Capabilities,
    interfaces: Interfaces,
    logger: Logger,
  ) {
    this.#client = client;
    this.#capabilities = capabilities;
    this.#interfaces = interfaces;
    this.#logger = logger;
    this.#events = new Emitter((error) =>
      logger.log('knl', 1, `handling a kernel event failed: ${errorText(error)}`),
    );
    this.#watcher = client.watch((event) => {
      if (event.kind === 'malformed') logger.log('knl', 1, `kernel event: ${event.reason}`);
      const told = kernelEvent(event);
      if (told !== undefined) this.#events.emit(told);
    });
  }

  /** Opens the sockets and asks the kernel what it can do; rejects with `KernelError`, EPERM without CAP_NET_ADMIN. */
  static open(client: XfrmClient, interfaces: Interfaces, logger: Logger): Promise<NetlinkIpsec> {
    return asKernelError(async () => {
      try {
        return new NetlinkIpsec(client, await probe(client), interfaces, logger);
      } catch (error) {
        client.close();
        throw error;
      }
    });
  }

  supports(
    protocol: SaProtocol,
    encryption: number | undefined,
    keyBits: number | undefined,
    integrity: number | undefined,
  ): boolean {
    return this.#capabilities.supports(protocol, encryption, keyBits, integrity);
  }

  supportsMode(mode: SaMode): boolean {
    return this.#capabilities.supportsMode(mode);
  }

  get cpus(): number {
    return this.#capabilities.perCpu ? cpus().length : 0;
  }

  allocateSpi(
    source: IpAddress,
    destination: IpAddress,
    protocol: SaProtocol,
    reqid: number,
    min: number,
    max: number,
  ): Promise<ChildSpi> {
    return asKernelError(async () => {
      const spi = await this.#client.allocateSpi({
        src: ipBytes(source),
        dst: ipBytes(destination),
        protocol,
        mode: XfrmMode.TUNNEL,
        reqid,
        min,
        max,
        ...(this.#capabilities.directions && { direction: 'in' as const }),
      });
      return spi as ChildSpi;
    });
  }

  addSa(sa: KernelSa): Promise<void> {
    return asKernelError(async () => {
      if (sa.hwOffload === undefined) {
        await this.#put(sa);
      } else {
        await this.#putOffloaded(sa, sa.hwOffload);
      }
    });
  }

  moveSa(
    sa: SaId & Pick<KernelSa, 'direction'>,
    to: SaEnds,
    policies: readonly KernelPolicy[] = [],
  ): Promise<void> {
    return asKernelError(async () => {
      const device = sa.direction === 'in' ? to.destination : to.source;
      await moveSa(
        this.#client,
        sa,
        to,
        await Promise.all(policies.map((policy) => this.#kernelPolicy(policy))),
        () => this.#interfaces.holding(device),
      );
    });
  }

  async deleteSa(id: SaId): Promise<void> {
    await asKernelError(() => unless(['ESRCH'], () => this.#client.deleteSa(toSaId(id))));
  }

  querySa(id: SaId): Promise<SaUsage | undefined> {
    return asKernelError(async () => {
      const found = await this.#client.getSa(toSaId(id));
      return found && toUsage(found);
    });
  }

  async forgetAcquire(wanted: WantedSa): Promise<void> {
    await asKernelError(async () => {
      const { source, destination, protocol, mode, reqid } = wanted;
      // An SA without SPI cannot be named, so it is given one: the kernel takes the one that waits, or a new one.
      const placeholder = {
        src: ipBytes(source),
        dst: ipBytes(destination),
        protocol,
        ...(wanted.mark && { mark: wanted.mark }),
        ...(wanted.ifId !== undefined && { ifId: wanted.ifId }),
      };
      const spi = await this.#client.allocateSpi({
        ...placeholder,
        mode: modeNumber(mode),
        reqid,
        min: PLACEHOLDER_SPIS.min,
        max: PLACEHOLDER_SPIS.max,
      });
      await unless(['ESRCH'], () => this.#client.deleteSa({ ...placeholder, spi }));
    });
  }

  addPolicy(policy: KernelPolicy, options?: { readonly exclusive?: boolean }): Promise<void> {
    return asKernelError(async () => {
      const wanted = await this.#kernelPolicy(policy);
      if (options?.exclusive === true) await this.#client.addPolicy(wanted);
      else await this.#client.updatePolicy(wanted);
    });
  }

  async deletePolicy(id: PolicyId & { readonly interfaceName?: string }): Promise<void> {
    await asKernelError(async () => {
      const ifindex = await this.#interfaces.indexOf(id.interfaceName);
      await unless(['ENOENT'], () => this.#client.deletePolicy(toPolicyId(id, ifindex)));
    });
  }

  listSas(): Promise<readonly (SaId & { readonly reqid: number })[]> {
    return asKernelError(async () => present((await this.#client.listSas()).map(fromSa)));
  }

  listPolicies(): Promise<readonly KernelPolicy[]> {
    return asKernelError(async () => {
      const policies = await this.#client.listPolicies();
      const bound = policies.some((policy) => policy.selector.ifindex !== 0);
      const names = bound ? await this.#interfaces.names() : new Map<number, string>();
      return present(policies.map((one) => fromPolicy(one, (ifindex) => names.get(ifindex))));
    });
  }

  listAcquires(): Promise<readonly AcquireEvent[]> {
    return asKernelError(async () => present((await this.#client.listSas()).map(waitingAcquire)));
  }

  onEvent(handler: (event: KernelEvent) => void): void {
    this.#events.on(handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    this.#client.close();
  }

  async #kernelPolicy(policy: KernelPolicy): Promise<Policy> {
    const ifindex = await this.#interfaces.indexOf(policy.interfaceName);
    if (policy.offloadTo === undefined) return toPolicy(policy, ifindex);
    const device = await this.#interfaces.holding(policy.offloadTo);
    return toPolicy(policy, ifindex, { ifindex: device, flags: OffloadFlag.PACKET });
  }

  // An inbound SA completes its reservation; one that expired meanwhile makes it an SA like any other.
  async #put(sa: KernelSa, offload?: Offload): Promise<void> {
    const wanted = toSa(sa, this.#capabilities.directions, offload);
    if (sa.direction === 'out') return this.#client.addSa(wanted);
    try {
      await this.#client.updateSa(wanted);
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== 'ESRCH') throw error;
      await this.#client.addSa(wanted);
    }
  }

  async #putOffloaded(sa: KernelSa, kind: NonNullable<KernelSa['hwOffload']>): Promise<void> {
    const end = sa.direction === 'in' ? sa.destination : sa.source;
    const ifindex = await this.#interfaces.holding(end);
    const kernel: OffloadKernel = {
      ifindex,
      interfaceName: async () => (await this.#interfaces.names()).get(ifindex) ?? String(ifindex),
      put: (offload) => this.#put(sa, offload),
      isOffloaded: async () => (await this.#client.getSa(toSaId(sa)))?.offload !== undefined,
      remove: () => this.#client.deleteSa(toSaId(sa)),
      log: (text) => this.#logger.log('knl', 2, text),
    };
    await putOffloaded(kernel, sa.direction, kind);
  }
}

function present<T>(list: readonly (T | undefined)[]): T[] {
  return list.filter((one) => one !== undefined);
}
