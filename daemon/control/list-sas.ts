import type { ChildSa } from '../ike/child-sa.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import type { IkeSaTables } from '../ike/ike-sa-tables.ts';
import { viewIkeSa } from '../ike/ike-sa-view.ts';
import { type Awaitable, andThen } from '../util/awaitable.ts';
import type { Listed, SaSelector } from './control.ts';
import type { IkeSaView } from './views.ts';

/**
 * Snapshots of the IKE_SAs that `ike` and `ikeId` mean, with the CHILD_SAs that `child` and `childId` mean, each taken when it is asked
 * for. It is a promise where the kernel takes its time to tell the counters; without an answer the last ones are shown.
 */
export function* listSas(
  { byId }: IkeSaTables,
  selector: SaSelector,
): Generator<Listed<IkeSaView>, void> {
  const { ike, ikeId } = selector;
  // Ids first: SAs may come and go while a slow reader takes its time.
  for (const id of ikeId ? [ikeId] : [...byId.keys()]) {
    const sa = byId.get(id);
    if (sa === undefined || (ike !== undefined && sa.tag.name !== ike)) continue;
    const children = childrenOf(sa, selector);
    yield andThen(refresh(children), () => (sa.destroyed ? undefined : viewIkeSa(sa, children)));
  }
}

function childrenOf({ children }: IkeSa, { child, childId }: SaSelector): readonly ChildSa[] {
  const all = [...children.values()];
  if (child === undefined && !childId) return all;
  return all.filter(
    ({ config, terms }) =>
      (child === undefined || config.name === child) && (!childId || terms.uniqueId === childId),
  );
}

/** Has the counters of all of them read; without a promise if the kernel told them at once. */
function refresh(children: readonly ChildSa[]): Awaitable<unknown> {
  const usages = children.map((child) => child.refreshUsage());
  return usages.some((usage) => usage instanceof Promise) ? Promise.all(usages) : undefined;
}
