import type {
  KernelNet,
  KernelRoute,
  NetworkChange,
  RuleMark,
} from '../../daemon/contracts/kernel.ts';
import type { Logger } from '../../daemon/contracts/logger.ts';
import { type IpAddress, ipBytes } from '../../daemon/proto/ip-address.ts';
import { Emitter } from '../../daemon/util/emitter.ts';
import { errorText } from '../../daemon/util/error.ts';
import {
  AddressFlag,
  type InterfaceAddress,
  LinkFlag,
  NetlinkError,
  type Route,
  type RouteClient,
  type RouteEvent,
  RouteProtocol,
  RouteScope,
  RouteTable,
  RouteType,
  type Rule,
  RuleAction,
  type Watcher,
} from '../../native/index.ts';
import { address } from './convert.ts';
import { asKernelError, unless } from './errors.ts';
import type { Interfaces } from './interfaces.ts';
import { bestRoute } from './route-choice.ts';
import { lastingOrNot } from './source-choice.ts';

/** How ways are looked for. */
export interface NetSettings {
  readonly ignoredTables?: readonly number[];
  readonly preferTemporary?: boolean;
}

type Path = Awaited<ReturnType<KernelNet['route']>>;

const families = [4, 6] as const;

/** Addresses and routes of this network namespace, through rtnetlink. */
export class NetlinkNet implements KernelNet {
  readonly #client: RouteClient;
  readonly #interfaces: Interfaces;
  readonly #changes: Emitter<NetworkChange>;
  readonly #watcher: Watcher;
  /** Tables that hold our own routes, or that the operator named: they say nothing about the way to a peer. */
  readonly #ownTables: Set<number>;
  readonly #preferTemporary: boolean;
  /** As they were read since the last change. */
  #addresses: Promise<readonly InterfaceAddress[]> | undefined;
  /** Addresses of our own making: no source to speak to peers from. */
  readonly #virtual = new Set<IpAddress>();
  /** Kinds of change that the handlers hear of with the next turn of the event loop. */
  readonly #untold = new Set<NetworkChange>();

