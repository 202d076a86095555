import { NetlinkDecodeError, NetlinkError } from './errors.ts';
import { type Again, NetlinkChannel, type OpenTransport } from './netlink-channel.ts';
import { NetlinkProtocol } from './netlink-constants.ts';
import { openNetlinkSocket } from './netlink-socket.ts';
import { iterateEvents, type Watcher, watchGroups } from './netlink-watcher.ts';
import type { NetlinkMessage } from './nlmsg.ts';
import { printAddress } from './print.ts';
import { RtGroup, RtMsg } from './rtnetlink-constants.ts';
import { decodeRouteEvent } from './rtnetlink-event.ts';
import {
  decodeAddress,
  decodeLink,
  encodeAddress,
  encodeAddressDump,
  encodeLinkDelete,
  encodeLinkDump,
  encodeLinkUp,
  encodeXfrmLink,
  type XfrmLink,
} from './rtnetlink-link.ts';
import {
  decodeRoute,
  decodeRule,
  encodeRoute,
  encodeRouteDump,
  encodeRouteLookup,
  encodeRule,
  encodeRuleDump,
  type RouteLookup,
} from './rtnetlink-route.ts';
import type { InterfaceAddress, Link, Route, RouteEvent, Rule } from './types.ts';
import { type ClientOptions, DEFAULT_TIMEOUT_MILLIS } from './xfrm-client.ts';

/** The groups that {@link RouteClient.watch} joins unless told. */
const defaultGroups: readonly number[] = Object.values(RtGroup);

const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;
const ENODEV = 19;
const EADDRNOTAVAIL = 99;

/** Errno values that say "there is no route". */
const noRoute: readonly number[] = [101 /* ENETUNREACH */, 113 /* EHOSTUNREACH */, 13 /* EACCES */];

/**
 * Addresses, interfaces, routes and rules of the network namespace that the process was in when it opened the
 * client. Calls reject as those of `XfrmClient` do.
 */
export class RouteClient implements Disposable {
  readonly #channel: NetlinkChannel;
  readonly #open: OpenTransport;

