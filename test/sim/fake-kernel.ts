import {
  type AcquireEvent,
  KernelError,
  type KernelEvent,
  type KernelIpsec,
  type KernelNet,
  type KernelPolicy,
  type KernelRoute,
  type KernelSa,
  type NetworkChange,
  type PolicyId,
  type RuleMark,
  type SaEnds,
  type SaId,
  type SaMode,
  type SaProtocol,
  type SaUsage,
  type WantedSa,
} from '../../daemon/contracts/kernel.ts';
import type { Random } from '../../daemon/contracts/random.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { familyOf, type IpAddress } from '../../daemon/proto/ip-address.ts';
import type { Awaitable } from '../../daemon/util/awaitable.ts';
import { toHex } from '../../daemon/util/hex.ts';
import type { DataPacket } from './carry.ts';

/** An SA in the fake kernel; `sa` is absent while only its SPI is reserved. */
export interface FakeSa {
  readonly id: SaId & { readonly reqid: number };
  readonly sa?: KernelSa;
  bytes: bigint;
  packets: bigint;
  /** Seconds of the wall clock. */
  lastUsed?: number;
}

/** What Linux holds back per policy. */
const HELD_AT_MOST = 100;

/** Operations that change something: the ones that can be made to fail. */
export type FakeOperation =
  | 'allocateSpi'
  | 'addSa'
  | 'moveSa'
  | 'deleteSa'
  | 'forgetAcquire'
  | 'addPolicy'
  | 'deletePolicy'
  | 'addAddress'
  | 'deleteAddress'
  | 'addRoute'
  | 'deleteRoute'
  | 'addRule'
  | 'deleteRule';

const errnoNumbers: Readonly<Record<string, number>> = {
  EPERM: 1,
  ESRCH: 3,
  ENOMEM: 12,
  EEXIST: 17,
  EINVAL: 22,
  ENOSYS: 38,
};

/** A kernel in memory: keeps what it is given, refuses what Linux would refuse, and whatever it is told to. */
export class FakeKernel implements KernelIpsec, KernelNet {
  /** XFRM interfaces by interface id. */
  readonly xfrmInterfaces = new Map<number, string>();
  readonly name = 'fake';
  readonly sas = new Map<string, FakeSa>();
  readonly policies = new Map<string, KernelPolicy>();
  readonly routes = new Map<string, KernelRoute>();
  readonly rules = new Set<string>();
  /** Addresses added, with their interface. */
  readonly virtualIps = new Map<IpAddress, string>();
  /** SAs that were asked for and are not there yet: while one is, the kernel does not ask again. */
  readonly larval = new Map<string, AcquireEvent>();
  /** Packets held back for want of an SA, oldest first. */
  readonly held: DataPacket[] = [];
  /** Every changing call so far, failed ones too. */
  readonly calls: string[] = [];
  /** SPIs, SAs and policies are answered without a promise, as the contract lets a kernel do. */
  answersAtOnce = false;
  /** The wall clock in milliseconds, for what remembers when it was used. */
  wallClock: () => number = () => 0;
  readonly #random: Random;
  #addresses: readonly IpAddress[];
  readonly #down = new Set<IpAddress>();
  #refuse: (operation: FakeOperation, index: number) => string | undefined = () => undefined;
  #onEvent: (event: KernelEvent) => void = () => undefined;
  #onChange: (what: NetworkChange) => void = () => undefined;
  #changed: () => void = () => undefined;

  /** `addresses` are the host's own, all on one interface. */
  constructor(random: Random, addresses: readonly IpAddress[]) {
    this.#random = random;
    this.#addresses = addresses;
  }

  /** Nothing but rules left. */
  get empty(): boolean {
    return (
      this.sas.size === 0 &&
      this.policies.size === 0 &&
      this.routes.size === 0 &&
      this.virtualIps.size === 0
    );
  }

  /** From now on, asks before each changing call (numbered from 0) which errno it shall fail with. */
  refuse(decide: (operation: FakeOperation, index: number) => string | undefined): void {
    this.#refuse = decide;
    this.calls.length = 0;
  }

  /** From now on, calls this after every call that changed something. */
  watch(changed: () => void): void {
    this.#changed = changed;
  }

