import { u32 } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import { type NetlinkMessage, parseAttributes, readAttribute, readStruct } from './nlmsg.ts';
import type { XfrmEvent } from './types.ts';
import { addressOf, familyNumber, lookupOf, selectorOf } from './xfrm-common.ts';
import { XfrmAttr, XfrmMsg } from './xfrm-constants.ts';
import { decodeMigrate } from './xfrm-migrate.ts';
import { policyOf } from './xfrm-policy.ts';
import { saOf } from './xfrm-sa.ts';
import {
  xfrmUserAcquire,
  xfrmUserExpire,
  xfrmUserMapping,
  xfrmUserPolexpire,
} from './xfrm-structs.ts';

/** Reads a message of the XFRM multicast groups; one that is malformed becomes an event that says so. */
export function decodeXfrmEvent(message: NetlinkMessage): XfrmEvent {
  try {
    return decode(message);
  } catch (error) {
    if (error instanceof NetlinkDecodeError) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

function decode({ type, body }: NetlinkMessage): XfrmEvent {
  switch (type) {
    case XfrmMsg.ACQUIRE:
      return acquire(body);
    case XfrmMsg.EXPIRE: {
      const raw = readStruct(xfrmUserExpire, 'xfrm_user_expire', body);
      const attributes = parseAttributes(body, xfrmUserExpire.size);
      return { kind: 'expire', sa: saOf(raw.state, attributes), hard: raw.hard !== 0 };
    }
    case XfrmMsg.POLEXPIRE: {
      const raw = readStruct(xfrmUserPolexpire, 'xfrm_user_polexpire', body);
      const attributes = parseAttributes(body, xfrmUserPolexpire.size);
      return { kind: 'policy-expire', policy: policyOf(raw.pol, attributes), hard: raw.hard !== 0 };
    }
    case XfrmMsg.MAPPING:
      return mapping(body);
    case XfrmMsg.MIGRATE:
      return { kind: 'migrate', migrate: decodeMigrate(body) };
    default:
      return { kind: 'other', type, body: body.slice() };
  }
}

function acquire(body: Uint8Array): XfrmEvent {
  const raw = readStruct(xfrmUserAcquire, 'xfrm_user_acquire', body);
  const attributes = parseAttributes(body, xfrmUserAcquire.size);
  const policy = policyOf(raw.policy, attributes);
  // A tunnel may be of another family than the packets in it; only the template tells.
  const template = policy.templates.find((one) => one.protocol === raw.id.proto);
  const cpu = readAttribute(attributes, XfrmAttr.SA_PCPU, u32, 'XFRMA_SA_PCPU');
  const family = template === undefined ? raw.sel.family : familyNumber(template.dst);
  return {
    kind: 'acquire',
    src: addressOf(raw.saddr, family),
    dst: addressOf(raw.id.daddr, family),
    protocol: raw.id.proto,
    selector: selectorOf(raw.sel),
    policy,
    seq: raw.seq,
    ...(cpu !== undefined && { cpu }),
  };
}

function mapping(body: Uint8Array): XfrmEvent {
  const raw = readStruct(xfrmUserMapping, 'xfrm_user_mapping', body);
  const { family } = raw.id;
  return {
    kind: 'mapping',
    sa: {
      dst: addressOf(raw.id.daddr, family),
      spi: raw.id.spi,
      protocol: raw.id.proto,
      ...lookupOf(parseAttributes(body, xfrmUserMapping.size)),
    },
    reqid: raw.reqid,
    oldSrc: addressOf(raw.old_saddr, family),
    oldPort: raw.old_sport,
    newSrc: addressOf(raw.new_saddr, family),
    newPort: raw.new_sport,
  };
}
