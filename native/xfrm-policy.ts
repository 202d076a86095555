import { NetlinkDecodeError } from './errors.ts';
import { NlmFlag } from './netlink-constants.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  attributeArray,
  buildMessage,
  parseAttributes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import type { Policy, PolicyDirection, PolicyId, PolicyInfo, PolicyTemplate } from './types.ts';
import {
  addressOf,
  familyNumber,
  limitsOf,
  lookupAttributes,
  lookupOf,
  offloadAttribute,
  offloadOf,
  rawLimits,
  rawSelector,
  selectorOf,
  UNLIMITED,
  useOf,
} from './xfrm-common.ts';
import { XfrmAttr, XfrmMsg } from './xfrm-constants.ts';
import {
  empty,
  xfrmUserpolicyId,
  xfrmUserpolicyInfo,
  xfrmUserpolicyType,
  xfrmUserTmpl,
} from './xfrm-structs.ts';

/** `XFRM_POLICY_IN`, `_OUT`, `_FWD`. */
const directions: readonly PolicyDirection[] = ['in', 'out', 'fwd'];
const actions: readonly Policy['action'][] = ['allow', 'block'];
/** `XFRM_POLICY_MAX`: policies of single sockets are dumped with directions from here on. */
const SOCKET = 3;
/** Any algorithm: the daemon negotiates them, the template does not restrict them. */
const ANY_ALGORITHM = 0xffff_ffff;

/** `XFRM_MSG_NEWPOLICY` (refused when the policy exists) or `XFRM_MSG_UPDPOLICY` (adds or replaces). */
export function encodePolicy(kind: 'new' | 'update', policy: Policy): Uint8Array {
  return buildMessage(
    kind === 'new' ? XfrmMsg.NEWPOLICY : XfrmMsg.UPDPOLICY,
    NlmFlag.ACK,
    xfrmUserpolicyInfo,
    rawPolicy(policy),
    policyAttributes(policy),
  );
}

/** The bare `struct xfrm_userpolicy_info`, as the socket options IP_XFRM_POLICY and IPV6_XFRM_POLICY take it. */
export function encodeSocketPolicy(policy: Policy): Uint8Array {
  const view = new DataView(new ArrayBuffer(xfrmUserpolicyInfo.size));
  xfrmUserpolicyInfo.write(view, 0, rawPolicy(policy));
  return new Uint8Array(view.buffer);
}

/** `XFRM_MSG_DELPOLICY` or `XFRM_MSG_GETPOLICY` of one policy. */
export function encodePolicyId(kind: 'delete' | 'get', id: PolicyId): Uint8Array {
  return buildMessage(
    kind === 'delete' ? XfrmMsg.DELPOLICY : XfrmMsg.GETPOLICY,
    NlmFlag.ACK,
    xfrmUserpolicyId,
    rawPolicyId(id),
    lookupAttributes(id),
  );
}

/** `XFRM_MSG_GETPOLICY` of all. */
export function encodePolicyDump(): Uint8Array {
  return buildMessage(XfrmMsg.GETPOLICY, NlmFlag.DUMP, empty, {});
}

/** `XFRM_MSG_FLUSHPOLICY`: every main policy. */
export function encodePolicyFlush(): Uint8Array {
  return buildMessage(XfrmMsg.FLUSHPOLICY, NlmFlag.ACK, empty, {});
}

/** Reads the body of `XFRM_MSG_NEWPOLICY`. */
export function decodePolicy(body: Uint8Array): PolicyInfo {
  return policyOf(
    readStruct(xfrmUserpolicyInfo, 'xfrm_userpolicy_info', body),
    parseAttributes(body, xfrmUserpolicyInfo.size),
  );
}

/** A policy from its structure and the attributes that came with it. */
export function policyOf(
  raw: ReturnType<(typeof xfrmUserpolicyInfo)['read']>,
  attributes: Attributes,
): PolicyInfo {
  const type = readAttribute(attributes, XfrmAttr.POLICY_TYPE, xfrmUserpolicyType, 'POLICY_TYPE');
  const offload = offloadOf(attributes);
  return {
    selector: selectorOf(raw.sel),
    direction: directionOf(raw.dir),
    ...(raw.dir >= SOCKET && { socket: true }),
    index: raw.index,
    ...lookupOf(attributes),
    action: entry(actions, raw.action, 'policy action'),
    priority: raw.priority,
    flags: raw.flags,
    share: raw.share,
    lifetime: limitsOf(raw.lft),
    templates: templatesOf(attributes),
    ...(type !== undefined && { type: type.type }),
    ...(offload !== undefined && { offload }),
    current: useOf(raw.curlft),
  };
}

/** As `struct xfrm_userpolicy_id`. */
export function rawPolicyId(id: PolicyId): Parameters<(typeof xfrmUserpolicyId)['write']>[2] {
  return {
    sel: rawSelector(id.selector),
    index: id.index,
    dir: directions.indexOf(id.direction),
  };
}

/** From the kernel's number, of which those of sockets follow the common ones. */
export function directionOf(raw: number): PolicyDirection {
  return entry(directions, raw >= SOCKET ? raw - SOCKET : raw, 'policy direction');
}

function rawPolicy(policy: Policy): Parameters<(typeof xfrmUserpolicyInfo)['write']>[2] {
  return {
    ...rawPolicyId(policy),
    lft: rawLimits(policy.lifetime ?? UNLIMITED),
    priority: policy.priority,
    action: actions.indexOf(policy.action),
    flags: policy.flags,
    share: policy.share,
  };
}

function policyAttributes(policy: Policy): Attribute[] {
  const list = lookupAttributes(policy);
  if (policy.templates.length > 0) {
    list.push(attributeArray(XfrmAttr.TMPL, xfrmUserTmpl, policy.templates.map(rawTemplate)));
  }
  if (policy.type !== undefined) {
    list.push(attribute(XfrmAttr.POLICY_TYPE, xfrmUserpolicyType, { type: policy.type }));
  }
  if (policy.offload !== undefined) list.push(offloadAttribute(policy.offload));
  return list;
}

function rawTemplate(template: PolicyTemplate): Parameters<(typeof xfrmUserTmpl)['write']>[2] {
  if (template.src.length !== template.dst.length) {
    throw new RangeError('both ends of a template are of one address family');
  }
  return {
    id: { daddr: template.dst, spi: template.spi, proto: template.protocol },
    family: familyNumber(template.dst),
    saddr: template.src,
    reqid: template.reqid,
    mode: template.mode,
    share: template.share,
    optional: template.optional ? 1 : 0,
    aalgos: ANY_ALGORITHM,
    ealgos: ANY_ALGORITHM,
    calgos: ANY_ALGORITHM,
  };
}

function templatesOf(attributes: Attributes): PolicyTemplate[] {
  const bytes = attributes.get(XfrmAttr.TMPL);
  const templates: PolicyTemplate[] = [];
  if (bytes === undefined) return templates;
  for (let at = 0; at < bytes.length; at += xfrmUserTmpl.size) {
    const raw = readStruct(xfrmUserTmpl, 'XFRMA_TMPL', bytes, at);
    templates.push({
      src: addressOf(raw.saddr, raw.family),
      dst: addressOf(raw.id.daddr, raw.family),
      spi: raw.id.spi,
      protocol: raw.id.proto,
      mode: raw.mode,
      reqid: raw.reqid,
      optional: raw.optional !== 0,
      share: raw.share,
    });
  }
  return templates;
}

function entry<T>(list: readonly T[], index: number, what: string): T {
  const found = list[index];
  if (found === undefined) throw new NetlinkDecodeError(what, 0, `unknown number ${index}`);
  return found;
}
