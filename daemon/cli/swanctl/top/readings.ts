import { findSection, type Tree } from '../../../config/tree.ts';
import { Fields } from '../fields.ts';
import {
  addTraffic,
  type ChildRow,
  type IkeRow,
  NO_TRAFFIC,
  perSecond,
  type Traffic,
} from './sa-rows.ts';

/** What one reading of all SAs gives. */
export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly running: string;
  readonly halfOpen: number;
  readonly sas: readonly IkeRow[];
  /** Traffic per second by the number of the CHILD_SA; empty with the first reading. */
  readonly rates: ReadonlyMap<number, Traffic>;
  readonly total: Traffic;
  readonly children: number;
}

/** Puts a reading together; rates are what flowed since `before`. */
export function reading(
  at: number,
  stats: Tree,
  sas: readonly IkeRow[],
  before: Reading | undefined,
): Reading {
  const seconds = before === undefined ? 0 : (at - before.at) / 1000;
  const known = new Map(before && childrenOf(before.sas).map((child) => [child.id, child.total]));
  const rates = new Map<number, Traffic>();
  let total = NO_TRAFFIC;
  const children = childrenOf(sas);
  for (const { id, age, total: now } of seconds > 0 ? children : []) {
    // One that was installed meanwhile, by rekeying for example, counts from nothing.
    const then = known.get(id) ?? (age <= seconds + 1 ? NO_TRAFFIC : now);
    const rate = perSecond(then, now, seconds);
    rates.set(id, rate);
    total = addTraffic(total, rate);
  }
  const uptime = new Fields(findSection(stats, 'uptime') ?? []);
  const ikesas = new Fields(findSection(stats, 'ikesas') ?? []);
  return {
    at,
    running: uptime.maybe('running') ?? '',
    halfOpen: ikesas.number('half-open'),
    sas,
    rates,
    total,
    children: children.length,
  };
}

/** The traffic of an IKE_SA: of all its children. */
export function rateOf({ children }: IkeRow, rates: Reading['rates']): Traffic {
  return children.reduce((sum, { id }) => addTraffic(sum, rates.get(id) ?? NO_TRAFFIC), NO_TRAFFIC);
}

function childrenOf(sas: readonly IkeRow[]): readonly ChildRow[] {
  return sas.flatMap((sa) => sa.children);
}
