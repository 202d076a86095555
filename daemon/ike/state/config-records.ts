import { utf8 } from '../../util/bytes.ts';
import { type RecordKind, recordKey } from './record-keys.ts';
import type { Shape } from './shape.ts';

interface Entry {
  readonly key: string;
  uses: number;
}

/** Configurations, which are immutable and shared: each is written once, however many SAs run under it. */
export class ConfigRecords {
  readonly #change: (key: string, value: Uint8Array | undefined) => void;
  readonly #entries = new Map<object, Entry>();
  #next: number;

  /** The first record gets the number `next`. */
  constructor(change: (key: string, value: Uint8Array | undefined) => void, next: number) {
    this.#change = change;
    this.#next = next;
  }

  /** The name of the record of a configuration in use. */
  keyOf(config: object | undefined): string | undefined {
    return config && this.#entries.get(config)?.key;
  }

  /** One user has `after` now instead of `before`; returns `after`. */
  exchange<T extends object>(
    before: T | undefined,
    after: T | undefined,
    kind: RecordKind,
    shape: Shape<T>,
  ): T | undefined {
    if (before === after) return after;
    if (after !== undefined) this.#use(after, kind, shape);
    if (before !== undefined) this.#release(before);
    return after;
  }

  #use<T extends object>(config: T, kind: RecordKind, shape: Shape<T>): void {
    const entry = this.#entries.get(config);
    if (entry !== undefined) {
      entry.uses += 1;
      return;
    }
    const key = recordKey(kind, this.#next++);
    this.#entries.set(config, { key, uses: 1 });
    this.#change(key, utf8(JSON.stringify(shape.write(config))));
  }

  #release(config: object): void {
    const entry = this.#entries.get(config);
    if (entry === undefined) return;
    entry.uses -= 1;
    if (entry.uses > 0) return;
    this.#entries.delete(config);
    this.#change(entry.key, undefined);
  }
}