  /** A packet met a policy without an SA: it waits, and the kernel asks for the SA unless it has already. */
  miss(packet: DataPacket, event: AcquireEvent): void {
    if (this.held.length < HELD_AT_MOST) this.held.push(packet);
    this.ask(event);
  }

  /** Asks for an SA unless that has been done already. */
  ask(event: AcquireEvent): void {
    const key = larvalKey(event.wanted, event.cpu);
    if (this.larval.has(key)) return;
    this.larval.set(key, event);
    this.raise(event);
  }

  raise(event: KernelEvent): void {
    if (this.deaf) this.missed++;
    else this.#onEvent(event);
  }

  /** What is told now reaches nobody, as if the socket were full; `missed` counts it, and {@link overrun} ends that. */
  deaf = false;
  missed = 0;

  /** The socket has room again: whoever reads from it learns that something was lost. */
  overrun(): void {
    this.deaf = false;
    this.raise({ kind: 'overrun' });
  }

  /** Raises the expiry of an SA; a hard one removes it first. */
  expire(spi: ChildSpi, hard: boolean): void {
    for (const [key, { id }] of this.sas) {
      if (id.spi !== spi) continue;
      if (hard) this.sas.delete(key);
      this.raise({ kind: 'expire', id, hard });
    }
  }

  /** The host has these addresses now; whoever watches is told. */
  readdress(addresses: readonly IpAddress[]): void {
    this.#addresses = addresses;
    this.#onChange('addresses');
  }

  /** The interfaces of these addresses go down: they stay where they are, and the kernel would send from them. */
  linkDown(...addresses: readonly IpAddress[]): void {
    for (const address of addresses) this.#down.add(address);
    this.#onChange('addresses');
  }

  /** Tells of other routes than before. */
  reroute(): void {
    this.#onChange('routes');
  }

  owns(address: IpAddress): boolean {
    return this.#addresses.includes(address);
  }

  supports(): boolean {
    return true;
  }

  /** Modes that this kernel lacks. */
  readonly withoutModes = new Set<SaMode>();

  /** CPUs that can have SAs of their own. */
  cpus = 4;

  supportsMode(mode: SaMode): boolean {
    return !this.withoutModes.has(mode);
  }

