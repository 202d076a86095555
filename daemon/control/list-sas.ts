import type { ChildSa } from '../ike/child-sa.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import type { IkeSaTables } from '../ike/ike-sa-tables.ts';
import { viewIkeSa } from '../ike/ike-sa-view.ts';
import { type Awaitable, andThen } from '../util/awaitable.ts';
import type { Listed, SaSelector } from './control.ts';
import type { IkeSaView } from './views.ts';

/** IKE_SAs whose counters are read together, so that not every one of them is waited for. */
const TOGETHER = 8;
/** CHILD_SAs that the kernel is asked about at a time: it puts all of its answers into one buffer. */
const AT_A_TIME = 32;

/**
 * Snapshots of the IKE_SAs that `ike` and `ikeId` mean, with the CHILD_SAs that `child` and `childId` mean, each taken when it is asked
 * for. It is a promise where the kernel takes its time to tell the counters, which are read for a few of them together; without an
 * answer the last ones are shown.
 */
export function* listSas(
  { byId }: IkeSaTables,
  selector: SaSelector,
): Generator<Listed<IkeSaView>, void> {
  const { ike, ikeId } = selector;
  // Ids first: SAs may come and go while a slow reader takes its time.
  const ids = ikeId ? [ikeId] : [...byId.keys()];
  const view = (sa: IkeSa): IkeSaView | undefined =>
    sa.destroyed ? undefined : viewIkeSa(sa, childrenOf(sa, selector));
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const sas: IkeSa[] = [];
    for (const id of ids.slice(at, at + TOGETHER)) {
      const sa = byId.get(id);
      if (sa !== undefined && (ike === undefined || sa.tag.name === ike)) sas.push(sa);
    }
    const [first, ...others] = sas;
    if (first === undefined) continue;
    yield andThen(refresh(sas.flatMap((sa) => childrenOf(sa, selector))), () => view(first));
    for (const sa of others) yield view(sa);
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
  if (children.length > AT_A_TIME) return refreshInTurn(children);
  const usages = children.map((child) => child.refreshUsage());
  return usages.some((usage) => usage instanceof Promise) ? Promise.all(usages) : undefined;
}

async function refreshInTurn(children: readonly ChildSa[]): Promise<void> {
  for (let at = 0; at < children.length; at += AT_A_TIME) {
    await refresh(children.slice(at, at + AT_A_TIME));
  }
}
