import { compareBytes } from '../util/bytes.ts';
import { ConfigError } from '../util/error.ts';
import {
  familyOf,
  type IpAddress,
  ipBytes,
  ipFromBytes,
  isUnspecified,
  parseIp,
} from './ip-address.ts';
import { COMMON_SERVICE_NAMES, type ServiceNames } from './service-names.ts';
import type { TrafficSelector } from './traffic-selector.ts';
import {
  ANY_PORT_END,
  ANY_UPPER,
  isOpaque,
  selectorOfPrefix,
  toSubnet,
  type Upper,
} from './traffic-selector-math.ts';

/** A configured selector: addresses, or `dynamic` for those of the IKE_SA's end, known later. */
export type SelectorConfig =
  | { readonly kind: 'dynamic'; readonly upper: Upper }
  | { readonly kind: 'fixed'; readonly selector: TrafficSelector };

/**
 * A selector of the grammar `base[proto/port]` of swanctl.conf. A reversed address range is taken the other way
 * round. Throws {@link ConfigError} naming the part at fault.
 */
export function parseSelector(
  text: string,
  names: ServiceNames = COMMON_SERVICE_NAMES,
  path = 'ts',
): SelectorConfig {
  const fail = (reason: string): never => {
    throw new ConfigError(path, `traffic selector '${text.slice(0, 100)}': ${reason}`);
  };
  const match = /^([^[\]]*)(?:\[([^[\]]*)\])?$/.exec(text.trim());
  if (match === null) return fail('brackets must be closed and stand at the end');
  const base = (match[1] ?? '').trim();
  const upper = match[2] === undefined ? ANY_UPPER : parseUpper(match[2], names, fail);
  if (base === 'dynamic') return { kind: 'dynamic', upper };
  return { kind: 'fixed', selector: parseAddresses(base, upper, fail) };
}

/** The selectors a configured one stands for; `dynamic` becomes one for each host, unspecified ones left out. */
export function resolveSelector(
  config: SelectorConfig,
  hosts: readonly IpAddress[],
): TrafficSelector[] {
  if (config.kind === 'fixed') return [config.selector];
  return hosts
    .filter((host) => !isUnspecified(host))
    .map((host) => selectorOfPrefix(host, 128, config.upper));
}

/** `10.0.0.0/8[tcp/http]`, `10.0.0.1..10.0.0.9` for a range that is no network: the form of list-sas. */
export function printSelector(selector: TrafficSelector): string {
  return printSelectorNamed(selector, COMMON_SERVICE_NAMES);
}

/** The same with the names of another table. */
export function printSelectorNamed(selector: TrafficSelector, names: ServiceNames): string {
  const { address, prefix, exact } = toSubnet(selector);
  const addresses = exact
    ? `${ipFromBytes(address)}/${prefix}`
    : `${ipFromBytes(selector.startAddress)}..${ipFromBytes(selector.endAddress)}`;
  return `${addresses}${printUpper(selector, names)}`;
}

/** The same for a configured selector, which may be `dynamic`. */
export function printSelectorConfig(config: SelectorConfig): string {
  return config.kind === 'fixed'
    ? printSelector(config.selector)
    : `dynamic${printUpper(config.upper, COMMON_SERVICE_NAMES)}`;
}

type Fail = (reason: string) => never;

function parseAddresses(base: string, upper: Upper, fail: Fail): TrafficSelector {
  const slash = base.indexOf('/');
  const host = slash < 0 ? parseIp(base) : undefined;
  if (host !== undefined) return selectorOfPrefix(host, 128, upper);
  if (slash >= 0) {
    const network =
      parseIp(base.slice(0, slash)) ?? fail(`'${base}' does not start with an address`);
    const bits = base.slice(slash + 1);
    const limit = familyOf(network) === 4 ? 32 : 128;
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > limit)
      fail(`'/${bits}' is not a prefix length from 0 to ${limit}`);
    return selectorOfPrefix(network, Number(bits), upper);
  }
  const [from, to, ...more] = base.split('-').map((part) => parseIp(part.trim()));
  if (from === undefined || to === undefined || more.length > 0)
    return fail(`'${base}' is not dynamic, an address, a network or a range of addresses`);
  const [a, b] = [ipBytes(from), ipBytes(to)];
  if (a.length !== b.length) fail('both ends of a range are of the same IP version');
  const [startAddress, endAddress] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
  return { family: a.length === 4 ? 4 : 6, ...upper, startAddress, endAddress };
}

function parseUpper(text: string, names: ServiceNames, fail: Fail): Upper {
  const slash = text.indexOf('/');
  const name = (slash < 0 ? text : text.slice(0, slash)).trim();
  const port = slash < 0 ? '' : text.slice(slash + 1).trim();
  const protocol = isAnyWord(name) ? 0 : (numberUpTo(name, 255) ?? names.protocol(name));
  if (protocol === undefined)
    return fail(`'${name}' is not any, a protocol name or a number from 0 to 255`);
  if (isAnyWord(port)) return { protocol, startPort: 0, endPort: ANY_PORT_END };
  if (port === 'opaque') return { protocol, startPort: ANY_PORT_END, endPort: 0 };
  const single = portOf(port, protocol, names);
  if (single !== undefined) return { protocol, startPort: single, endPort: single };
  const range = /^(\w+)\s*-\s*(\w+)$/.exec(port);
  const startPort = portOf(range?.[1] ?? '', protocol, names);
  const endPort = portOf(range?.[2] ?? '', protocol, names);
  if (startPort === undefined || endPort === undefined || startPort > endPort)
    return fail(
      `'${port}' is not any, opaque, a service name, a port from 0 to 65535 or a range of ports`,
    );
  return { protocol, startPort, endPort };
}

function isAnyWord(text: string): boolean {
  return text === '' || text === 'any';
}

function portOf(text: string, protocol: number, names: ServiceNames): number | undefined {
  return numberUpTo(text, 65535) ?? names.port(text, protocol);
}

function numberUpTo(text: string, limit: number): number | undefined {
  if (!/^(0[xX][0-9a-fA-F]{1,4}|\d{1,5})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= limit ? value : undefined;
}

const ICMP = 1;
const ICMPV6 = 58;

function printUpper(upper: Upper, names: ServiceNames): string {
  const { protocol, startPort, endPort } = upper;
  const anyPort = startPort === 0 && endPort === ANY_PORT_END;
  if (protocol === 0 && anyPort) return '';
  const name = protocol === 0 ? '0' : (names.protocolName(protocol) ?? String(protocol));
  if (anyPort) return `[${name}]`;
  if (isOpaque(upper)) return `[${name}/OPAQUE]`;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  if (startPort === endPort) {
    const port = isIcmp
      ? printIcmp(startPort)
      : (names.portName(startPort, protocol) ?? String(startPort));
    return `[${name}/${port}]`;
  }
  const print = isIcmp ? printIcmp : String;
  return `[${name}/${print(startPort)}-${print(endPort)}]`;
}

// Type in the high octet, code in the low one: RFC 7296 section 3.13.1.
function printIcmp(port: number): string {
  const code = port & 0xff;
  return code === 0 ? String(port >>> 8) : `${port >>> 8}(${code})`;
}
