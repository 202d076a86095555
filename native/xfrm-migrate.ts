import { NlmFlag } from './netlink-constants.ts';
import {
  attribute,
  attributeArray,
  buildMessage,
  parseAttributes,
  readAttribute,
  readStruct,
} from './nlmsg.ts';
import type { Migrate, MigrateStep } from './types.ts';
import {
  addressOf,
  encapAttribute,
  encapOf,
  familyNumber,
  lookupAttributes,
  lookupOf,
  offloadAttribute,
  offloadOf,
  selectorOf,
} from './xfrm-common.ts';
import { XfrmAttr, XfrmMsg } from './xfrm-constants.ts';
import { directionOf, rawPolicyId } from './xfrm-policy.ts';
import { xfrmUserKmaddress, xfrmUserMigrate, xfrmUserpolicyId } from './xfrm-structs.ts';

/** `XFRM_MSG_MIGRATE`: moves a policy's templates and SAs to new addresses. */
export function encodeMigrate(migrate: Migrate): Uint8Array {
  const { encap, kmAddress, offload } = migrate;
  const list = [
    attributeArray(XfrmAttr.MIGRATE, xfrmUserMigrate, migrate.steps.map(rawStep)),
    ...lookupAttributes(migrate.policy),
  ];
  if (kmAddress !== undefined) {
    const family = familyNumber(kmAddress.local);
    list.push(attribute(XfrmAttr.KMADDRESS, xfrmUserKmaddress, { ...kmAddress, family }));
  }
  if (encap !== undefined) list.push(encapAttribute(encap));
  if (offload !== undefined) list.push(offloadAttribute(offload));
  return buildMessage(
    XfrmMsg.MIGRATE,
    NlmFlag.ACK,
    xfrmUserpolicyId,
    rawPolicyId(migrate.policy),
    list,
  );
}

/** Reads the body of `XFRM_MSG_MIGRATE`, request or event. */
export function decodeMigrate(body: Uint8Array): Migrate {
  const raw = readStruct(xfrmUserpolicyId, 'xfrm_userpolicy_id', body);
  const attributes = parseAttributes(body, xfrmUserpolicyId.size);
  const km = readAttribute(attributes, XfrmAttr.KMADDRESS, xfrmUserKmaddress, 'XFRMA_KMADDRESS');
  const steps = stepsOf(attributes.get(XfrmAttr.MIGRATE) ?? new Uint8Array());
  const encap = attributes.get(XfrmAttr.ENCAP);
  const offload = offloadOf(attributes);
  return {
    policy: {
      selector: selectorOf(raw.sel),
      direction: directionOf(raw.dir),
      index: raw.index,
      ...lookupOf(attributes),
    },
    steps,
    ...(km !== undefined && {
      kmAddress: {
        local: addressOf(km.local, km.family),
        remote: addressOf(km.remote, km.family),
      },
    }),
    ...(encap !== undefined && { encap: encapOf(encap, raw.sel.family) }),
    ...(offload !== undefined && { offload }),
  };
}

function rawStep(step: MigrateStep): Parameters<(typeof xfrmUserMigrate)['write']>[2] {
  return {
    old_daddr: step.oldDst,
    old_saddr: step.oldSrc,
    new_daddr: step.newDst,
    new_saddr: step.newSrc,
    proto: step.protocol,
    mode: step.mode,
    reqid: step.reqid,
    old_family: familyNumber(step.oldDst),
    new_family: familyNumber(step.newDst),
  };
}

function stepsOf(bytes: Uint8Array): MigrateStep[] {
  const steps: MigrateStep[] = [];
  for (let at = 0; at < bytes.length; at += xfrmUserMigrate.size) {
    const raw = readStruct(xfrmUserMigrate, 'XFRMA_MIGRATE', bytes, at);
    steps.push({
      oldSrc: addressOf(raw.old_saddr, raw.old_family),
      oldDst: addressOf(raw.old_daddr, raw.old_family),
      newSrc: addressOf(raw.new_saddr, raw.new_family),
      newDst: addressOf(raw.new_daddr, raw.new_family),
      protocol: raw.proto,
      mode: raw.mode,
      reqid: raw.reqid,
    });
  }
  return steps;
}
