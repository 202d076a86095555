import type { StateJournal } from '../contracts/journal.ts';

/** A journal that lives as long as its object: for kernels that forget with the process, and for tests. */
export class MemoryJournal implements StateJournal {
  readonly #records = new Set<string>();

  recorded(): readonly string[] {
    return [...this.#records];
  }

  add(record: string): void {
    this.#records.add(record);
  }

  remove(record: string): void {
    this.#records.delete(record);
  }

  clear(): void {
    this.#records.clear();
  }

  [Symbol.dispose](): void {}
}
