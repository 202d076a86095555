/**
 * Values remembered by a text, the least recently asked for forgotten first: between `limit` and twice as many are kept. Remembering and
 * forgetting take the same short time however many there are.
 */
export class Recent<V> {
  readonly #limit: number;
  #young = new Map<string, V>();
  #old: ReadonlyMap<string, V> = new Map();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(text: string): V | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(text, old);
    return old;
  }

  set(text: string, value: V): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}
