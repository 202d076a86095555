import { u32 } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import { NlmFlag } from './netlink-constants.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  attributeBytes,
  attributeNested,
  buildMessage,
  parseAttributes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import {
  RouteAttr,
  RouteMetric,
  RouteTable,
  RtMsg,
  RULE_INVERT,
  RuleAttr,
} from './rtnetlink-constants.ts';
import { fibRuleHdr, rtmsg } from './rtnetlink-structs.ts';
import type { IpOctets, Mark, Route, Rule } from './types.ts';
import { AF_INET, AF_INET6 } from './xfrm-constants.ts';

/** `RTM_F_LOOKUP_TABLE`: the answer names the table that the route was found in. */
const LOOKUP_TABLE = 0x1000;

/** `RTM_GETROUTE` of one destination. */
export interface RouteLookup {
  readonly dst: IpOctets;
  readonly src?: IpOctets;
  /** Interface the packet must leave by. */
  readonly ifindex?: number;
  /** Firewall mark of the packet. */
  readonly mark?: number;
}

/** `RTM_NEWROUTE` (adds or replaces when `replace`, else refuses an existing one) or `RTM_DELROUTE`. */
export function encodeRoute(kind: 'new' | 'replace' | 'delete', route: Route): Uint8Array {
  const flags = { new: NlmFlag.CREATE | NlmFlag.EXCL, replace: NlmFlag.CREATE | NlmFlag.REPLACE };
  return buildMessage(
    kind === 'delete' ? RtMsg.DELROUTE : RtMsg.NEWROUTE,
    NlmFlag.ACK | (kind === 'delete' ? 0 : flags[kind]),
    rtmsg,
    {
      rtm_family: familyNumber(route.family),
      rtm_dst_len: route.prefix,
      rtm_table: smallTable(route.table),
      rtm_protocol: route.protocol,
      rtm_scope: route.scope,
      rtm_type: route.type,
    },
    routeAttributes(route),
  );
}

/** `RTM_GETROUTE` of all routes of a family. */
export function encodeRouteDump(family: 4 | 6): Uint8Array {
  const header = { rtm_family: familyNumber(family) };
  return buildMessage(RtMsg.GETROUTE, NlmFlag.DUMP, rtmsg, header);
}

/** `RTM_GETROUTE`: how would a packet go? */
export function encodeRouteLookup(lookup: RouteLookup): Uint8Array {
  const list = [attributeBytes(RouteAttr.DST, lookup.dst)];
  if (lookup.src !== undefined) list.push(attributeBytes(RouteAttr.SRC, lookup.src));
  if (lookup.ifindex !== undefined) list.push(attribute(RouteAttr.OIF, u32, lookup.ifindex));
  if (lookup.mark !== undefined) list.push(attribute(RouteAttr.MARK, u32, lookup.mark));
  return buildMessage(
    RtMsg.GETROUTE,
    NlmFlag.ACK,
    rtmsg,
    {
      rtm_family: lookup.dst.length === 4 ? AF_INET : AF_INET6,
      rtm_dst_len: lookup.dst.length * 8,
      rtm_src_len: (lookup.src?.length ?? 0) * 8,
      // IPv6 names the table of the answer unasked, and knows no such flag.
      rtm_flags: lookup.dst.length === 4 ? LOOKUP_TABLE : 0,
    },
    list,
  );
}

/** Reads the body of `RTM_NEWROUTE` or `RTM_DELROUTE`. */
export function decodeRoute(body: Uint8Array): Route {
  const raw = readStruct(rtmsg, 'rtmsg', body);
  const attributes = parseAttributes(body, rtmsg.size);
  const family = familyOf(raw.rtm_family);
  const dst = addressIn(attributes, RouteAttr.DST, family);
  const gateway = addressIn(attributes, RouteAttr.GATEWAY, family) ?? viaOf(attributes);
  const source = addressIn(attributes, RouteAttr.PREFSRC, family);
  const ifindex = readAttribute(attributes, RouteAttr.OIF, u32, 'RTA_OIF');
  const metric = readAttribute(attributes, RouteAttr.PRIORITY, u32, 'RTA_PRIORITY');
  const mtu = metricOf(attributes, RouteMetric.MTU, 'RTAX_MTU');
  const mss = metricOf(attributes, RouteMetric.ADVMSS, 'RTAX_ADVMSS');
  return {
    family,
    ...(dst !== undefined && { dst }),
    prefix: raw.rtm_dst_len,
    table: readAttribute(attributes, RouteAttr.TABLE, u32, 'RTA_TABLE') ?? raw.rtm_table,
    type: raw.rtm_type,
    protocol: raw.rtm_protocol,
    scope: raw.rtm_scope,
    ...(gateway !== undefined && { gateway }),
    ...(ifindex !== undefined && { ifindex }),
    ...(source !== undefined && { source }),
    ...(metric !== undefined && { metric }),
    ...(mtu !== undefined && { mtu }),
    ...(mss !== undefined && { mss }),
  };
}

/** `RTM_NEWRULE` (refused when it exists) or `RTM_DELRULE`. */
export function encodeRule(kind: 'new' | 'delete', rule: Rule): Uint8Array {
  const list = [
    attribute(RuleAttr.PRIORITY, u32, rule.priority),
    attribute(RuleAttr.TABLE, u32, rule.table),
  ];
  if (rule.src !== undefined) list.push(attributeBytes(RuleAttr.SRC, rule.src.address));
  if (rule.dst !== undefined) list.push(attributeBytes(RuleAttr.DST, rule.dst.address));
  if (rule.mark !== undefined) {
    list.push(attribute(RuleAttr.FWMARK, u32, rule.mark.value));
    list.push(attribute(RuleAttr.FWMASK, u32, rule.mark.mask));
  }
  return buildMessage(
    kind === 'new' ? RtMsg.NEWRULE : RtMsg.DELRULE,
    NlmFlag.ACK | (kind === 'new' ? NlmFlag.CREATE | NlmFlag.EXCL : 0),
    fibRuleHdr,
    {
      family: familyNumber(rule.family),
      dst_len: rule.dst?.prefix,
      src_len: rule.src?.prefix,
      table: smallTable(rule.table),
      action: rule.action,
      flags: rule.invert === true ? RULE_INVERT : 0,
    },
    list,
  );
}

