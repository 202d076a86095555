import { u32 } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  attributeBytes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import type {
  Encap,
  IpOctets,
  LifetimeLimits,
  LifetimeUse,
  Mark,
  Offload,
  Selector,
} from './types.ts';
import { AF_INET, AF_INET6, XFRM_INF, XfrmAttr } from './xfrm-constants.ts';
import {
  xfrmEncapTmpl,
  type xfrmLifetimeCfg,
  type xfrmLifetimeCur,
  xfrmMark,
  type xfrmSelector,
  xfrmUserOffload,
} from './xfrm-structs.ts';

type RawSelector = ReturnType<(typeof xfrmSelector)['read']>;
type RawLimits = ReturnType<(typeof xfrmLifetimeCfg)['read']>;
type RawUse = ReturnType<(typeof xfrmLifetimeCur)['read']>;

/** No limit of any kind. */
export const UNLIMITED: LifetimeLimits = {
  softBytes: XFRM_INF,
  hardBytes: XFRM_INF,
  softPackets: XFRM_INF,
  hardPackets: XFRM_INF,
  softAddSeconds: 0n,
  hardAddSeconds: 0n,
  softUseSeconds: 0n,
  hardUseSeconds: 0n,
};

/** `AF_INET` or `AF_INET6`; a RangeError for octets that are no address. */
export function familyNumber(address: IpOctets): number {
  if (address.length === 4) return AF_INET;
  if (address.length === 16) return AF_INET6;
  throw new RangeError(`an IP address has 4 or 16 octets, not ${address.length}`);
}

/** The octets of an `xfrm_address_t` that its family uses. */
export function addressOf(raw: Uint8Array, family: number): IpOctets {
  if (family === AF_INET) return raw.slice(0, 4);
  if (family === AF_INET6) return raw;
  throw new NetlinkDecodeError('xfrm_address_t', 0, `address family ${family}`);
}

/** As `struct xfrm_selector`. */
export function rawSelector(selector: Selector): Partial<RawSelector> {
  if (selector.src.length !== selector.dst.length) {
    throw new RangeError('both ends of a selector are of one address family');
  }
  return {
    daddr: selector.dst,
    saddr: selector.src,
    dport: selector.dstPort,
    dport_mask: selector.dstPortMask,
    sport: selector.srcPort,
    sport_mask: selector.srcPortMask,
    family: familyNumber(selector.dst),
    prefixlen_d: selector.dstPrefix,
    prefixlen_s: selector.srcPrefix,
    proto: selector.protocol,
    ifindex: selector.ifindex,
    user: selector.user,
  };
}

/** From `struct xfrm_selector`. */
export function selectorOf(raw: RawSelector): Selector {
  return {
    src: addressOf(raw.saddr, raw.family),
    dst: addressOf(raw.daddr, raw.family),
    srcPrefix: raw.prefixlen_s,
    dstPrefix: raw.prefixlen_d,
    srcPort: raw.sport,
    srcPortMask: raw.sport_mask,
    dstPort: raw.dport,
    dstPortMask: raw.dport_mask,
    protocol: raw.proto,
    ifindex: raw.ifindex,
    user: raw.user,
  };
}

/** As `struct xfrm_lifetime_cfg`. */
export function rawLimits(limits: LifetimeLimits): RawLimits {
  return {
    soft_byte_limit: limits.softBytes,
    hard_byte_limit: limits.hardBytes,
    soft_packet_limit: limits.softPackets,
    hard_packet_limit: limits.hardPackets,
    soft_add_expires_seconds: limits.softAddSeconds,
    hard_add_expires_seconds: limits.hardAddSeconds,
    soft_use_expires_seconds: limits.softUseSeconds,
    hard_use_expires_seconds: limits.hardUseSeconds,
  };
}

/** From `struct xfrm_lifetime_cfg`. */
export function limitsOf(raw: RawLimits): LifetimeLimits {
  return {
    softBytes: raw.soft_byte_limit,
    hardBytes: raw.hard_byte_limit,
    softPackets: raw.soft_packet_limit,
    hardPackets: raw.hard_packet_limit,
    softAddSeconds: raw.soft_add_expires_seconds,
    hardAddSeconds: raw.hard_add_expires_seconds,
    softUseSeconds: raw.soft_use_expires_seconds,
    hardUseSeconds: raw.hard_use_expires_seconds,
  };
}

/** As `struct xfrm_lifetime_cur`. */
export function rawUse(use: LifetimeUse): RawUse {
  return { bytes: use.bytes, packets: use.packets, add_time: use.addTime, use_time: use.useTime };
}

/** From `struct xfrm_lifetime_cur`. */
export function useOf(raw: RawUse): LifetimeUse {
  return {
    bytes: raw.bytes,
    packets: raw.packets,
    addTime: raw.add_time,
    useTime: raw.use_time,
  };
}

/** `XFRMA_MARK` and `XFRMA_IF_ID` as far as given. */
export function lookupAttributes(id: {
  readonly mark?: Mark;
  readonly ifId?: number;
}): Attribute[] {
  const list: Attribute[] = [];
  if (id.mark !== undefined) {
    list.push(attribute(XfrmAttr.MARK, xfrmMark, { v: id.mark.value, m: id.mark.mask }));
  }
  if (id.ifId !== undefined) list.push(attribute(XfrmAttr.IF_ID, u32, id.ifId));
  return list;
}

/** The mark and interface id of a received message. */
export function lookupOf(attributes: Attributes): {
  readonly mark?: Mark;
  readonly ifId?: number;
} {
  const mark = readAttribute(attributes, XfrmAttr.MARK, xfrmMark, 'XFRMA_MARK');
  const ifId = readAttribute(attributes, XfrmAttr.IF_ID, u32, 'XFRMA_IF_ID');
  return {
    ...(mark !== undefined && { mark: { value: mark.v, mask: mark.m } }),
    ...(ifId !== undefined && { ifId }),
  };
}

/** `XFRMA_ENCAP`. */
export function encapAttribute(encap: Encap): Attribute {
  return attribute(XfrmAttr.ENCAP, xfrmEncapTmpl, {
    encap_type: encap.type,
    encap_sport: encap.srcPort,
    encap_dport: encap.dstPort,
    encap_oa: encap.originalAddress,
  });
}

/** From `XFRMA_ENCAP`; an original address of zero is none. */
export function encapOf(bytes: Uint8Array, family: number): Encap {
  const raw = readStruct(xfrmEncapTmpl, 'XFRMA_ENCAP', bytes);
  const original = addressOf(raw.encap_oa, family);
  return {
    type: raw.encap_type,
    srcPort: raw.encap_sport,
    dstPort: raw.encap_dport,
    ...(original.some((octet) => octet !== 0) && { originalAddress: original }),
  };
}

/** `XFRMA_OFFLOAD_DEV`. */
export function offloadAttribute(offload: Offload): Attribute {
  return attribute(XfrmAttr.OFFLOAD_DEV, xfrmUserOffload, offload);
}

/** From `XFRMA_OFFLOAD_DEV`. */
export function offloadOf(attributes: Attributes): Offload | undefined {
  return readAttribute(attributes, XfrmAttr.OFFLOAD_DEV, xfrmUserOffload, 'XFRMA_OFFLOAD_DEV');
}

/** `XFRMA_SRCADDR`, always 16 octets. */
export function sourceAttribute(src: IpOctets): Attribute {
  const padded = new Uint8Array(16);
  padded.set(src);
  return attributeBytes(XfrmAttr.SRCADDR, padded);
}
