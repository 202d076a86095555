import { sameRange } from '../proto/address-range.ts';
import { deepEqual } from '../util/deep-equal.ts';
import type { PoolConfig } from './pool.ts';
import { attributeKey } from './pool-attributes.ts';

/** How something that is loaded by name differs from what was loaded before. */
export interface ItemDiff {
  /** `updated` leaves what is in use as it is. */
  readonly outcome: 'added' | 'updated' | 'replaced' | 'unchanged';
  /** Keys of swanctl.conf with another value; empty if it is new. */
  readonly keys: readonly string[];
}

/** Compares a pool with the one that it is to replace: with the same range it keeps its leases. */
export function diffPool(before: PoolConfig | undefined, after: PoolConfig): ItemDiff {
  if (before === undefined) return { outcome: 'added', keys: [] };
  const attributes = attributeKeys(before, after);
  if (!sameRange(before.range, after.range))
    return { outcome: 'replaced', keys: ['addrs', ...attributes] };
  return { outcome: attributes.length === 0 ? 'unchanged' : 'updated', keys: attributes };
}

function attributeKeys(before: PoolConfig, after: PoolConfig): readonly string[] {
  if (deepEqual(before.attributes, after.attributes)) return [];
  const types = new Set([...before.attributes, ...after.attributes].map(({ type }) => type));
  const differing = [...types].filter((type) => {
    const of = ({ attributes }: PoolConfig) => attributes.filter((one) => one.type === type);
    return !deepEqual(of(before), of(after));
  });
  // If none does, the order is another one.
  return [...new Set((differing.length > 0 ? differing : [...types]).map(attributeKey))];
}