/** `RTM_GETRULE` of all rules of a family. */
export function encodeRuleDump(family: 4 | 6): Uint8Array {
  return buildMessage(RtMsg.GETRULE, NlmFlag.DUMP, fibRuleHdr, { family: familyNumber(family) });
}

/** Reads the body of `RTM_NEWRULE` or `RTM_DELRULE`. */
export function decodeRule(body: Uint8Array): Rule {
  const raw = readStruct(fibRuleHdr, 'fib_rule_hdr', body);
  const attributes = parseAttributes(body, fibRuleHdr.size);
  const family = familyOf(raw.family);
  const src = addressIn(attributes, RuleAttr.SRC, family);
  const dst = addressIn(attributes, RuleAttr.DST, family);
  const mark = ruleMark(attributes);
  return {
    family,
    priority: readAttribute(attributes, RuleAttr.PRIORITY, u32, 'FRA_PRIORITY') ?? 0,
    table: readAttribute(attributes, RuleAttr.TABLE, u32, 'FRA_TABLE') ?? raw.table,
    action: raw.action,
    ...(src !== undefined && { src: { address: src, prefix: raw.src_len } }),
    ...(dst !== undefined && { dst: { address: dst, prefix: raw.dst_len } }),
    ...(mark !== undefined && { mark }),
    ...((raw.flags & RULE_INVERT) !== 0 && { invert: true }),
  };
}

/** The address octets of an attribute, copied; of a length that the family does not have is an error. */
export function addressIn(
  attributes: Attributes,
  type: number,
  family: 4 | 6,
): IpOctets | undefined {
  const bytes = attributes.get(type);
  if (bytes === undefined) return undefined;
  if (bytes.length !== (family === 4 ? 4 : 16)) {
    throw new NetlinkDecodeError(`attribute ${type}`, 0, `${bytes.length} octets of address`);
  }
  return bytes.slice();
}

/** IP version of an `AF_*` number; others are an error. */
export function familyOf(number: number): 4 | 6 {
  if (number === AF_INET) return 4;
  if (number === AF_INET6) return 6;
  throw new NetlinkDecodeError('address family', 0, `${number} is neither IPv4 nor IPv6`);
}

/** `AF_INET` or `AF_INET6`. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function routeAttributes(route: Route): Attribute[] {
  const list = [attribute(RouteAttr.TABLE, u32, route.table)];
  if (route.dst !== undefined) list.push(attributeBytes(RouteAttr.DST, route.dst));
  if (route.gateway !== undefined) list.push(gatewayAttribute(route.gateway, route.family));
  if (route.ifindex !== undefined) list.push(attribute(RouteAttr.OIF, u32, route.ifindex));
  if (route.source !== undefined) list.push(attributeBytes(RouteAttr.PREFSRC, route.source));
  if (route.metric !== undefined) list.push(attribute(RouteAttr.PRIORITY, u32, route.metric));
  const { mtu, mss } = route;
  const metrics: Attribute[] = [];
  if (mtu !== undefined) metrics.push(attribute(RouteMetric.MTU, u32, mtu));
  if (mss !== undefined) metrics.push(attribute(RouteMetric.ADVMSS, u32, mss));
  if (metrics.length > 0) list.push(attributeNested(RouteAttr.METRICS, metrics));
  return list;
}

// A gateway of the other family (IPv4 over an IPv6 next hop) goes into RTA_VIA, behind its family.
function gatewayAttribute(gateway: IpOctets, family: 4 | 6): Attribute {
  if (gateway.length === (family === 4 ? 4 : 16)) {
    return attributeBytes(RouteAttr.GATEWAY, gateway);
  }
  const via = new Uint8Array(2 + gateway.length);
  new Uint16Array(via.buffer, 0, 1)[0] = gateway.length === 4 ? AF_INET : AF_INET6;
  via.set(gateway, 2);
  return attributeBytes(RouteAttr.VIA, via);
}

function viaOf(attributes: Attributes): IpOctets | undefined {
  const via = attributes.get(RouteAttr.VIA);
  if (via === undefined) return undefined;
  if (via.length !== 6 && via.length !== 18) {
    throw new NetlinkDecodeError('RTA_VIA', 0, `${via.length} octets`);
  }
  return via.slice(2);
}

function metricOf(attributes: Attributes, metric: number, what: string): number | undefined {
  const metrics = attributes.get(RouteAttr.METRICS);
  if (metrics === undefined) return undefined;
  return readAttribute(parseAttributes(metrics), metric, u32, what);
}

function ruleMark(attributes: Attributes): Mark | undefined {
  const value = readAttribute(attributes, RuleAttr.FWMARK, u32, 'FRA_FWMARK');
  if (value === undefined) return undefined;
  const mask = readAttribute(attributes, RuleAttr.FWMASK, u32, 'FRA_FWMASK');
  return { value, mask: mask ?? 0xffff_ffff };
}

// Tables above 255 do not fit the header; the attribute carries them.
function smallTable(table: number): number {
  return table < 256 ? table : RouteTable.UNSPEC;
}
