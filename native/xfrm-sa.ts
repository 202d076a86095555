import { u8, u32, u64 } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import { NlmFlag } from './netlink-constants.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  buildMessage,
  parseAttributes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import type { Mark, Sa, SaId, SaInfo, Selector } from './types.ts';
import { algorithmAttributes, algorithmsOf } from './xfrm-algorithms.ts';
import {
  addressOf,
  encapAttribute,
  encapOf,
  familyNumber,
  limitsOf,
  lookupAttributes,
  lookupOf,
  offloadAttribute,
  offloadOf,
  rawLimits,
  rawSelector,
  rawUse,
  selectorOf,
  sourceAttribute,
  UNLIMITED,
  useOf,
} from './xfrm-common.ts';
import { SaFlag, XfrmAttr, XfrmMsg } from './xfrm-constants.ts';
import { iptfsAttributes, iptfsOf } from './xfrm-iptfs.ts';
import { replayAttributes, replayOf } from './xfrm-replay.ts';
import {
  empty,
  xfrmLifetimeCur,
  xfrmUsersaFlush,
  xfrmUsersaId,
  xfrmUsersaInfo,
  xfrmUserspiInfo,
} from './xfrm-structs.ts';

/** The kernel's `XFRMA_SA_DIR`. */
const Direction = { in: 1, out: 2 } as const;

/** What {@link encodeAllocSpi} asks for; SPIs are host order and inclusive. */
export interface AllocSpi extends Omit<SaId, 'spi'> {
  readonly src: Uint8Array;
  readonly mode: number;
  readonly reqid: number;
  readonly min: number;
  readonly max: number;
  /** Sequence number of the ACQUIRE that is answered, 0 for none. */
  readonly seq?: number;
  /** Reservations are inbound; kernels of 6.10 and later want to know if the SA will say so. */
  readonly direction?: 'in';
}

/** `XFRM_MSG_NEWSA` (refused when the SA exists) or `XFRM_MSG_UPDSA` (completes a reservation or replaces). */
export function encodeSa(kind: 'new' | 'update', sa: Sa): Uint8Array {
  return buildMessage(
    kind === 'new' ? XfrmMsg.NEWSA : XfrmMsg.UPDSA,
    NlmFlag.ACK,
    xfrmUsersaInfo,
    rawInfo(sa),
    saAttributes(sa),
  );
}

/** `XFRM_MSG_ALLOCSPI`: the answer is the reserved SA. */
export function encodeAllocSpi(request: AllocSpi): Uint8Array {
  const info = rawInfo({ ...request, spi: 0, replayWindow: 0, esn: false, flags: 0 });
  return buildMessage(
    XfrmMsg.ALLOCSPI,
    NlmFlag.ACK,
    xfrmUserspiInfo,
    // The lifetime of a reservation is the kernel's own (`xfrm_acq_expires`).
    { info: { ...info, lft: undefined }, min: request.min, max: request.max },
    [
      ...lookupAttributes(request),
      ...(request.direction === undefined ? [] : [directionAttribute(request.direction)]),
    ],
  );
}

/** `XFRM_MSG_DELSA` or `XFRM_MSG_GETSA` of one SA. */
export function encodeSaId(kind: 'delete' | 'get', id: SaId): Uint8Array {
  return buildMessage(
    kind === 'delete' ? XfrmMsg.DELSA : XfrmMsg.GETSA,
    NlmFlag.ACK,
    xfrmUsersaId,
    { daddr: id.dst, spi: id.spi, family: familyNumber(id.dst), proto: id.protocol },
    [...(id.src === undefined ? [] : [sourceAttribute(id.src)]), ...lookupAttributes(id)],
  );
}

/** `XFRM_MSG_GETSA` of all. */
export function encodeSaDump(): Uint8Array {
  return buildMessage(XfrmMsg.GETSA, NlmFlag.DUMP, empty, {});
}

/** `XFRM_MSG_FLUSHSA`: every SA of a protocol, 0 for all. */
export function encodeSaFlush(protocol: number): Uint8Array {
  return buildMessage(XfrmMsg.FLUSHSA, NlmFlag.ACK, xfrmUsersaFlush, { proto: protocol });
}

/** Reads the body of `XFRM_MSG_NEWSA`. */
export function decodeSa(body: Uint8Array): SaInfo {
  return saOf(
    readStruct(xfrmUsersaInfo, 'xfrm_usersa_info', body),
    parseAttributes(body, xfrmUsersaInfo.size),
  );
}

