import type { ConfNode } from '../../daemon/config/conf-tree.ts';
import { list, section, type Tree, value } from '../../daemon/config/tree.ts';

/** Keys whose values are split at commas and sent as lists. */
const LISTS = new Set([
  'local_addrs',
  'remote_addrs',
  'proposals',
  'esp_proposals',
  'ah_proposals',
  'local_ts',
  'remote_ts',
  'vips',
  'pools',
  'groups',
  'cert_policy',
]);

/** What swanctl sends of a section of swanctl.conf. */
export function swanctlTree(node: ConfNode): Tree {
  return [
    ...node.keys().map((key) => {
      const text = node.value(key)?.text ?? '';
      if (!LISTS.has(key)) return value(key, text);
      const items = text.split(',').map((item) => item.trim());
      return list(
        key,
        items.filter((item) => item !== ''),
      );
    }),
    ...node.sectionNames().map((name) => section(name, swanctlTree(node.at(name)))),
  ];
}
