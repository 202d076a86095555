import type { ChildSa } from '../ike/child-sa.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import type { IkeSaManager } from '../ike/ike-sa-manager.ts';
import type { IkeSaTables } from '../ike/ike-sa-tables.ts';
import type { SaSelector } from './control.ts';

/** An SA that a command is for: a CHILD_SA, or the IKE_SA alone. */
export interface Target {
  readonly sa: IkeSa;
  readonly child?: ChildSa;
}

/**
 * The SAs that a selector means. With `child` or `childId` these are CHILD_SAs to which all of it applies; without, IKE_SAs
 * to which `ike` or `ikeId` applies, as in charon.
 */
export function findTargets({ tables }: IkeSaManager, selector: SaSelector): readonly Target[] {
  const { child, ike, childId, ikeId } = selector;
  const named = (sa: IkeSa): boolean => ike !== undefined && sa.tag.name === ike;
  const numbered = (sa: IkeSa): boolean => !!ikeId && sa.uniqueId === ikeId;
  const all = numberedOrAll(tables, child === undefined && ike !== undefined ? undefined : ikeId);
  if (child === undefined && !childId) {
    return all.filter((sa) => named(sa) || numbered(sa)).map((sa) => ({ sa }));
  }
  return all
    .filter((sa) => (ike === undefined || named(sa)) && (!ikeId || numbered(sa)))
    .flatMap((sa) =>
      [...sa.children.values()]
        .filter(
          (one) =>
            (child === undefined || one.config.name === child) &&
            (!childId || one.terms.uniqueId === childId),
        )
        .map((one) => ({ sa, child: one })),
    );
}

// With a number nobody else is looked at.
function numberedOrAll(tables: IkeSaTables, ikeId: number | undefined): readonly IkeSa[] {
  if (!ikeId) return [...tables.byId.values()];
  const sa = tables.byId.get(ikeId);
  return sa === undefined ? [] : [sa];
}

/** The selector in a sentence: `CHILD_SA 'net' #3 of IKE_SA 'gw'`. */
export function describeSelector({ child, childId, ike, ikeId }: SaSelector): string {
  const part = (kind: string, name: string | undefined, id: number | undefined): string =>
    [kind, ...(name === undefined ? [] : [`'${name}'`]), ...(id ? [`#${id}`] : [])].join(' ');
  const ofIke = part('IKE_SA', ike, ikeId);
  if (child === undefined && !childId) return ofIke;
  const ofChild = part('CHILD_SA', child, childId);
  return ike === undefined && !ikeId ? ofChild : `${ofChild} of ${ofIke}`;
}