/** An SA from its structure and the attributes that came with it. */
export function saOf(
  raw: ReturnType<(typeof xfrmUsersaInfo)['read']>,
  attributes: Attributes,
): SaInfo {
  const setMark = setMarkOf(attributes);
  const extraFlags = readAttribute(attributes, XfrmAttr.SA_EXTRA_FLAGS, u32, 'SA_EXTRA_FLAGS');
  const encap = attributes.get(XfrmAttr.ENCAP);
  const offload = offloadOf(attributes);
  const tfcPad = readAttribute(attributes, XfrmAttr.TFCPAD, u32, 'XFRMA_TFCPAD');
  const direction = directionOf(attributes);
  const keepalive = readAttribute(
    attributes,
    XfrmAttr.NAT_KEEPALIVE_INTERVAL,
    u32,
    'NAT_KEEPALIVE',
  );
  const pause = readAttribute(attributes, XfrmAttr.MTIMER_THRESH, u32, 'XFRMA_MTIMER_THRESH');
  const cpu = readAttribute(attributes, XfrmAttr.SA_PCPU, u32, 'XFRMA_SA_PCPU');
  const iptfs = iptfsOf(attributes);
  const lastUsed = readAttribute(attributes, XfrmAttr.LASTUSED, u64, 'XFRMA_LASTUSED');
  return {
    src: addressOf(raw.saddr, raw.family),
    dst: addressOf(raw.id.daddr, raw.family),
    spi: raw.id.spi,
    protocol: raw.id.proto,
    mode: raw.mode,
    reqid: raw.reqid,
    ...lookupOf(attributes),
    ...selectorIn(raw.sel),
    lifetime: limitsOf(raw.lft),
    ...replayOf(raw.replay_window, attributes),
    esn: (raw.flags & SaFlag.ESN) !== 0,
    flags: raw.flags & ~SaFlag.ESN,
    ...(extraFlags !== undefined && { extraFlags }),
    seq: raw.seq,
    ...algorithmsOf(attributes),
    ...(encap !== undefined && { encap: encapOf(encap, raw.family) }),
    ...(setMark !== undefined && { setMark }),
    ...(offload !== undefined && { offload }),
    ...(tfcPad !== undefined && { tfcPad }),
    ...(direction !== undefined && { direction }),
    ...(keepalive !== undefined && { natKeepaliveSeconds: keepalive }),
    ...(pause !== undefined && { mappingPauseSeconds: pause }),
    ...(cpu !== undefined && { cpu }),
    ...(iptfs !== undefined && { iptfs }),
    current: useOf(raw.curlft),
    stats: {
      replayWindow: raw.stats.replay_window,
      replay: raw.stats.replay,
      integrityFailed: raw.stats.integrity_failed,
    },
    ...(lastUsed !== undefined && { lastUsed }),
  };
}

function rawInfo(sa: Sa): Parameters<(typeof xfrmUsersaInfo)['write']>[2] {
  if (sa.src.length !== sa.dst.length) {
    throw new RangeError('both ends of an SA are of one address family');
  }
  const big = sa.esn || sa.replayWindow > 32;
  return {
    sel: sa.selector === undefined ? undefined : rawSelector(sa.selector),
    id: { daddr: sa.dst, spi: sa.spi, proto: sa.protocol },
    saddr: sa.src,
    lft: rawLimits(sa.lifetime ?? UNLIMITED),
    seq: sa.seq ?? 0,
    reqid: sa.reqid,
    family: familyNumber(sa.dst),
    mode: sa.mode,
    replay_window: big ? 0 : sa.replayWindow,
    flags: sa.flags | (sa.esn ? SaFlag.ESN : 0),
  };
}

function saAttributes(sa: Sa): Attribute[] {
  const list = [...algorithmAttributes(sa), ...replayAttributes(sa), ...lookupAttributes(sa)];
  if (sa.startUse !== undefined) {
    list.push(attribute(XfrmAttr.LTIME_VAL, xfrmLifetimeCur, rawUse(sa.startUse)));
  }
  if (sa.encap !== undefined) list.push(encapAttribute(sa.encap));
  if (sa.setMark !== undefined) {
    list.push(attribute(XfrmAttr.SET_MARK, u32, sa.setMark.value));
    list.push(attribute(XfrmAttr.SET_MARK_MASK, u32, sa.setMark.mask));
  }
  if (sa.extraFlags !== undefined) {
    list.push(attribute(XfrmAttr.SA_EXTRA_FLAGS, u32, sa.extraFlags));
  }
  if (sa.offload !== undefined) list.push(offloadAttribute(sa.offload));
  if (sa.tfcPad !== undefined) list.push(attribute(XfrmAttr.TFCPAD, u32, sa.tfcPad));
  if (sa.direction !== undefined) {
    list.push(directionAttribute(sa.direction));
  }
  if (sa.natKeepaliveSeconds !== undefined) {
    list.push(attribute(XfrmAttr.NAT_KEEPALIVE_INTERVAL, u32, sa.natKeepaliveSeconds));
  }
  if (sa.mappingPauseSeconds !== undefined) {
    list.push(attribute(XfrmAttr.MTIMER_THRESH, u32, sa.mappingPauseSeconds));
  }
  if (sa.cpu !== undefined) list.push(attribute(XfrmAttr.SA_PCPU, u32, sa.cpu));
  if (sa.iptfs !== undefined) list.push(...iptfsAttributes(sa.iptfs));
  return list;
}

function selectorIn(raw: Parameters<typeof selectorOf>[0]): { readonly selector?: Selector } {
  return raw.family === 0 ? {} : { selector: selectorOf(raw) };
}

function setMarkOf(attributes: Attributes): Mark | undefined {
  const value = readAttribute(attributes, XfrmAttr.SET_MARK, u32, 'XFRMA_SET_MARK');
  if (value === undefined) return undefined;
  // Kernels before 4.19 have no mask and set the whole mark.
  const mask = readAttribute(attributes, XfrmAttr.SET_MARK_MASK, u32, 'XFRMA_SET_MARK_MASK');
  return { value, mask: mask ?? 0xffff_ffff };
}

function directionAttribute(direction: 'in' | 'out'): Attribute {
  return attribute(XfrmAttr.SA_DIR, u8, Direction[direction]);
}

function directionOf(attributes: Attributes): 'in' | 'out' | undefined {
  const value = readAttribute(attributes, XfrmAttr.SA_DIR, u8, 'XFRMA_SA_DIR');
  if (value === undefined) return undefined;
  if (value === Direction.in) return 'in';
  if (value === Direction.out) return 'out';
  throw new NetlinkDecodeError('XFRMA_SA_DIR', 0, `direction ${value}`);
}
