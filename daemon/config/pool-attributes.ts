import { ConfigAttributeType as T } from '../proto/iana/config-attributes.ts';
import { type IpAddress, ipBytes, parseIp } from '../proto/ip-address.ts';
import type { ConfigAttribute } from '../proto/payload.ts';
import { concatBytes, utf8 } from '../util/bytes.ts';

/** What an attribute holds, and its types for IPv4 and IPv6. */
interface NamedAttribute {
  readonly form: 'address' | 'subnet';
  readonly v4: number;
  readonly v6: number;
}

/** Netmask and NBNS for IPv6: from earlier drafts of this payload, reserved since; clients of then still know them. */
const INTERNAL_IP6_NETMASK = 9;
const INTERNAL_IP6_NBNS = 11;
/** Internal servers, [MS-IKEE] section 2.2.3. */
const INTERNAL_IP4_SERVER = 23456;
const INTERNAL_IP6_SERVER = 23457;
/** Networks to tunnel and not to tunnel, Cisco Unity. */
const UNITY_SPLIT_INCLUDE = 28676;
const UNITY_LOCAL_LAN = 28678;

const NAMED: ReadonlyMap<string, NamedAttribute> = new Map([
  ['address', address(T.INTERNAL_IP4_ADDRESS, T.INTERNAL_IP6_ADDRESS)],
  ['dns', address(T.INTERNAL_IP4_DNS, T.INTERNAL_IP6_DNS)],
  ['nbns', address(T.INTERNAL_IP4_NBNS, INTERNAL_IP6_NBNS)],
  ['dhcp', address(T.INTERNAL_IP4_DHCP, T.INTERNAL_IP6_DHCP)],
  ['netmask', address(T.INTERNAL_IP4_NETMASK, INTERNAL_IP6_NETMASK)],
  ['server', address(INTERNAL_IP4_SERVER, INTERNAL_IP6_SERVER)],
  ['p_cscf', address(T.P_CSCF_IP4_ADDRESS, T.P_CSCF_IP6_ADDRESS)],
  ['subnet', { form: 'subnet', v4: T.INTERNAL_IP4_SUBNET, v6: T.INTERNAL_IP6_SUBNET }],
  // Unity knows IPv4 only, but nothing else says it either.
  ['split_include', { form: 'subnet', v4: UNITY_SPLIT_INCLUDE, v6: UNITY_SPLIT_INCLUDE }],
  ['split_exclude', { form: 'subnet', v4: UNITY_LOCAL_LAN, v6: UNITY_LOCAL_LAN }],
]);

/** Names that attributes have in the pools section, for messages. */
export const POOL_ATTRIBUTE_NAMES: readonly string[] = [...NAMED.keys()];

/** The key of the pools section that an attribute of this type is given by: a name if there is one, else the number. */
export function attributeKey(type: number): string {
  for (const [name, { v4, v6 }] of NAMED) if (v4 === type || v6 === type) return name;
  return String(type);
}

const MAX_TYPE = 0x7fff;
/** Longest text of an attribute given by number: one attribute must not fill a message. */
const MAX_TEXT_OCTETS = 1024;

/** Whether a key of the pools section names an attribute: by name, or by its number from 1 to 32767. */
export function isPoolAttribute(key: string): boolean {
  return NAMED.has(key) || numberOfKey(key) !== undefined;
}

/**
 * The attribute of one value, RFC 7296 section 3.15.1; the family of the value chooses the type. `undefined` if the value
 * is not what the attribute holds. An attribute given by number also takes plain text.
 */
export function poolAttribute(key: string, text: string): ConfigAttribute | undefined {
  const value = text.trim();
  const named = NAMED.get(key);
  if (named === undefined) {
    const type = numberOfKey(key);
    return type === undefined ? undefined : numbered(type, value);
  }
  const subnet = subnetOf(value);
  if (subnet === undefined) return undefined;
  const type = subnet.octets.length === 4 ? named.v4 : named.v6;
  if (named.form === 'address') {
    return subnet.whole ? { type, value: addressValue(type, subnet.octets) } : undefined;
  }
  return { type, value: subnetValue(subnet) };
}

function address(v4: number, v6: number): NamedAttribute {
  return { form: 'address', v4, v6 };
}

function numberOfKey(key: string): number | undefined {
  const type = /^\d{1,5}$/.test(key) ? Number(key) : 0;
  return type >= 1 && type <= MAX_TYPE ? type : undefined;
}

function numbered(type: number, value: string): ConfigAttribute | undefined {
  const subnet = subnetOf(value);
  if (subnet !== undefined) {
    return { type, value: subnet.whole ? addressValue(type, subnet.octets) : subnetValue(subnet) };
  }
  const octets = utf8(value);
  return octets.length === 0 || octets.length > MAX_TEXT_OCTETS
    ? undefined
    : { type, value: octets };
}

// The only address attribute that carries a prefix length behind the address.
function addressValue(type: number, octets: Uint8Array): Uint8Array {
  return type === T.INTERNAL_IP6_ADDRESS ? concatBytes(octets, Uint8Array.of(128)) : octets;
}

interface SubnetText {
  readonly octets: Uint8Array;
  readonly prefix: number;
  /** It was written without a prefix length. */
  readonly whole: boolean;
}

function subnetOf(text: string): SubnetText | undefined {
  const slash = text.indexOf('/');
  const base: IpAddress | undefined = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (base === undefined) return undefined;
  const octets = ipBytes(base);
  const bits = octets.length * 8;
  if (slash < 0) return { octets, prefix: bits, whole: true };
  const written = text.slice(slash + 1);
  const prefix = Number(written);
  if (!/^\d{1,3}$/.test(written) || prefix > bits) return undefined;
  return { octets: masked(octets, prefix), prefix, whole: false };
}

// IPv4 networks carry a mask, IPv6 ones a prefix length.
function subnetValue({ octets, prefix }: SubnetText): Uint8Array {
  return octets.length === 4
    ? concatBytes(masked(octets, prefix), masked(Uint8Array.of(255, 255, 255, 255), prefix))
    : concatBytes(masked(octets, prefix), Uint8Array.of(prefix));
}

function masked(octets: Uint8Array, prefix: number): Uint8Array {
  return octets.map((octet, i) => octet & ~(0xff >> Math.min(8, Math.max(0, prefix - i * 8))));
}
