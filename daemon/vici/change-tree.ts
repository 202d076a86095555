import { flag, list, section, type Tree, type TreeEntry, value } from '../config/tree.ts';
import type { AffectedSas, ConnectionChange } from '../control/connection-change.ts';

/** What loading or removing a connection changes, as a section of its name. Keys are named, values never are. */
export function changeTree(name: string, change: ConnectionChange): TreeEntry {
  const { outcome, keys, children, closed, kept } = change;
  return section(name, [
    value('outcome', outcome),
    ...(keys.length === 0 ? [] : [list('keys', keys)]),
    ...(children.length === 0
      ? []
      : [
          section(
            'children',
            children.map((child) =>
              section(child.name, [
                value('outcome', child.what),
                ...(child.keys.length === 0 ? [] : [list('keys', child.keys)]),
              ]),
            ),
          ),
        ]),
    ...sasTree('closed', closed),
    ...sasTree('kept', kept),
  ]);
}

/** The same for a pool or an authority. */
export function itemTree(
  name: string,
  { outcome, keys }: { readonly outcome: string; readonly keys: readonly string[] },
): TreeEntry {
  return section(name, [
    value('outcome', outcome),
    ...(keys.length === 0 ? [] : [list('keys', keys)]),
  ]);
}

/** What an answer says of changes if it was asked for them. */
export function reportTree(changes: readonly TreeEntry[]): TreeEntry {
  return section('changes', changes);
}

function sasTree(name: string, { total, some }: AffectedSas): Tree {
  if (total === 0) return [];
  return [
    section(name, [
      value('ike-sas', total),
      ...some.map((sa) =>
        section(`${sa.name}-${sa.uniqueId}`, [
          value('name', sa.name),
          value('uniqueid', sa.uniqueId),
          ...flag('ike', sa.ike),
          ...(sa.children.length === 0
            ? []
            : [
                list(
                  'children',
                  sa.children.map((child) => `${child.name}{${child.uniqueId}}`),
                ),
              ]),
        ]),
      ),
    ]),
  ];
}