  allocateSpi(
    source: IpAddress,
    destination: IpAddress,
    protocol: SaProtocol,
    reqid: number,
    min: number,
    max: number,
  ): Awaitable<ChildSpi> {
    return this.#answer(() => {
      this.#call('allocateSpi', `${destination}`);
      for (let tries = 0; tries < 100; tries++) {
        const spi = (min + this.#random.below(max - min + 1)) as ChildSpi;
        const id = { source, destination, protocol, spi, reqid };
        if (this.sas.has(saKey(id))) continue;
        this.sas.set(saKey(id), { id, bytes: 0n, packets: 0n });
        return spi;
      }
      throw refusal('allocateSpi', 'ENOMEM');
    });
  }

  addSa(sa: KernelSa): Awaitable<void> {
    return this.#answer(() => {
      this.#call('addSa', `${sa.direction} ${sa.spi.toString(16)}`);
      const key = saKey(sa);
      const present = this.sas.get(key) ?? this.sas.get(saKey({ ...sa, mark: undefined }));
      const completes = sa.direction === 'in' && present !== undefined && present.sa === undefined;
      if (present !== undefined && !completes) throw refusal('addSa', 'EEXIST');
      if (impossible(sa) || !this.supportsMode(sa.mode)) throw refusal('addSa', 'EINVAL');
      if (present !== undefined) this.sas.delete(saKey(present.id));
      // Keys belong to the caller, who may wipe them when this returns.
      const kept: KernelSa = {
        ...sa,
        ...(sa.encryption && {
          encryption: { ...sa.encryption, key: Uint8Array.from(sa.encryption.key) },
        }),
        ...(sa.integrity && {
          integrity: { ...sa.integrity, key: Uint8Array.from(sa.integrity.key) },
        }),
      };
      this.sas.set(key, { id: kept, sa: kept, bytes: 0n, packets: 0n });
      this.larval.delete(larvalKey(sa, sa.cpu));
      this.#changed();
    });
  }

  async moveSa(
    id: SaId & Pick<KernelSa, 'direction'>,
    to: SaEnds,
    policies: readonly KernelPolicy[] = [],
  ): Promise<void> {
    this.#call('moveSa', `${id.direction} ${id.spi.toString(16)}`);
    const found = this.sas.get(saKey(id));
    if (found?.sa === undefined) throw refusal('moveSa', 'ESRCH');
    const { encap: _, ...rest } = found.sa;
    const moved: KernelSa = { ...rest, ...to };
    if (saKey(moved) !== saKey(id) && this.sas.has(saKey(moved))) throw refusal('moveSa', 'EEXIST');
    this.sas.delete(saKey(id));
    this.sas.set(saKey(moved), { ...found, id: moved, sa: moved });
    for (const policy of policies) this.policies.set(policyKey(policy), policy);
  }

  deleteSa(id: SaId): Awaitable<void> {
    return this.#answer(() => {
      this.#call('deleteSa', id.spi.toString(16));
      this.sas.delete(saKey(id));
      this.#changed();
    });
  }

  async forgetAcquire(wanted: WantedSa): Promise<void> {
    this.#call('forgetAcquire', `${wanted.destination}`);
    // As in Linux: those of a CPU are not found without it, and expire.
    this.larval.delete(larvalKey(wanted));
  }

  async querySa(id: SaId): Promise<SaUsage | undefined> {
    const found = this.sas.get(saKey(id));
    if (found === undefined) return undefined;
    const { bytes, packets, lastUsed } = found;
    return { bytes, packets, ...(lastUsed === undefined ? {} : { lastUsed }) };
  }

  addPolicy(policy: KernelPolicy, options?: { readonly exclusive?: boolean }): Awaitable<void> {
    return this.#answer(() => {
      this.#call('addPolicy', policy.direction);
      const key = policyKey(policy);
      if (options?.exclusive && this.policies.has(key)) throw refusal('addPolicy', 'EEXIST');
      this.policies.set(key, policy);
      this.#changed();
    });
  }

  deletePolicy(id: PolicyId): Awaitable<void> {
    return this.#answer(() => {
      this.#call('deletePolicy', id.direction);
      this.policies.delete(policyKey(id));
      this.#changed();
    });
  }

  async listSas(): Promise<readonly (SaId & { readonly reqid: number })[]> {
    return [...this.sas.values()].map(({ id }) => ({
      source: id.source,
      destination: id.destination,
      spi: id.spi,
      protocol: id.protocol,
      reqid: id.reqid,
      ...(id.mark && { mark: id.mark }),
      ...(id.ifId !== undefined && { ifId: id.ifId }),
    }));
  }

  async listAcquires(): Promise<readonly AcquireEvent[]> {
    return [...this.larval.values()];
  }

  async listPolicies(): Promise<readonly KernelPolicy[]> {
    return [...this.policies.values()];
  }

  onEvent(handler: (event: KernelEvent) => void): void {
    this.#onEvent = handler;
  }

  async xfrmInterface(ifId: number): Promise<string | undefined> {
    return this.xfrmInterfaces.get(ifId);
  }

  async route(
    remote: IpAddress,
    source?: IpAddress,
  ): Promise<{ readonly source: IpAddress; readonly interfaceName: string } | undefined> {
    const family = familyOf(remote);
    if (source !== undefined && !this.owns(source)) return undefined;
    const own = source ?? this.#up().find((address) => familyOf(address) === family);
    return own && { source: own, interfaceName: 'eth0' };
  }

  #up(): readonly IpAddress[] {
    return this.#addresses.filter((address) => !this.#down.has(address));
  }

  async idleAddresses(): Promise<readonly IpAddress[]> {
    return [...this.#down];
  }

  async addresses(): Promise<
    readonly {
      readonly address: IpAddress;
      readonly prefix: number;
      readonly interfaceName: string;
    }[]
  > {
    const own = this.#up().map((address) => ({
      address,
      prefix: familyOf(address) === 4 ? 24 : 64,
      interfaceName: 'eth0',
    }));
    const added = [...this.virtualIps].map(([address, interfaceName]) => ({
      address,
      prefix: familyOf(address) === 4 ? 32 : 128,
      interfaceName,
    }));
    return [...own, ...added];
  }

  async addAddress(address: IpAddress, interfaceName: string): Promise<void> {
    this.#call('addAddress', `${address} ${interfaceName}`);
    if (this.virtualIps.has(address)) throw refusal('addAddress', 'EEXIST');
    this.virtualIps.set(address, interfaceName);
  }

  async deleteAddress(address: IpAddress, interfaceName: string): Promise<void> {
    this.#call('deleteAddress', `${address} ${interfaceName}`);
    this.virtualIps.delete(address);
    // As Linux does, the routes that have it as their source go with it.
    for (const [key, route] of this.routes) if (route.source === address) this.routes.delete(key);
  }

  async addRoute(route: KernelRoute): Promise<void> {
    this.#call('addRoute', `${route.destination}/${route.prefix}`);
    if (this.routes.has(routeKey(route))) throw refusal('addRoute', 'EEXIST');
    this.routes.set(routeKey(route), route);
    this.#changed();
  }

  async deleteRoute(route: KernelRoute): Promise<void> {
    this.#call('deleteRoute', `${route.destination}/${route.prefix}`);
    this.routes.delete(routeKey(route));
    this.#changed();
  }

  async addRule(table: number, priority: number, mark?: RuleMark): Promise<void> {
    this.#call('addRule', `${table}`);
    this.rules.add(ruleKey(table, priority, mark));
  }

  async deleteRule(table: number, priority: number, mark?: RuleMark): Promise<void> {
    this.#call('deleteRule', `${table}`);
    this.rules.delete(ruleKey(table, priority, mark));
  }

  onChange(handler: (what: NetworkChange) => void): void {
    this.#onChange = handler;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #answer<T>(action: () => T): Awaitable<T> {
    return this.answersAtOnce ? action() : (async () => action())();
  }

  #call(operation: FakeOperation, what: string): void {
    const index = this.calls.length;
    const errno = this.#refuse(operation, index);
    this.calls.push(`${operation} ${what}`);
    if (errno !== undefined) throw refusal(operation, errno);
  }
}