  constructor(options: ClientOptions = {}) {
    const { receiveBuffer } = options;
    const socket = {
      protocol: NetlinkProtocol.ROUTE,
      ...(receiveBuffer !== undefined && { receiveBuffer }),
    };
    this.#open = options.open ?? ((handler) => openNetlinkSocket(socket, handler));
    this.#channel = new NetlinkChannel(
      this.#open,
      options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS,
      options.unanswered,
    );
  }

  /** Every address of every interface. */
  listAddresses(): Promise<InterfaceAddress[]> {
    return this.#list(encodeAddressDump(), RtMsg.NEWADDR, 'list addresses', decodeAddress);
  }

  async addAddress(address: InterfaceAddress): Promise<void> {
    const operation = `add address ${printAddress(address.address)}/${address.prefix}`;
    await this.#request(encodeAddress('new', address), 'RTM_NEWADDR', operation, settled(EEXIST));
  }

  async deleteAddress(address: InterfaceAddress): Promise<void> {
    const operation = `delete address ${printAddress(address.address)}/${address.prefix}`;
    await this.#request(
      encodeAddress('delete', address),
      'RTM_DELADDR',
      operation,
      settled(EADDRNOTAVAIL),
    );
  }

  /** Every interface. */
  listLinks(): Promise<Link[]> {
    return this.#list(encodeLinkDump(), RtMsg.NEWLINK, 'list interfaces', decodeLink);
  }

  /** Makes an XFRM interface, down. */
  async addXfrmLink(link: XfrmLink): Promise<void> {
    await this.#request(encodeXfrmLink(link), 'RTM_NEWLINK', `add interface ${link.name}`);
  }

  async setLinkUp(ifindex: number, up: boolean): Promise<void> {
    const operation = `take interface ${ifindex} ${up ? 'up' : 'down'}`;
    await this.#request(encodeLinkUp(ifindex, up), 'RTM_NEWLINK', operation);
  }

  async deleteLink(ifindex: number): Promise<void> {
    await this.#request(
      encodeLinkDelete(ifindex),
      'RTM_DELLINK',
      `delete interface ${ifindex}`,
      settled(ENODEV),
    );
  }

  /** Every route of a family, all tables. */
  listRoutes(family: 4 | 6): Promise<Route[]> {
    return this.#list(encodeRouteDump(family), RtMsg.NEWROUTE, 'list routes', decodeRoute);
  }

  /** Adds a route; EEXIST when there is one. */
  async addRoute(route: Route): Promise<void> {
    const operation = `add route ${printRoute(route)}`;
    await this.#request(encodeRoute('new', route), 'RTM_NEWROUTE', operation, settled(EEXIST));
  }

  /** Adds a route or replaces the one to the same destination with the same metric. */
  async replaceRoute(route: Route): Promise<void> {
    const operation = `replace route ${printRoute(route)}`;
    await this.#request(encodeRoute('replace', route), 'RTM_NEWROUTE', operation);
  }

  /** Removes a route; ESRCH when there is none. */
  async deleteRoute(route: Route): Promise<void> {
    const operation = `delete route ${printRoute(route)}`;
    await this.#request(encodeRoute('delete', route), 'RTM_DELROUTE', operation, settled(ESRCH));
  }

  /** How a packet would go, or `undefined` when it could not. */
  async lookupRoute(lookup: RouteLookup): Promise<Route | undefined> {
    const operation = `look up the route to ${printAddress(lookup.dst)}`;
    try {
      const answers = await this.#request(encodeRouteLookup(lookup), 'RTM_GETROUTE', operation);
      const found = answers.find(({ type }) => type === RtMsg.NEWROUTE);
      if (found === undefined) throw new NetlinkDecodeError(operation, 0, 'no answer');
      return decodeRoute(found.body);
    } catch (error) {
      if (error instanceof NetlinkError && noRoute.includes(error.errno)) return undefined;
      throw error;
    }
  }

  /** Every policy routing rule of a family. */
  listRules(family: 4 | 6): Promise<Rule[]> {
    return this.#list(encodeRuleDump(family), RtMsg.NEWRULE, 'list rules', decodeRule);
  }

  /** Adds a rule; EEXIST when there is an equal one. */
  async addRule(rule: Rule): Promise<void> {
    const operation = `add rule ${rule.priority} for table ${rule.table}`;
    await this.#request(encodeRule('new', rule), 'RTM_NEWRULE', operation, settled(EEXIST));
  }

  /** Removes a rule; ENOENT when there is none. */
  async deleteRule(rule: Rule): Promise<void> {
    const operation = `delete rule ${rule.priority} for table ${rule.table}`;
    await this.#request(encodeRule('delete', rule), 'RTM_DELRULE', operation, settled(ENOENT));
  }

  /** Tells of changes on a socket of its own. */
  watch(handler: (event: RouteEvent) => void, groups: readonly number[] = defaultGroups): Watcher {
    return watchGroups<RouteEvent>(this.#open, groups, decodeRouteEvent, handler);
  }

  /** The same as a stream, until `signal` aborts. */
  events(
    signal: AbortSignal,
    groups: readonly number[] = defaultGroups,
  ): AsyncIterable<RouteEvent> {
    return iterateEvents<RouteEvent>((handler) => this.watch(handler, groups), signal);
  }

  /** Closes the client, not its watchers; calling it again does nothing. */
  close(): void {
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #request(
    message: Uint8Array,
    request: string,
    operation: string,
    again?: Again,
  ): Promise<NetlinkMessage[]> {
    return this.#channel.request(message, { request, operation }, again);
  }

  async #list<T>(
    message: Uint8Array,
    type: number,
    operation: string,
    decode: (body: Uint8Array) => T,
  ): Promise<T[]> {
    const messages = await this.#channel.dump(message, { request: 'RTM dump', operation });
    const found: T[] = [];
    for (const one of messages) {
      if (one.type === type) pushKnown(found, one, decode);
    }
    return found;
  }
}

/** What the kernel says to a request that was sent twice if the first sending did its work. */
function settled(expected: number): Again {
  return { done: (errno) => errno === expected };
}

// Multicast routing tables and the like come with address families of their own.
function pushKnown<T>(found: T[], message: NetlinkMessage, decode: (body: Uint8Array) => T): void {
  try {
    found.push(decode(message.body));
  } catch (error) {
    if (!(error instanceof NetlinkDecodeError) || error.what !== 'address family') throw error;
  }
}

function printRoute(route: Route): string {
  const dst = route.dst === undefined ? 'default' : `${printAddress(route.dst)}/${route.prefix}`;
  return `${dst} table ${route.table}`;
}
