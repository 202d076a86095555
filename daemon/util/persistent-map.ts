const SHARDS = 128;

/**
 * A map of texts that never changes: `with` and `without` give another one that shares all but one shard with it. Whoever holds one
 * has a snapshot, for nothing; a change costs a copy of the 128th part.
 */
export class PersistentMap<V> {
  readonly #shards: readonly (ReadonlyMap<string, V> | undefined)[];
  readonly size: number;

  private constructor(shards: readonly (ReadonlyMap<string, V> | undefined)[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>([], 0);
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  with(key: string, value: V): PersistentMap<V> {
    const at = shardOf(key);
    const shard = new Map(this.#shards[at]);
    const before = shard.size;
    shard.set(key, value);
    return this.#replaced(at, shard, shard.size - before);
  }

  without(key: string): PersistentMap<V> {
    const at = shardOf(key);
    const shard = new Map(this.#shards[at]);
    return shard.delete(key) ? this.#replaced(at, shard, -1) : this;
  }

  /** All values, in no order that means anything. */
  *values(): IterableIterator<V> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values();
  }

  #replaced(at: number, shard: ReadonlyMap<string, V>, growth: number): PersistentMap<V> {
    const shards = Array.from({ length: SHARDS }, (_, i) => this.#shards[i]);
    shards[at] = shard.size === 0 ? undefined : shard;
    return new PersistentMap(shards, this.size + growth);
  }
}

/** FNV-1a over the text. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 8) % SHARDS;
}
