import { ConfigAttributeType as T } from '../proto/iana/config-attributes.ts';
import {
  familyOf,
  type IpAddress,
  ipBytes,
  ipFromBytes,
  isUnspecified,
  unspecified,
} from '../proto/ip-address.ts';
import type { ConfigAttribute } from '../proto/payload.ts';
import { concatBytes, latin1 } from '../util/bytes.ts';

/** Virtual IPs that one IKE_SA may have: a host needs one of each family, some ask for a few more. */
export const MAX_VIRTUAL_IPS = 8;
/** DNS servers and domains taken from one peer. */
export const MAX_NAME_SERVERS = 8;
const MAX_DOMAINS = 16;

/** What a configuration payload says that we know how to use. */
export interface ConfigContents {
  /** Virtual IPs; in a request the unspecified address asks for any of its family. */
  readonly addresses: readonly IpAddress[];
  readonly nameServers: readonly IpAddress[];
  readonly domains: readonly string[];
  /** Attributes of these kinds whose value cannot be read: left out. */
  readonly malformed: readonly ConfigAttribute[];
}

/** Reads attributes, RFC 7296 section 3.15.1; unknown ones are ignored, and so is what exceeds the limits. */
export function readConfig(attributes: readonly ConfigAttribute[]): ConfigContents {
  const addresses: IpAddress[] = [];
  const nameServers: IpAddress[] = [];
  const domains: string[] = [];
  const malformed: ConfigAttribute[] = [];
  const take = <T>(list: T[], limit: number, item: T | undefined, attribute: ConfigAttribute) => {
    if (item === undefined) malformed.push(attribute);
    else if (list.length < limit) list.push(item);
  };
  for (const attribute of attributes) {
    const { type, value } = attribute;
    switch (type) {
      case T.INTERNAL_IP4_ADDRESS:
        take(addresses, MAX_VIRTUAL_IPS, addressOf(value, 4), attribute);
        break;
      case T.INTERNAL_IP6_ADDRESS:
        // With a prefix length behind it, which some leave out.
        take(addresses, MAX_VIRTUAL_IPS, addressOf(withoutPrefix(value), 6), attribute);
        break;
      case T.INTERNAL_IP4_DNS:
        if (value.length > 0) take(nameServers, MAX_NAME_SERVERS, addressOf(value, 4), attribute);
        break;
      case T.INTERNAL_IP6_DNS:
        if (value.length > 0) take(nameServers, MAX_NAME_SERVERS, addressOf(value, 6), attribute);
        break;
      case T.INTERNAL_DNS_DOMAIN:
        if (value.length > 0) take(domains, MAX_DOMAINS, domainOf(value), attribute);
        break;
      default:
        break;
    }
  }
  return { addresses, nameServers, domains, malformed };
}

/** What a host asks for: these addresses (unspecified: any), and the DNS servers of their families. */
export function wantedAttributes(
  addresses: readonly IpAddress[],
  nameServers: boolean,
): readonly ConfigAttribute[] {
  const empty = new Uint8Array(0);
  const attributes: ConfigAttribute[] = addresses.map((address) =>
    isUnspecified(address)
      ? { type: addressType(address), value: empty }
      : addressAttribute(address),
  );
  if (!nameServers) return attributes;
  const families = new Set(addresses.map(familyOf));
  if (families.has(4)) attributes.push({ type: T.INTERNAL_IP4_DNS, value: empty });
  if (families.has(6)) attributes.push({ type: T.INTERNAL_IP6_DNS, value: empty });
  return attributes;
}

/** A virtual IP as an attribute; IPv6 ones have a prefix length of 128 bits behind them. */
export function addressAttribute(address: IpAddress): ConfigAttribute {
  const octets = ipBytes(address);
  return {
    type: addressType(address),
    value: octets.length === 4 ? octets : concatBytes(octets, Uint8Array.of(128)),
  };
}

function addressType(address: IpAddress): number {
  return familyOf(address) === 4 ? T.INTERNAL_IP4_ADDRESS : T.INTERNAL_IP6_ADDRESS;
}

/** An address, or the unspecified one if the value is empty. */
function addressOf(value: Uint8Array, family: 4 | 6): IpAddress | undefined {
  if (value.length === 0) return unspecified(family);
  return value.length === (family === 4 ? 4 : 16) ? ipFromBytes(value) : undefined;
}

function withoutPrefix(value: Uint8Array): Uint8Array {
  return value.length === 17 ? value.subarray(0, 16) : value;
}

// RFC 8598 section 3.1: letters, digits and hyphens. Anything else stays out of files and of arguments.
function domainOf(value: Uint8Array): string | undefined {
  const name = value.length <= 254 ? latin1(value).replace(/\.$/, '') : '';
  const labels = name.split('.');
  const fine = labels.every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
  return fine ? name.toLowerCase() : undefined;
}