  constructor(
    client: RouteClient,
    interfaces: Interfaces,
    logger: Logger,
    { ignoredTables = [], preferTemporary = false }: NetSettings = {},
  ) {
    this.#ownTables = new Set(ignoredTables);
    this.#preferTemporary = preferTemporary;
    this.#client = client;
    this.#interfaces = interfaces;
    this.#changes = new Emitter((error) =>
      logger.log('knl', 1, `handling a network change failed: ${errorText(error)}`),
    );
    this.#watcher = client.watch((event) => this.#onEvent(event));
  }

  route(remote: IpAddress, source?: IpAddress): Promise<Path> {
    return asKernelError(async () => {
      const dst = ipBytes(remote);
      const src = source === undefined ? undefined : ipBytes(source);
      const lookup = { dst, ...(src && { src }) };
      // Asking from an address that is not ours is EINVAL (IPv4) or EADDRNOTAVAIL: there is no way from there.
      const found = await unless(['EINVAL', 'EADDRNOTAVAIL'], () =>
        this.#client.lookupRoute(lookup),
      );
      const way =
        found !== undefined && this.#ownTables.has(found.table)
          ? bestRoute(await this.#client.listRoutes(found.family), dst, this.#ownTables)
          : found;
      return way && this.#path(way, source);
    });
  }

  xfrmInterface(ifId: number): Promise<string | undefined> {
    return asKernelError(() => this.#interfaces.ofId(ifId));
  }

  async addresses(): ReturnType<KernelNet['addresses']> {
    const all = await this.#allAddresses();
    return all.flatMap(({ link, address, prefix }) =>
      link === undefined || !(link.flags & LinkFlag.UP)
        ? []
        : [{ address, prefix, interfaceName: link.name }],
    );
  }

  async idleAddresses(): ReturnType<KernelNet['idleAddresses']> {
    const all = await this.#allAddresses();
    return all.flatMap(({ link, address }) =>
      link === undefined || link.flags & LinkFlag.UP ? [] : [address],
    );
  }

  #allAddresses() {
    return asKernelError(async () => {
      const [links, all] = await Promise.all([
        this.#client.listLinks(),
        this.#client.listAddresses(),
      ]);
      const byIndex = new Map(links.map((link) => [link.ifindex, link]));
      return all.map(({ address: octets, prefix, ifindex }) => ({
        link: byIndex.get(ifindex),
        address: address(octets),
        prefix,
      }));
    });
  }

  addAddress(address: IpAddress, interfaceName: string): Promise<void> {
    return asKernelError(async () => {
      const ifindex = await this.#interfaces.indexOf(interfaceName);
      this.#virtual.add(address);
      try {
        await this.#client.addAddress(toHostAddress(address, ifindex));
      } catch (error) {
        // One that is there may be of a predecessor.
        if (!(error instanceof NetlinkError) || error.code !== 'EEXIST')
          this.#virtual.delete(address);
        throw error;
      }
    });
  }

  async deleteAddress(address: IpAddress, interfaceName: string): Promise<void> {
    await asKernelError(async () => {
      // With the interface went the address.
      const ifindex = await unless(['ENODEV'], () => this.#interfaces.indexOf(interfaceName));
      if (ifindex !== undefined) {
        await unless(['EADDRNOTAVAIL', 'ENODEV'], () =>
          this.#client.deleteAddress(toHostAddress(address, ifindex)),
        );
      }
      this.#virtual.delete(address);
    });
  }

  addRoute(route: KernelRoute): Promise<void> {
    return asKernelError(async () => {
      this.#ownTables.add(route.table);
      const ifindex = await this.#interfaces.indexOf(route.interfaceName);
      await this.#client.addRoute(toRoute(route, ifindex));
    });
  }

  async deleteRoute(route: KernelRoute): Promise<void> {
    await asKernelError(async () => {
      // With the interface went the route.
      const ifindex = await unless(['ENODEV'], () => this.#interfaces.indexOf(route.interfaceName));
      if (ifindex === undefined) return;
      const wanted = { ...toRoute(route, ifindex), scope: RouteScope.NOWHERE };
      await unless(['ESRCH'], () => this.#client.deleteRoute(wanted));
    });
  }

  async addRule(table: number, priority: number, mark?: RuleMark): Promise<void> {
    this.#ownTables.add(table);
    await this.#forEachFamily(['EEXIST'], (family) =>
      this.#client.addRule(ruleFor(family, table, priority, mark)),
    );
  }

  async deleteRule(table: number, priority: number, mark?: RuleMark): Promise<void> {
    await this.#forEachFamily(['ENOENT'], (family) =>
      this.#client.deleteRule(ruleFor(family, table, priority, mark)),
    );
  }

  onChange(handler: (what: NetworkChange) => void): void {
    this.#changes.on(handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    this.#client.close();
  }

  // A host without IPv6 has nothing to route there.
  async #forEachFamily(
    fine: readonly string[],
    action: (family: 4 | 6) => Promise<void>,
  ): Promise<void> {
    for (const family of families) {
      const ignored = family === 6 ? [...fine, 'EAFNOSUPPORT', 'EOPNOTSUPP'] : fine;
      await asKernelError(() => unless(ignored, () => action(family)));
    }
  }

  async #path(way: Route, asked: IpAddress | undefined): Promise<Path> {
    const { ifindex } = way;
    if (ifindex === undefined) return undefined;
    const interfaceName = (await this.#interfaces.names()).get(ifindex);
    const source = asked ?? (await this.#sourceOf(way, ifindex));
    if (interfaceName === undefined || source === undefined) return undefined;
    const gateway = way.gateway === undefined ? undefined : address(way.gateway);
    return { source, interfaceName, ...(gateway !== undefined && { gateway }) };
  }

  async #sourceOf(way: Route, ifindex: number): Promise<IpAddress | undefined> {
    if (way.source !== undefined && way.family === 4) return address(way.source);
    if (way.source !== undefined) {
      return address(lastingOrNot(await this.#known(), way.source, this.#preferTemporary));
    }
    const octets = way.family === 4 ? 4 : 16;
    const all = await this.#client.listAddresses();
    const found = all.find(
      (one) =>
        one.ifindex === ifindex &&
        one.address.length === octets &&
        one.scope === 0 &&
        !this.#virtual.has(address(one.address)),
    );
    return found && address(found.address);
  }

  // Every IPv6 peer asks for them: they are read again after a change only.
  #known(): Promise<readonly InterfaceAddress[]> {
    const known = this.#addresses ?? this.#client.listAddresses();
    this.#addresses = known;
    known.catch(() => {
      if (this.#addresses === known) this.#addresses = undefined;
    });
    return known;
  }

  // One call of the handlers for a burst of events.
  #onEvent(event: RouteEvent): void {
    if (event.kind !== 'route' && event.kind !== 'rule') this.#addresses = undefined;
    if (event.kind === 'route' && this.#concernsUsOnly(event.route)) return;
    if (event.kind === 'address' && this.#virtual.has(address(event.address.address))) return;
    if (event.kind === 'rule' && this.#ownTables.has(event.rule.table)) return;
    const what = event.kind === 'route' || event.kind === 'rule' ? 'routes' : 'addresses';
    if (this.#untold.has(what)) return;
    this.#untold.add(what);
    if (this.#untold.size > 1) return;
    setImmediate(() => {
      const told = [...this.#untold];
      this.#untold.clear();
      for (const one of told) this.#changes.emit(one);
    });
  }

  #concernsUsOnly(route: Route): boolean {
    if (this.#ownTables.has(route.table) || route.type !== RouteType.UNICAST) return true;
    // IPv6 makes a route to each address of its own.
    return route.dst !== undefined && this.#virtual.has(address(route.dst));
  }
}

function toRoute(route: KernelRoute, ifindex: number): Route {
  const dst = ipBytes(route.destination);
  const common = {
    family: dst.length === 4 ? (4 as const) : (6 as const),
    dst,
    prefix: route.prefix,
    table: route.table || RouteTable.MAIN,
    protocol: RouteProtocol.STATIC,
  };
  // A route that leads nowhere has no next hop.
  if (route.type === 'throw') {
    return { ...common, type: RouteType.THROW, scope: RouteScope.UNIVERSE };
  }
  // IPv4 asks that a next hop be of wider scope than the route over it.
  const onLink = route.gateway === undefined && dst.length === 4;
  return {
    ...common,
    type: RouteType.UNICAST,
    scope: onLink ? RouteScope.LINK : RouteScope.UNIVERSE,
    ...(route.gateway !== undefined && { gateway: ipBytes(route.gateway) }),
    ...(ifindex !== 0 && { ifindex }),
    ...(route.source !== undefined && { source: ipBytes(route.source) }),
    ...(route.mtu !== undefined && { mtu: route.mtu }),
    ...(route.mss !== undefined && { mss: route.mss }),
  };
}

// Nobody else has it, so no time is lost looking for a duplicate, and only our routes choose it as a source.
function toHostAddress(virtual: IpAddress, ifindex: number): InterfaceAddress {
  const octets = ipBytes(virtual);
  if (octets.length === 4) return { address: octets, prefix: 32, ifindex, scope: 0, flags: 0 };
  return {
    address: octets,
    prefix: 128,
    ifindex,
    scope: 0,
    flags: AddressFlag.NODAD,
    preferredSeconds: 0,
  };
}

function ruleFor(family: 4 | 6, table: number, priority: number, mark?: RuleMark): Rule {
  const rule = { family, table, priority, action: RuleAction.TO_TABLE };
  if (mark === undefined) return rule;
  const { value, mask, invert } = mark;
  return { ...rule, mark: { value, mask }, ...(invert && { invert }) };
}
