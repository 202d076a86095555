import { u32 } from './c-struct.ts';
import { NlmFlag } from './netlink-constants.ts';
import {
  attribute,
  attributeArray,
  attributeBytes,
  attributeNested,
  buildMessage,
  cString,
  parseAttributes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import {
  AddressAttr,
  LinkAttr,
  LinkFlag,
  LinkInfoAttr,
  RtMsg,
  XfrmLinkAttr,
} from './rtnetlink-constants.ts';
import { addressIn, familyOf } from './rtnetlink-route.ts';
import { ifaddrmsg, ifinfomsg } from './rtnetlink-structs.ts';
import type { InterfaceAddress, Link } from './types.ts';
import { AF_INET, AF_INET6 } from './xfrm-constants.ts';

/** An XFRM interface to be made. */
export interface XfrmLink {
  readonly name: string;
  readonly ifId: number;
  /** Interface whose device features it takes over, 0 for none. */
  readonly parent?: number;
}

/** Lifetime without end, `INFINITY_LIFE_TIME`. */
const FOR_EVER = 0xffff_ffff;

/** `RTM_NEWADDR` (refused when it exists) or `RTM_DELADDR`. */
export function encodeAddress(kind: 'new' | 'delete', address: InterfaceAddress): Uint8Array {
  const list = [
    attributeBytes(AddressAttr.LOCAL, address.address),
    attributeBytes(AddressAttr.ADDRESS, address.peer ?? address.address),
  ];
  if (kind === 'new' && address.preferredSeconds !== undefined) {
    // struct ifa_cacheinfo: preferred, valid, and two that the kernel fills in.
    const cacheinfo = [address.preferredSeconds, FOR_EVER, 0, 0];
    list.push(attributeArray(AddressAttr.CACHEINFO, u32, cacheinfo));
  }
  if (address.flags > 255) list.push(attribute(AddressAttr.FLAGS, u32, address.flags));
  return buildMessage(
    kind === 'new' ? RtMsg.NEWADDR : RtMsg.DELADDR,
    NlmFlag.ACK | (kind === 'new' ? NlmFlag.CREATE | NlmFlag.EXCL : 0),
    ifaddrmsg,
    {
      ifa_family: address.address.length === 4 ? AF_INET : AF_INET6,
      ifa_prefixlen: address.prefix,
      ifa_flags: address.flags & 0xff,
      ifa_scope: address.scope,
      ifa_index: address.ifindex,
    },
    list,
  );
}

/** `RTM_GETADDR` of all addresses of both families. */
export function encodeAddressDump(): Uint8Array {
  return buildMessage(RtMsg.GETADDR, NlmFlag.DUMP, ifaddrmsg, {});
}

/** Reads the body of `RTM_NEWADDR` or `RTM_DELADDR`. */
export function decodeAddress(body: Uint8Array): InterfaceAddress {
  const raw = readStruct(ifaddrmsg, 'ifaddrmsg', body);
  const attributes = parseAttributes(body, ifaddrmsg.size);
  const family = familyOf(raw.ifa_family);
  // IFA_ADDRESS is the far end of a point-to-point link when IFA_LOCAL is there too and differs.
  const far = addressIn(attributes, AddressAttr.ADDRESS, family);
  const local = addressIn(attributes, AddressAttr.LOCAL, family) ?? far ?? new Uint8Array();
  const label = attributes.get(AddressAttr.LABEL);
  const differs = far?.some((octet, i) => octet !== local[i]) === true;
  return {
    address: local,
    prefix: raw.ifa_prefixlen,
    ifindex: raw.ifa_index,
    scope: raw.ifa_scope,
    flags: readAttribute(attributes, AddressAttr.FLAGS, u32, 'IFA_FLAGS') ?? raw.ifa_flags,
    ...(differs && far !== undefined && { peer: far }),
    ...(label !== undefined && { label: cString(label) }),
  };
}

/** `RTM_NEWLINK` of an XFRM interface, created down. */
export function encodeXfrmLink(link: XfrmLink): Uint8Array {
  const data = [attribute(XfrmLinkAttr.IF_ID, u32, link.ifId)];
  if (link.parent !== undefined) data.push(attribute(XfrmLinkAttr.LINK, u32, link.parent));
  return buildMessage(RtMsg.NEWLINK, NlmFlag.ACK | NlmFlag.CREATE | NlmFlag.EXCL, ifinfomsg, {}, [
    attributeBytes(LinkAttr.IFNAME, zeroEnded(link.name)),
    attributeNested(LinkAttr.LINKINFO, [
      attributeBytes(LinkInfoAttr.KIND, zeroEnded('xfrm')),
      attributeNested(LinkInfoAttr.DATA, data),
    ]),
  ]);
}

/** `RTM_NEWLINK` that takes an interface up or down. */
export function encodeLinkUp(ifindex: number, up: boolean): Uint8Array {
  return buildMessage(RtMsg.NEWLINK, NlmFlag.ACK, ifinfomsg, {
    ifi_index: ifindex,
    ifi_flags: up ? LinkFlag.UP : 0,
    ifi_change: LinkFlag.UP,
  });
}

/** `RTM_DELLINK`. */
export function encodeLinkDelete(ifindex: number): Uint8Array {
  return buildMessage(RtMsg.DELLINK, NlmFlag.ACK, ifinfomsg, { ifi_index: ifindex });
}

/** `RTM_GETLINK` of all interfaces. */
export function encodeLinkDump(): Uint8Array {
  return buildMessage(RtMsg.GETLINK, NlmFlag.DUMP, ifinfomsg, {});
}

/** Reads the body of `RTM_NEWLINK` or `RTM_DELLINK`. */
export function decodeLink(body: Uint8Array): Link {
  const raw = readStruct(ifinfomsg, 'ifinfomsg', body);
  const attributes = parseAttributes(body, ifinfomsg.size);
  const name = attributes.get(LinkAttr.IFNAME);
  const parent = readAttribute(attributes, LinkAttr.LINK, u32, 'IFLA_LINK');
  return {
    ifindex: raw.ifi_index,
    name: name === undefined ? '' : cString(name),
    flags: raw.ifi_flags,
    mtu: readAttribute(attributes, LinkAttr.MTU, u32, 'IFLA_MTU') ?? 0,
    ...(parent !== undefined && { parent }),
    ...linkInfo(attributes.get(LinkAttr.LINKINFO)),
  };
}

function linkInfo(bytes: Uint8Array | undefined): Pick<Link, 'linkKind' | 'ifId'> {
  if (bytes === undefined) return {};
  const info = parseAttributes(bytes);
  const kind = info.get(LinkInfoAttr.KIND);
  if (kind === undefined) return {};
  const linkKind = cString(kind);
  const data = info.get(LinkInfoAttr.DATA);
  if (linkKind !== 'xfrm' || data === undefined) return { linkKind };
  const ifId = readAttribute(parseAttributes(data), XfrmLinkAttr.IF_ID, u32, 'IFLA_XFRM_IF_ID');
  return ifId === undefined ? { linkKind } : { linkKind, ifId };
}

function zeroEnded(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