/** What Linux answers with EINVAL. */
function impossible(sa: KernelSa): boolean {
  const compresses = sa.protocol === 108;
  return (
    familyOf(sa.source) !== familyOf(sa.destination) ||
    (compresses && sa.mode !== 'transport' && sa.mode !== 'tunnel') ||
    (compresses && sa.spi > 0xffff) ||
    (sa.protocol === 51 && (sa.integrity === undefined || sa.encap !== undefined)) ||
    (sa.tfcPadding ?? 0) > 0xffff
  );
}

function refusal(operation: string, errnoName: string): KernelError {
  const errno = errnoNumbers[errnoName] ?? 22;
  return new KernelError(operation, errno, errnoName, `${operation}: ${errnoName} (fake kernel)`);
}

function larvalKey(
  wanted: Pick<WantedSa, 'source' | 'destination' | 'protocol' | 'mode' | 'reqid'>,
  cpu?: number,
): string {
  const { source, destination, protocol, mode, reqid } = wanted;
  return `${source} ${destination} ${protocol} ${mode} ${reqid} ${cpu ?? ''}`;
}

function saKey(
  id: Pick<SaId, 'destination' | 'spi' | 'protocol'> & { mark?: SaId['mark'] | undefined },
): string {
  const mark = id.mark === undefined ? '' : ` ${id.mark.value}/${id.mark.mask}`;
  return `${id.destination} ${id.protocol} ${id.spi}${mark}`;
}

function policyKey(id: PolicyId & { readonly interfaceName?: string }): string {
  const side = (selector: PolicyId['source']): string =>
    `${toHex(selector.startAddress)}-${toHex(selector.endAddress)} ${selector.protocol} ${selector.startPort}-${selector.endPort}`;
  const mark = id.mark === undefined ? '' : `${id.mark.value}/${id.mark.mask}`;
  return `${id.direction} ${side(id.source)} ${side(id.destination)} ${mark} ${id.ifId ?? 0} ${id.interfaceName ?? ''}`;
}

function routeKey(route: KernelRoute): string {
  return `${route.table} ${route.destination}/${route.prefix}`;
}

function ruleKey(table: number, priority: number, mark: RuleMark | undefined): string {
  if (mark === undefined) return `${table} ${priority}`;
  return `${table} ${priority} ${mark.invert ? '!' : ''}${mark.value}/${mark.mask}`;
}
