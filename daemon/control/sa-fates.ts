import { type ConnectionDiff, childKeys, sameIkePart } from '../config/connection-diff.ts';
import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { ChildSa } from '../ike/child-sa.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import type { IkeSaTables } from '../ike/ike-sa-tables.ts';
import { type AffectedSas, MAX_NAMED, NO_SAS } from './connection-change.ts';

/** What becomes of one IKE_SA when its connection changes. */
export interface SaFate {
  readonly sa: IkeSa;
  /** It is closed as a whole. */
  readonly closes: boolean;
  /** CHILD_SAs that are closed; all of them if it closes. */
  readonly closing: readonly ChildSa[];
  /** The IKE_SA goes on under another IKE part than the configured one. */
  readonly oldIke: boolean;
  /** CHILD_SAs that go on although no child is configured like that any more. */
  readonly oldChildren: readonly ChildSa[];
}

/** A change from one connection to another of that name, or none. */
export interface Change {
  readonly before: ConnectionConfig | undefined;
  readonly after: ConnectionConfig | undefined;
  readonly outcome: ConnectionDiff['outcome'] | 'removed';
}

/** Whether a child's `start_action` sets up SAs: mode pass and drop have nothing to start. */
export function isStarted({ startAction, mode }: ChildConfig): boolean {
  return startAction.start && mode !== 'pass' && mode !== 'drop';
}

/** Whether a child is the same before and after, under the same IKE part. */
export function isKept({ before, after, outcome }: Change, name: string): boolean {
  if (outcome === 'replaced') return false;
  const [old, now] = [before?.children.get(name), after?.children.get(name)];
  if (old === undefined || now === undefined) return false;
  return old === now || childKeys(old, now).length === 0;
}

/**
 * What a change does to the IKE_SAs of a connection. SAs of children that were started and do not remain as they are close.
 * An IKE_SA closes with them if it has no others, unless it fits what is configured now and its children are started again:
 * then they are set up again within it. Everything else goes on as it is.
 */
export function saFates(tables: IkeSaTables, change: Change): readonly SaFate[] {
  const { before, after, outcome } = change;
  const name = (before ?? after)?.name;
  if (name === undefined || outcome === 'unchanged') return NOBODY;
  const sas = tables.ofConnection(name);
  if (sas.size === 0) return NOBODY;
  const gone = new Map<string, ChildConfig | undefined>();
  for (const [child, config] of before?.children ?? NO_CHILDREN)
    if (isStarted(config) && !isKept(change, child)) gone.set(child, after?.children.get(child));
  const comparison = new Comparison(after);
  const fates: SaFate[] = [];
  for (const sa of sas) {
    if (sa.ending || sa.destroyed) continue;
    const children = [...sa.children.values()];
    const closing = children.filter((child) => gone.has(child.config.name));
    const oldIke = !comparison.fitsIke(sa.connection);
    const restarts =
      !oldIke && closing.length > 0 && closing.every(({ config }) => restarted(gone, config.name));
    const closes = gone.size > 0 && closing.length === children.length && !restarts;
    fates.push({
      sa,
      closes,
      closing,
      oldIke: oldIke && !closes,
      oldChildren: children.filter(
        (child) => !closing.includes(child) && !comparison.fitsChild(child.config),
      ),
    });
  }
  return fates;
}

const NOBODY: readonly SaFate[] = [];
const NO_CHILDREN: ReadonlyMap<string, ChildConfig> = new Map();

function restarted(gone: ReadonlyMap<string, ChildConfig | undefined>, name: string): boolean {
  const now = gone.get(name);
  return now !== undefined && isStarted(now);
}

/** Whether SAs fit the configuration. Thousands of them share a few configurations, each of which is compared once. */
class Comparison {
  readonly #now: ConnectionConfig | undefined;
  readonly #ike = new Map<ConnectionConfig, boolean>();
  readonly #children = new Map<ChildConfig, boolean>();

  constructor(now: ConnectionConfig | undefined) {
    this.#now = now;
  }

  fitsIke(config: ConnectionConfig | undefined): boolean {
    const now = this.#now;
    if (now === undefined || config === undefined) return false;
    return once(this.#ike, config, () => sameIkePart(config, now));
  }

  fitsChild(config: ChildConfig): boolean {
    const now = this.#now?.children.get(config.name);
    if (now === undefined) return false;
    return once(this.#children, config, () => childKeys(config, now).length === 0);
  }
}

function once<K>(known: Map<K, boolean>, key: K, find: () => boolean): boolean {
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = find();
  known.set(key, found);
  return found;
}

/** The SAs that a change closes, and those that go on under old settings. */
export function affected(fates: readonly SaFate[]): {
  readonly closed: AffectedSas;
  readonly kept: AffectedSas;
} {
  if (fates.length === 0) return UNAFFECTED;
  return {
    closed: named(
      fates.filter(({ closes, closing }) => closes || closing.length > 0),
      ({ closes, closing }) => ({ ike: closes, children: closing }),
    ),
    kept: named(
      fates.filter(({ oldIke, oldChildren }) => oldIke || oldChildren.length > 0),
      ({ oldIke, oldChildren }) => ({ ike: oldIke, children: oldChildren }),
    ),
  };
}

const UNAFFECTED = { closed: NO_SAS, kept: NO_SAS };

function named(
  fates: readonly SaFate[],
  of: (fate: SaFate) => { readonly ike: boolean; readonly children: readonly ChildSa[] },
): AffectedSas {
  const some = fates.slice(0, MAX_NAMED).map((fate) => {
    const { ike, children } = of(fate);
    const { name, uniqueId } = fate.sa.tag;
    return {
      name,
      uniqueId,
      ike,
      children: children.map(({ config, terms }) => ({
        name: config.name,
        uniqueId: terms.uniqueId,
      })),
    };
  });
  return { total: fates.length, some };
}
