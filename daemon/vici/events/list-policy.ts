import { list, optional, section, type Tree, value } from '../../config/tree.ts';
import type { PolicyView } from '../../control/views.ts';

/** One installed trap or shunt, keys in the order of the protocol. */
export function listPolicyTree(policy: PolicyView): Tree {
  return [
    section(`${policy.ike}/${policy.child}`, [
      value('child', policy.child),
      ...optional('reqid', policy.reqid),
      value('ike', policy.ike),
      value('mode', policy.mode.toUpperCase()),
      list('local-ts', policy.localTs),
      list('remote-ts', policy.remoteTs),
    ]),
  ];
}
